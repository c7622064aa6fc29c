"""A customer's one timeline: each kind by one bounded query, the newest first, ties by kind and key."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import F, Q, QuerySet
from django.utils.timezone import get_default_timezone, localtime, make_aware
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from carddata.models import PHONE_TAIL, CardEvent, CardStatus
from carddata.selectors import with_phone_tail
from conversations.models import Consent, CustomerIdentity, Message, Note
from conversations.selectors import of_rooms_open_to
from customer360.models import Purchase, ServiceInteraction
from funnel_site.lib.marking import marked
from funnel_site.lib.money import shown_amount
from funnel_site.lib.words import translated
from funnels.models import Funnel
from reviews.models import Review

PAGE = 30
MOST_CARDS = 50
SALT = "customer timeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. `has_time` is False where only the day is known."""

    at: datetime
    kind: str
    source: str
    key: int
    title: str
    text: str = ""
    icon: str = "circle"
    link: tuple[str, int] | None = None
    anchor: str = ""
    has_time: bool = True
    tone: str = ""
    author: int | None = None
    """Of a note: the key of who wrote it."""
    edited_at: datetime | None = None

    @property
    def day(self) -> date:
        """The day it stands under: of a moment in the viewer's zone, else the day itself."""
        return localtime(self.at, None if self.has_time else get_default_timezone()).date()

    @property
    def place(self) -> tuple[datetime, str, int]:
        """What the timeline is ordered by."""
        return self.at, self.source, self.key


Place = tuple[datetime, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Rows of one kind: the filter they are under, the right that shows them, their time, their words."""

    kind: str
    permission: str
    moment: str
    rows: Callable[[int], QuerySet[Any]]
    entry: Callable[[Any], dict[str, Any]]
    is_day: bool = False
    is_in_rooms: bool = False
    """Whether its rows are those of rooms, which not everybody may see."""


def _message(row: Message) -> dict[str, Any]:
    return {
        "title": row.get_sender_display(),
        "text": row.body
        or ngettext("%d attachment", "%d attachments", len(row.media)) % len(row.media),
        "icon": {"customer": "chat", "agent": "support_agent", "bot": "smart_toy"}[row.sender],
        "link": ("admin:conversations_room_change", row.room_id),
        "anchor": f"message-{row.pk}",
        "tone": row.sender,
    }


def _step(title: str) -> Callable[[Funnel], dict[str, Any]]:
    def entry(row: Funnel) -> dict[str, Any]:
        paid = title == "Transaction"
        return {
            "title": translated(title),
            "text": shown_amount(row.transaction_value, row.currency)
            if paid
            else row.shown_channel,
            "icon": "filter_alt",
            "link": ("admin:funnels_funnel_change", row.pk),
        }

    return entry


def _review(row: Review) -> dict[str, Any]:
    stars = f" {'★' * row.rating}" if row.rating else ""
    return {
        "title": gettext("Review of %(product_name)s%(stars)s")
        % {"product_name": row.product_name[:80], "stars": stars},
        "text": row.product_review,
        "icon": "reviews",
        "link": ("admin:reviews_review_change", row.pk),
    }


def _card(row: CardEvent) -> dict[str, Any]:
    return {
        "title": gettext("Card %(card_id)s: %(status)s")
        % {"card_id": row.card_id, "status": row.get_status_display()},
        "text": row.comment,
        "icon": "credit_card",
    }


def _purchase(row: Purchase) -> dict[str, Any]:
    verb = "Returned" if row.quantity < 0 or row.total_amount < 0 else "Bought"
    return {
        "title": f"{verb} {row.product}",
        "text": f"{row.quantity} × · {shown_amount(row.total_amount, row.currency)}",
        "icon": "shopping_cart",
        "link": ("admin:customer360_purchase_change", row.pk),
    }


def _case(row: ServiceInteraction) -> dict[str, Any]:
    score = f"satisfaction {row.satisfaction_score} of 10" if row.satisfaction_score else ""
    return {
        "title": gettext("Service case: %(interaction_type)s")
        % {"interaction_type": row.interaction_type},
        "text": ", ".join(filter(None, (row.resolution_status, score))),
        "icon": "headset_mic",
        "link": ("admin:customer360_serviceinteraction_change", row.pk),
    }


def _note(row: Note) -> dict[str, Any]:
    return {
        "title": gettext("Note by %(author)s") % {"author": row.author or gettext("somebody")},
        "text": row.body,
        "icon": "sticky_note_2",
        "tone": "note",
        "author": row.author_id,
        "edited_at": row.edited_at,
    }


def _consent(row: Consent) -> dict[str, Any]:
    who = row.noted_by or row.get_origin_display()
    return {"title": f"{row.words_of_change} ({who})", "text": row.words, "icon": "front_hand"}


def _of(model: Any) -> Callable[[int], QuerySet[Any]]:
    return lambda customer: model.objects.filter(customer=customer)


SOURCES: dict[str, Source] = {
    "message": Source(
        kind="message",
        permission="conversations.view_message",
        moment="sent_at",
        rows=_of(Message),
        entry=_message,
        is_in_rooms=True,
    ),
    "note": Source(
        kind="note",
        permission="conversations.view_note",
        moment="made_at",
        rows=lambda key: Note.objects.filter(customer=key).select_related("author"),
        entry=_note,
        is_in_rooms=True,
    ),
    "lead": Source(
        kind="funnel",
        permission="funnels.view_funnel",
        moment="leads_date",
        rows=_of(Funnel),
        entry=_step(marked("Lead")),
    ),
    "booking": Source(
        kind="funnel",
        permission="funnels.view_funnel",
        moment="booking_date",
        rows=lambda key: Funnel.objects.filter(customer=key, booking_date__isnull=False),
        entry=_step(marked("Booking for")),
    ),
    "transaction": Source(
        kind="funnel",
        permission="funnels.view_funnel",
        moment="transaction_date",
        rows=lambda key: Funnel.objects.filter(customer=key, transaction_date__isnull=False),
        entry=_step(marked("Transaction")),
    ),
    "review": Source(
        kind="review",
        permission="reviews.view_review",
        moment="created_at",
        rows=_of(Review),
        entry=_review,
    ),
    "card": Source(
        kind="card",
        permission="carddata.view_cardstatus",
        moment="occurred_at",
        rows=lambda key: card_events(key),
        entry=_card,
    ),
    "purchase": Source(
        kind="purchase",
        permission="customer360.view_purchase",
        moment="purchase_date",
        rows=lambda key: Purchase.objects.filter(record__customer=key).select_related("product"),
        entry=_purchase,
        is_day=True,
    ),
    "case": Source(
        kind="case",
        permission="customer360.view_serviceinteraction",
        moment="interaction_date",
        rows=lambda key: ServiceInteraction.objects.filter(record__customer=key),
        entry=_case,
        is_day=True,
    ),
    "consent": Source(
        kind="consent",
        permission="conversations.view_consent",
        moment="at",
        rows=lambda key: Consent.objects.filter(customer=key).select_related("noted_by"),
        entry=_consent,
    ),
}
KINDS = (
    ("message", _("Messages")),
    ("funnel", _("Funnel")),
    ("review", _("Reviews")),
    ("card", _("Cards")),
    ("purchase", _("Purchases")),
    ("case", _("Service cases")),
    ("note", _("Notes")),
    ("consent", _("Consent")),
)


def cards_of_customer(customer: int) -> list[CardStatus]:
    """The current statuses of the cards that go to one of the customer's numbers, newest first."""
    phones = list(
        CustomerIdentity.objects.filter(customer=customer, kind="phone").values_list(
            "value", flat=True
        )
    )
    if not phones:
        return []
    cards = with_phone_tail(CardStatus.objects.all()).filter(
        Q(contact__in=phones, contact_tail__in={phone[-PHONE_TAIL:] for phone in phones})
    )
    return list(cards.order_by("-occurred_at", "-pk")[:MOST_CARDS])


def card_events(customer: int) -> QuerySet[CardEvent]:
    """What was said of the customer's cards."""
    cards = [card.card_id for card in cards_of_customer(customer)]
    return CardEvent.objects.filter(card_id__in=cards)


def timeline(
    customer: int, *, user: Any, kinds: Collection[str] = (), cursor: str = ""
) -> tuple[list[Entry], str]:
    """One page of what the user may see of what happened, and the cursor of the older page.

    The cursor is empty on the last page; a wrong one is the first page. `kinds` narrows to some of
    KINDS.
    """
    before = read_place(cursor)
    entries: list[Entry] = []
    for name, source in SOURCES.items():
        if user.has_perm(source.permission) and (not kinds or source.kind in kinds):
            rows = source.rows(customer)
            if source.is_in_rooms:
                rows = rows.filter(of_rooms_open_to(user, "room"))
            entries += _entries(name, source, rows, before)
    entries.sort(key=lambda entry: entry.place, reverse=True)
    page = entries[:PAGE]
    return page, make_place(page[-1]) if len(entries) > PAGE else ""


def _entries(
    name: str, source: Source, rows: QuerySet[Any], before: Place | None
) -> Iterable[Entry]:
    if before is not None:
        rows = rows.filter(_older(name, source, before))
    for row in rows.order_by(F(source.moment).desc(), "-pk")[: PAGE + 1]:
        moment = getattr(row, source.moment)
        yield Entry(
            at=_midnight(moment) if source.is_day else moment,
            kind=source.kind,
            source=name,
            key=row.pk,
            has_time=not source.is_day,
            **source.entry(row),
        )


def _older(name: str, source: Source, before: Place) -> Q:
    """The rows whose place is before the cursor's."""
    at, other, key = before
    moment: datetime | date = at
    is_instant = True
    if source.is_day:
        moment = localtime(at, get_default_timezone()).date()
        is_instant = _midnight(moment) == at
    earlier = Q(**{f"{source.moment}__lt": moment})
    same = Q(**{source.moment: moment})
    if not is_instant or name < other:
        return earlier | same
    return earlier | (same & Q(pk__lt=key)) if name == other else earlier


def _midnight(day: date) -> datetime:
    return make_aware(datetime.combine(day, time()), get_default_timezone())


def make_place(entry: Entry) -> str:
    return Signer(salt=SALT).sign_object([entry.at.isoformat(), entry.source, entry.key])


def read_place(cursor: str) -> Place | None:
    """The place that a cursor stands for; None for none and for what is none of ours."""
    try:
        at, source, key = Signer(salt=SALT).unsign_object(cursor)
        return datetime.fromisoformat(at), str(source), int(key)
    except (BadSignature, ValueError, TypeError, UnicodeError):
        return None
