"""Reviews: the list to look through, and the page of one with the conversation it came from."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from import_export.admin import ExportActionModelAdmin, ImportExportModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.widgets import UnfoldAdminSelectWidget

from conversations.composer import composer_of, posted_answer
from conversations.delivery_words import delivery_of
from conversations.selectors import sees_room, with_delivery
from funnel_site.lib.filters import RecentValuesFilter
from funnel_site.lib.staff import OwnPageMixin, StaffAdmin, action, display
from reviews.models import Review
from reviews.resources import ReviewResource
from reviews.selectors import review_conversation
from reviews.services.moderation import hide_reviews, note_answer, publish_reviews

REASONS = (
    "Advertising",
    "Insulting",
    "Names a person, a number or an address",
    "Not about the product",
    "The customer asked for it",
    "Written by ourselves",
    "Another reason",
)

MOST_AT_ONCE = 1_000


class HideForm(forms.Form):
    """Why a review is hidden: one reason of a list, so that they can be counted."""

    because = forms.ChoiceField(
        label="Reason",
        choices=[(reason, reason) for reason in REASONS],
        widget=UnfoldAdminSelectWidget,
    )


@admin.register(Review)
class ReviewAdmin(OwnPageMixin, ImportExportModelAdmin, ExportActionModelAdmin, StaffAdmin):
    resource_classes = [ReviewResource]
    list_display = (
        "created_at",
        "shown_product",
        "user_name",
        "snippet",
        "stars",
        "shown_moderation",
        "shown_status",
        "is_answered",
    )
    list_display_links = ("created_at", "shown_product")
    list_filter = (
        "moderation",
        ("rating", RecentValuesFilter),
        ("status", RecentValuesFilter),
        ("created_at", RangeDateTimeFilter),
        "line",
        "is_latest",
        ("answer", admin.EmptyFieldListFilter),
    )
    search_fields = ("product_name", "product_review", "user_name")
    search_help_text = "Words, product, name, or phone number in any format"
    phone_path = "contact_number"
    ordering = ("-created_at", "-id")
    actions = ("publish", "hide")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reviews.add_review")

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reviews.change_review")

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/moderate/", wrap(self.moderate_view), name="reviews_review_moderate"),
            path("<int:key>/answer/", wrap(self.answer_view), name="reviews_review_answer"),
            *super().get_urls(),
        ]

    @action(description="Publish selected reviews", permissions=["moderate"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        chosen = self._chosen(request, queryset)
        if not chosen:
            return
        number = publish_reviews(reviews=chosen, user=request.user)
        self._log(request, chosen, "Published")
        self.message_user(request, f"Published {number} of {len(chosen)}; the others were already.")

    @action(description="Hide selected reviews…", permissions=["moderate"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        """Ask for the reason first, then hide."""
        chosen = self._chosen(request, queryset)
        if not chosen:
            return None
        form = HideForm(request.POST if "because" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": f"Hide {len(chosen)} reviews",
                "form": form,
                "chosen": chosen,
                "number": len(chosen),
            }
            return TemplateResponse(request, "admin/reviews/review/hide.html", context)
        number = hide_reviews(
            reviews=chosen, because=form.cleaned_data["because"], user=request.user
        )
        self._log(request, chosen, f"Hidden: {form.cleaned_data['because']}")
        self.message_user(request, f"Hid {number} of {len(chosen)}; the others were already.")
        return None

    def _log(self, request: HttpRequest, reviews: list[int], words: str) -> None:
        for review in Review.objects.filter(pk__in=reviews):
            self.log_change(request, review, words)

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Review]) -> list[int]:
        """The keys of the picked reviews; none, and a word about it, where they are too many."""
        chosen = list(queryset.values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(chosen) <= MOST_AT_ONCE:
            return chosen
        self.message_user(request, f"At most {MOST_AT_ONCE} at once: filter first.", level="ERROR")
        return []

    def own_page(self, request: HttpRequest, row: Review) -> HttpResponse:
        """What the customer wrote, what staff decided, and the conversation around it."""
        return self._page(request, row, HideForm())

    def _page(
        self, request: HttpRequest, review: Review, form: HideForm, answer: Any = None
    ) -> HttpResponse:
        room, messages = review_conversation(review)
        if room is not None and not sees_room(request.user, room):
            room, messages = None, []
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": review,
            "title": f"Review of {review.product_name[:80]}",
            "review": review,
            "delivery": delivery_of(review.status),
            "stars": _stars(review.rating),
            "form": form,
            "may_moderate": self.has_moderate_permission(request),
            "room": room,
            "transcript": with_delivery(messages),
            "answering": room
            and composer_of(
                room,
                request.user,
                url=reverse("admin:reviews_review_answer", args=[review.pk]),
                form=answer,
            ),
            "others": Review.objects.filter(customer=review.customer)
            .exclude(pk=review.pk)
            .exclude(customer=None)
            .order_by("-created_at")[:10],
        }
        return TemplateResponse(request, "admin/reviews/review/review.html", context)

    def moderate_view(self, request: HttpRequest, key: int) -> HttpResponse:
        review = self.get_object(request, str(key))
        if review is None or request.method != "POST" or not self.has_moderate_permission(request):
            raise PermissionDenied
        if "publish" in request.POST:
            publish_reviews(reviews=[key], user=request.user)
            self.log_change(request, review, "Published")
            self.message_user(request, "Published.")
            return redirect("admin:reviews_review_change", key)
        form = HideForm(request.POST)
        if not form.is_valid():
            return self._page(request, review, form)
        hide_reviews(reviews=[key], because=form.cleaned_data["because"], user=request.user)
        self.log_change(request, review, f"Hidden: {form.cleaned_data['because']}")
        self.message_user(request, "Hidden. The list of reviews no longer shows it.")
        return redirect("admin:reviews_review_change", key)

    def answer_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Send an answer as a WhatsApp message, and keep it beside the review."""
        review = self.get_object(request, str(key))
        room, _ = review_conversation(review) if review else (None, [])
        if review is None or room is None or request.method != "POST":
            raise PermissionDenied
        if not sees_room(request.user, room):
            raise PermissionDenied
        outcome = posted_answer(request, room)
        if outcome.message is None:
            return self._page(request, review, HideForm(), outcome.form)
        note_answer(review=key, text=outcome.message.body, user=request.user)
        self.log_change(request, review, "Answered")
        self.message_user(request, "The answer is on its way.")
        return redirect("admin:reviews_review_change", key)

    @display(description="Product", ordering="product_name")
    def shown_product(self, review: Review) -> str:
        return review.product_name[:60]

    @display(description="Review")
    def snippet(self, review: Review) -> str:
        text = review.product_review
        return text if len(text) <= 80 else f"{text[:79]}…"

    @display(description="Stars", ordering="rating")
    def stars(self, review: Review) -> str:
        return _stars(review.rating)

    @display(
        description="Shown",
        ordering="moderation",
        label={"To be looked at": "warning", "Published": "success", "Hidden": "danger"},
    )
    def shown_moderation(self, review: Review) -> str:
        return review.get_moderation_display()

    @display(description="Thanks", ordering="status")
    def shown_status(self, review: Review) -> str:
        """Delivery of the bot's thanks."""
        delivery = delivery_of(review.status)
        if delivery is None:
            return "Pending"
        return format_html(
            '<span class="fs-delivery fs-delivery-{}"><span class="material-symbols-outlined" aria-hidden="true">{}</span> {}</span>',
            delivery.tone,
            delivery.icon,
            delivery.words,
        )

    @display(description="Answered")
    def is_answered(self, review: Review) -> str:
        return "Yes" if review.answer else "–"


def _stars(rating: int | None) -> str:
    return "★" * rating + "☆" * (5 - rating) if rating else "–"
