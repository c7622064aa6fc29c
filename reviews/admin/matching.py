"""Reviews whose product the catalogue did not know: the queue, and matching them by hand."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from funnel_site.lib.marking import marked
from funnel_site.lib.staff import action
from reviews.models import CatalogueProduct, Review
from reviews.services.catalogue import (
    current_catalogue,
    leave_unlisted,
    match_reviews,
    product_named,
)

ALIKE = 40
"""Percent of likeness from which a product is worth suggesting to staff."""
MOST_SUGGESTED = 8
WAITING = Q(product=None, is_unlisted=False)


class CatalogueFilter(admin.SimpleListFilter):
    """Where a review stands with the catalogue."""

    title = _("catalogue")
    parameter_name = "catalogue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("waiting", _("To be matched")),
            ("matched", _("Matched")),
            ("unlisted", _("Not in the catalogue")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        match self.value():
            case "waiting":
                return queryset.filter(WAITING)
            case "matched":
                return queryset.exclude(product=None)
            case "unlisted":
                return queryset.filter(is_unlisted=True)
        return queryset


class MatchForm(forms.Form):
    """Which product the reviews are about: one of those that are alike, or another by its name."""

    product = forms.ChoiceField(label=_("Product"), required=False, widget=forms.RadioSelect)
    named = forms.CharField(
        label=_("Another product"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("Its name, or one of its other names"),
    )
    remember = forms.BooleanField(
        label=_("These words mean this product from now on"),
        required=False,
        help_text=_("Reviews that wait with the same words are matched too"),
    )

    def __init__(self, *args: Any, suggested: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["product"]
        field.choices = [(str(key), name) for key, name in suggested]
        if not suggested:
            del self.fields["product"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("named"):
            cleaned["chosen"] = self._named(cleaned["named"])
        elif cleaned.get("product"):
            cleaned["chosen"] = CatalogueProduct.objects.filter(pk=cleaned["product"]).first()
        if not cleaned.get("chosen") and not self.errors:
            raise ValidationError(_("Choose a product, or name one."))
        return cleaned

    def _named(self, text: str) -> CatalogueProduct | None:
        try:
            return product_named(text)
        except ValidationError as error:
            self.add_error("named", error)
            return None


class MatchingMixin:
    """The actions of the review list that settle which products reviews are about."""

    admin_site: Any
    opts: Any

    def waiting_view(self, request: HttpRequest) -> HttpResponse:
        """The queue has an address of its own, for the sidebar. Without a catalogue it says so."""
        if not current_catalogue():
            self.message_user(  # type: ignore[attr-defined]
                request,
                gettext(
                    "There is no catalogue yet, so nothing can be matched. Add products under Catalogue products, or import a list of them."
                ),
            )
            may_see = request.user.has_perm("reviews.view_catalogueproduct")
            return redirect(
                "admin:reviews_catalogueproduct_changelist"
                if may_see
                else "admin:reviews_review_changelist"
            )
        return redirect(f"{reverse('admin:reviews_review_changelist')}?catalogue=waiting")

    @action(description=_("Match to a product…"), permissions=["moderate"])
    def match_to_product(
        self, request: HttpRequest, queryset: QuerySet[Review]
    ) -> HttpResponse | None:
        """Show what was typed and what is alike; then match."""
        chosen: list[int] = self._chosen(request, queryset)  # type: ignore[attr-defined]
        if not chosen:
            return None
        return self._match_page(request, chosen)

    def match_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The same for one review, from its page."""
        if not self.has_moderate_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if not Review.objects.filter(pk=key).exists():
            return redirect("admin:reviews_review_changelist")
        back = redirect("admin:reviews_review_change", key)
        return self._match_page(request, [key]) or back

    def _match_page(self, request: HttpRequest, chosen: list[int]) -> HttpResponse | None:
        typed = typed_names(chosen)
        form = MatchForm(
            request.POST if "match" in request.POST else None, suggested=suggestions(typed)
        )
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Match to a product"),
                "form": form,
                "chosen": chosen,
                "typed": typed,
                "number": len(chosen),
                "is_empty": not current_catalogue(),
            }
            return TemplateResponse(request, "admin/reviews/review/match.html", context)
        product, remember = form.cleaned_data["chosen"], form.cleaned_data["remember"]
        number = match_reviews(reviews=chosen, product=product, remember=remember)
        self._log(request, chosen, marked("Matched to %(product)s", product=product))  # type: ignore[attr-defined]
        words = ngettext(
            "%(number)d review is about %(product)s now.",
            "%(number)d reviews are about %(product)s now.",
            number,
        )
        self.message_user(request, words % {"number": number, "product": product})  # type: ignore[attr-defined]
        return None

    @action(description=_("Not in the catalogue"), permissions=["moderate"])
    def not_in_catalogue(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        chosen: list[int] = self._chosen(request, queryset)  # type: ignore[attr-defined]
        number = leave_unlisted(reviews=chosen)
        self._log(request, chosen, marked("Not in the catalogue"))  # type: ignore[attr-defined]
        words = ngettext("%d review no longer waits.", "%d reviews no longer wait.", number)
        self.message_user(request, words % number)  # type: ignore[attr-defined]


def typed_names(reviews: list[int]) -> list[str]:
    """What these reviews' customers typed, each once."""
    names = Review.objects.filter(pk__in=reviews).order_by("product_name")
    return list(names.values_list("product_name", flat=True).distinct())


def suggestions(typed: list[str]) -> list[tuple[int, str]]:
    """Products that are alike to any of the first names, the most alike first."""
    catalogue = current_catalogue()
    if not catalogue:
        return []
    found = {}
    for name in typed[:3]:
        for offer in catalogue.nearest(name, at_least=ALIKE, most=MOST_SUGGESTED):
            found[offer.key] = offer.name
    return list(found.items())[:MOST_SUGGESTED]
