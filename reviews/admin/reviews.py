"""Reviews: the list to look through, and the page of one with the conversation it came from."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter

from conversations.composer import composer_of, posted_answer
from conversations.delivery_words import delivery_of
from conversations.selectors import sees_room, with_delivery
from funnel_site.lib.deleting import DeletionMixin
from funnel_site.lib.filters import RecentValuesFilter
from funnel_site.lib.importing import ImportList
from funnel_site.lib.marking import marked
from funnel_site.lib.staff import OwnPageMixin, StaffAdmin, action, display
from funnel_site.lib.text import normalise
from funnel_site.lib.words import translated
from reviews.admin.judging import HIDE, REJECT, HideForm, NoteForm, Refusal
from reviews.admin.matching import CatalogueFilter, MatchingMixin
from reviews.models import Review
from reviews.provenance import WORDS, provenance_of
from reviews.resources import ReviewResource
from reviews.selectors import review_conversation
from reviews.services.catalogue import current_catalogue
from reviews.services.erasing import erase_review
from reviews.services.moderation import (
    hide_reviews,
    look_again,
    note_answer,
    publish_reviews,
    reject_reviews,
)

MOST_AT_ONCE = 1_000


@admin.register(Review)
class ReviewAdmin(MatchingMixin, DeletionMixin, OwnPageMixin, ImportList, StaffAdmin):
    deletion_words = _(
        "The words, the writer's name and number and our answer go, and the review is shown nowhere. The product, the stars and the day stay, without a person, so that figures keep their counts. The customer's messages stay in their room: a data request erases those."
    )
    resource_classes = [ReviewResource]
    list_display = (
        "created_at",
        "shown_product",
        "user_name",
        "snippet",
        "stars",
        "shown_origin",
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
        CatalogueFilter,
        ("answer", admin.EmptyFieldListFilter),
    )
    search_fields = ("product_name", "product_review", "user_name")
    search_help_text = _("Words, product, name, or phone number in any format")
    phone_path = "contact_number"
    ordering = ("-created_at", "-id")
    actions = ("publish", "hide", "reject", "flag", "match_to_product", "not_in_catalogue")
    list_select_related = ("product",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The page's rows with where each comes from, found for all of them at once."""
        page = super().get_changelist_instance(request)
        found = provenance_of(page.result_list)
        for review in page.result_list:
            review.provenance = found[review.pk]
        return page

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reviews.add_review")

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reviews.change_review")

    def has_hide_permission(self, request: HttpRequest) -> bool:
        may_hide = request.user.has_perm("reviews.hide_review")
        return may_hide or self.has_moderate_permission(request)

    def forget(self, request: HttpRequest, row: Review, because: str) -> None:
        erase_review(review=row.pk, because=because, user=request.user)
        row.refresh_from_db()

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/moderate/", wrap(self.moderate_view), name="reviews_review_moderate"),
            path("waiting/", wrap(self.waiting_view), name="reviews_review_waiting"),
            path("<int:key>/match/", wrap(self.match_view), name="reviews_review_match"),
            path("<int:key>/note/", wrap(self.note_view), name="reviews_review_note"),
            path("<int:key>/answer/", wrap(self.answer_view), name="reviews_review_answer"),
            *super().get_urls(),
        ]

    @action(description=_("Publish selected reviews"), permissions=["moderate"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        chosen = self._chosen(request, queryset)
        if not chosen:
            return
        changed = publish_reviews(reviews=chosen, user=request.user)
        self._log(request, changed, marked("Published"))
        self.message_user(
            request,
            gettext("Published %(number)s of %(all)s; the others were already.")
            % {"number": len(changed), "all": len(chosen)},
        )

    @action(description=_("Hide selected reviews…"), permissions=["hide"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        """Ask for the reason first, then hide."""
        return self._refuse(request, queryset, HIDE)

    @action(description=_("Reject selected reviews…"), permissions=["moderate"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        return self._refuse(request, queryset, REJECT)

    def _refuse(
        self, request: HttpRequest, queryset: QuerySet[Review], way: Refusal
    ) -> HttpResponse | None:
        chosen = self._chosen(request, queryset)
        if not chosen:
            return None
        form = HideForm(request.POST if "because" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": way.title % {"number": len(chosen)},
                "form": form,
                "chosen": chosen,
                "number": len(chosen),
                "way": way,
            }
            return TemplateResponse(request, "admin/reviews/review/hide.html", context)
        because = form.cleaned_data["because"]
        changed = self._refused(request, way, chosen, because)
        self._log(request, changed, marked(way.done, why=because))
        self.message_user(request, way.outcome % {"number": len(changed), "all": len(chosen)})
        return None

    @action(description=_("Look at selected reviews again"), permissions=["moderate"])
    def flag(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        """A new case of each: they wait for a decision as if they had just come in."""
        changed = look_again(reviews=self._chosen(request, queryset), user=request.user)
        self._log(request, changed, marked("To be looked at again"))
        words = ngettext("%d review waits again.", "%d reviews wait again.", len(changed))
        self.message_user(request, words % len(changed))

    def _refused(
        self, request: HttpRequest, way: Refusal, reviews: list[int], because: str
    ) -> list[int]:
        """Hide or reject; whoever may not show a review again leaves those alone that leads refused."""
        if way is REJECT:
            return reject_reviews(reviews=reviews, because=because, user=request.user)
        is_lead = self.has_moderate_permission(request)
        return hide_reviews(reviews=reviews, because=because, user=request.user, is_lead=is_lead)

    def _log(self, request: HttpRequest, reviews: list[int], words: str) -> None:
        for review in Review.objects.filter(pk__in=reviews):
            self.log_change(request, review, words)

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Review]) -> list[int]:
        """The keys of the picked reviews; none, and a word about it, where they are too many."""
        chosen = list(queryset.values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(chosen) <= MOST_AT_ONCE:
            return chosen
        self.message_user(
            request,
            gettext("At most %(most)s at once: filter first.") % {"most": MOST_AT_ONCE},
            level="ERROR",
        )
        return []

    def own_page(self, request: HttpRequest, row: Review) -> HttpResponse:
        """What the customer wrote, what staff decided, and the conversation around it."""
        return self._page(request, row, HideForm())

    def _page(
        self,
        request: HttpRequest,
        review: Review,
        form: HideForm,
        answer: Any = None,
        note: NoteForm | None = None,
    ) -> HttpResponse:
        provenance = provenance_of([review])[review.pk]
        room, messages = review_conversation(review)
        if room is not None and not sees_room(request.user, room):
            room, messages = None, []
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": review,
            "title": gettext("Review of %(product_name)s")
            % {"product_name": review.product_name[:80]},
            "review": review,
            "delivery": delivery_of(review.status),
            "stars": _stars(review.rating),
            "form": form,
            "note": note or NoteForm(initial={"text": review.answer}),
            "events": review.moderation_events.select_related("by"),
            "provenance": provenance,
            "origin": WORDS[provenance.origin],
            "may_moderate": self.has_moderate_permission(request),
            "has_catalogue": bool(current_catalogue()),
            "may_hide": self.has_hide_permission(request),
            "may_forget": self.may_forget(request),
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
        is_hiding = not request.POST.keys() & {"publish", "again", "reject"}
        may = self.has_hide_permission if is_hiding else self.has_moderate_permission
        if review is None or request.method != "POST" or not may(request):
            raise PermissionDenied
        if "publish" in request.POST:
            self._log(
                request, publish_reviews(reviews=[key], user=request.user), marked("Published")
            )
            self.message_user(request, gettext("Published."))
            return redirect("admin:reviews_review_change", key)
        if "again" in request.POST:
            again = look_again(reviews=[key], user=request.user)
            self._log(request, again, marked("To be looked at again"))
            self.message_user(request, _("It waits for a decision again."))
            return redirect("admin:reviews_review_change", key)
        form = HideForm(request.POST)
        if not form.is_valid():
            return self._page(request, review, form)
        way = REJECT if "reject" in request.POST else HIDE
        because = form.cleaned_data["because"]
        changed = self._refused(request, way, [key], because)
        self._log(request, changed, marked(way.done, why=because))
        self.message_user(request, gettext("Done. The list of reviews no longer shows it."))
        return redirect("admin:reviews_review_change", key)

    def note_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Keep a public answer beside the review, without a message to the customer."""
        review = self.get_object(request, str(key))
        if review is None or request.method != "POST" or not self.has_moderate_permission(request):
            raise PermissionDenied
        form = NoteForm(request.POST)
        if not form.is_valid():
            return self._page(request, review, HideForm(), note=form)
        note_answer(review=key, text=form.cleaned_data["text"], user=request.user)
        self.log_change(request, review, marked("Answered publicly"))
        self.message_user(request, gettext("The answer stands beside the review."))
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
        if outcome.message.body:
            note_answer(review=key, text=outcome.message.body, user=request.user)
        self.log_change(request, review, marked("Answered"))
        self.message_user(request, gettext("The answer is on its way."))
        return redirect("admin:reviews_review_change", key)

    @display(description=_("Product"), ordering="product_name")
    def shown_product(self, review: Review) -> str:
        """As it was typed, with what it is in the catalogue where that is called otherwise."""
        typed = review.product_name[:60]
        known = review.product.name[:60] if review.product else typed
        return typed if normalise(known) == normalise(typed) else f"{typed} → {known}"

    @display(description=_("Review"))
    def snippet(self, review: Review) -> str:
        text = review.product_review
        return text if len(text) <= 80 else f"{text[:79]}…"

    @display(description=_("Stars"), ordering="rating")
    def stars(self, review: Review) -> str:
        return _stars(review.rating)

    @display(description=_("Origin"))
    def shown_origin(self, review: Any) -> str:
        return str(WORDS[review.provenance.origin])

    @display(
        description=_("Shown"),
        ordering="moderation",
        label={
            "To be looked at": "warning",
            "Published": "success",
            "Hidden": "danger",
            "Rejected": "danger",
        },
    )
    def shown_moderation(self, review: Review) -> str:
        return review.get_moderation_display()

    @display(description=_("Thanks"), ordering="status")
    def shown_status(self, review: Review) -> str:
        """Delivery of the bot's thanks."""
        delivery = delivery_of(review.status)
        if delivery is None:
            return gettext("Pending")
        return format_html(
            '<span class="fs-delivery fs-delivery-{}"><span class="material-symbols-outlined" aria-hidden="true">{}</span> {}</span>',
            delivery.tone,
            delivery.icon,
            translated(delivery.words),
        )

    @display(description=_("Answered"))
    def is_answered(self, review: Review) -> str:
        return gettext("Yes") if review.answer else "–"


def _stars(rating: int | None) -> str:
    return "★" * rating + "☆" * (5 - rating) if rating else "–"
