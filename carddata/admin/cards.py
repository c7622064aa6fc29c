"""Where is this customer's card? Found by card or phone, with the way it came."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter

from carddata.answers import stale_since
from carddata.card_ids import CardIdError, read_card_id
from carddata.conflicts import find_conflict
from carddata.models import CardAccess, CardEvent, CardStatus, PartnerFile
from carddata.resources import CardStatusResource
from carddata.selectors import (
    as_card,
    card_history,
    find_status,
    phone_filter,
    stale_cards,
    with_phone_tail,
)
from carddata.services.lookups import Caller, note_access, note_cards, note_refusal
from carddata.wording import age_in_words, sentences
from funnel_site.access.throttling import count_call
from funnel_site.lib.masking import is_masked, shown_phone
from funnel_site.lib.phone import PhoneError
from funnel_site.lib.staff import RecordAdmin, display
from funnel_site.lib.words import translated

HISTORY_SHOWN = 200
SHORTEST_START = 3
CONFLICTS = {
    "same_instant": _(
        "Two partners say different things of the very same time. The later step of a "
        "card's way counts; look at both below."
    ),
    "moved_after_end": _(
        "It is said to have set out again after it had arrived or come back. A wrong "
        "date in the file is likelier: look at the steps below."
    ),
}


def caller_of(request: HttpRequest) -> Caller:
    """The member of staff, for the access log."""
    user: Any = request.user
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    return Caller(user_id=user.pk, who=user.get_username(), request_id=str(request_id))


class StaleFilter(admin.SimpleListFilter):
    """Cards that are on their way and of which nothing was heard for long."""

    title = "news"
    parameter_name = "stale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", gettext("No news for %(limit)s days") % {"limit": settings.CARD_STALE_DAYS})]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[CardStatus]
    ) -> QuerySet[CardStatus]:
        return stale_cards(queryset, at=now()) if self.value() == "1" else queryset


@admin.register(CardStatus)
class CardStatusAdmin(RecordAdmin):
    resource_classes = [CardStatusResource]
    list_display = (
        "card_id",
        "shown_status",
        "age",
        "occurred_at",
        "phone",
        "comment",
        "partner",
    )
    list_filter = ("status", "partner", StaleFilter, ("occurred_at", RangeDateTimeFilter))
    search_fields = ("card_id",)
    search_help_text = _("Card id or its beginning, or a whole phone number in any format")
    list_select_related = ("partner",)
    ordering = ("-occurred_at", "-id")
    list_before_template = "admin/carddata/cardstatus/found.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CardStatus], search_term: str
    ) -> tuple[QuerySet[CardStatus], bool]:
        """By the beginning of a card's id, or by a whole phone number; both by an index."""
        if not search_term.strip():
            return queryset, False
        wanted = Q(pk=None)
        try:
            card_id = read_card_id(search_term)
        except CardIdError:
            card_id = ""
        if card_id:
            is_start = len(card_id) >= SHORTEST_START
            wanted |= Q(card_id__startswith=card_id) if is_start else Q(card_id=card_id)
        try:
            if not is_masked():
                wanted |= phone_filter(search_term)
        except PhoneError:
            if not card_id:
                return queryset.none(), False
        return with_phone_tail(queryset).filter(wanted), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; a search is noted, and one that finds one card opens it."""
        term = request.GET.get("q", "").strip()
        context = {
            "has_cards": CardStatus.objects.exists(),
            "has_files": PartnerFile.objects.exists(),
            "term": term,
            **(extra_context or {}),
        }
        response: HttpResponse = super().changelist_view(request, context)
        shown = getattr(response, "context_data", None)
        if not shown or "cl" not in shown:
            return response
        rows = list(shown["cl"].result_list)
        caller = caller_of(request)
        if term and len(rows) == 1 and request.method == "GET":
            return redirect("admin:carddata_cardstatus_change", rows[0].pk)
        subject = f"…{term[-4:]}" if term[-4:].isdigit() else term
        note_access(caller, CardAccess.Kind.LIST, subject=_printable(subject), found=len(rows))
        note_cards(caller, CardAccess.Kind.LIST, rows)
        shown["found"] = len(rows)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One card: what to tell the customer, and the way it came."""
        card = find_status(object_id)
        if not self.has_view_permission(request, card):
            note_refusal(caller_of(request), CardAccess.Kind.PAGE, subject=_printable(object_id))
            return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]
        if card is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        if count_call(f"cards:user:{request.user.pk}") > settings.CARD_LOOKUPS_PER_MINUTE:
            self.message_user(
                request,
                gettext("More than %(limit)s cards in a minute: wait a little.")
                % {"limit": settings.CARD_LOOKUPS_PER_MINUTE},
                level="ERROR",
            )
            return redirect("admin:carddata_cardstatus_changelist")
        note_access(caller_of(request), CardAccess.Kind.PAGE, subject=card.card_id, found=1)
        context = {**self.admin_site.each_context(request), "opts": self.opts, **card_page(card)}
        return TemplateResponse(request, "admin/carddata/cardstatus/card.html", context)

    def note_export(self, request: HttpRequest, *, rows: int) -> None:
        note_access(caller_of(request), CardAccess.Kind.LIST, subject="export", found=rows)

    @display(description=_("Status"), ordering="status")
    def shown_status(self, card: CardStatus) -> str:
        return format_html(
            '<span class="fs-status fs-status-{}">{}</span>',
            card.status,
            card.get_status_display(),
        )

    @display(description=_("Phone"), ordering="contact")
    def phone(self, card: CardStatus) -> str:
        return shown_phone(card.contact)

    @display(description=_("Last news"), ordering="-occurred_at")
    def age(self, card: CardStatus) -> str:
        age = translated(age_in_words(now() - card.occurred_at))
        stale = stale_since(as_card(card), now=now(), days=settings.CARD_STALE_DAYS)
        if stale is None:
            return age
        return format_html('{} <span class="fs-doubt">· no news</span>', age)


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def card_page(card: CardStatus) -> dict[str, Any]:
    """What the page of one card shows, in two queries for the events and the files that repeat them."""
    events = list(card_history(card.card_id)[: HISTORY_SHOWN + 1])
    plain, moment = as_card(card), now()
    local = card.occurred_at.astimezone(ZoneInfo(plain.time_zone))
    english, indonesian = sentences(card_id=card.card_id, status=card.status, local=local)
    return {
        "original": card,
        "title": gettext("Card %(card_id)s") % {"card_id": card.card_id},
        "card": card,
        "local": local_text(card.occurred_at, plain.time_zone),
        "age": translated(age_in_words(moment - card.occurred_at)),
        "stale": stale_since(plain, now=moment, days=settings.CARD_STALE_DAYS),
        "conflict": CONFLICTS.get(find_conflict(events), ""),
        "english": english,
        "indonesian": indonesian,
        "steps": [step(event, moment) for event in events[:HISTORY_SHOWN]],
        "is_cut": len(events) > HISTORY_SHOWN,
    }


def step(event: CardEvent, moment: datetime) -> dict[str, Any]:
    """One step of the timeline."""
    zone = event.file.partner.time_zone
    return {
        "event": event,
        "local": local_text(event.occurred_at, zone),
        "age": translated(age_in_words(moment - event.occurred_at)),
        "others": list(event.sightings.all()),
    }


def local_text(moment: datetime, time_zone: str) -> str:
    """A partner's local time with the zone's name, as staff read it."""
    local = moment.astimezone(ZoneInfo(time_zone))
    return f"{local.day} {local:%b %Y, %H:%M} ({time_zone.rsplit('/', maxsplit=1)[-1]})"
