"""Reads of cards: whose they are by phone, how they came here, what is old news."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Right, RowNumber
from django.utils.timezone import now

from carddata.answers import Card, card_answer, detail_answer, exact_timestamp
from carddata.models import (
    PHONE_TAIL,
    CardEvent,
    CardSighting,
    CardStatus,
    Partner,
    PartnerFile,
    RejectedRow,
)
from carddata.statuses import TERMINAL
from funnel_site.lib.phone import PhoneError, normalise_phone, phone_search_digits

DETAIL_EVENTS = 100
LONGEST_KEY = 18
GROUPS_SHOWN = 50
SAMPLES_SHOWN = 5
CARD_VALUES = (
    "pk",
    "card_id",
    "contact",
    "occurred_at",
    "status",
    "comment",
    "partner__time_zone",
)


def as_card(row: CardStatus) -> Card:
    """A stored status with its partner as the plain value that is answered."""
    return Card(
        row.pk,
        row.card_id,
        row.contact,
        row.occurred_at,
        row.status,
        row.comment,
        row.partner.time_zone,
    )


def find_card(card_id: str) -> Card | None:
    """A card by its id as it is stored."""
    row = CardStatus.objects.filter(card_id=card_id).values_list(*CARD_VALUES).first()
    return Card(*row) if row else None


def find_status(primary_key: str) -> CardStatus | None:
    """A card's row by the key in a staff page's address, its partner loaded; None for any other text."""
    if not primary_key.isascii() or not primary_key.isdigit() or len(primary_key) > LONGEST_KEY:
        return None
    return CardStatus.objects.select_related("partner").filter(pk=int(primary_key)).first()


def cards_by_id(card_ids: Iterable[str]) -> dict[str, Card]:
    """The known ones among the cards, in one query."""
    rows = CardStatus.objects.filter(card_id__in=set(card_ids)).values_list(*CARD_VALUES)
    return {card.card_id: card for card in (Card(*row) for row in rows)}


def phone_filter(text: str) -> Q:
    """What finds the cards of a phone number, however it is written.

    With a country code the number is one. Without, it is read in each partner's region and in ours,
    and by its last nine digits: people with the same ones in two countries are all found, and each
    card says its own number. Raises PhoneError for what is no number.
    """
    digits = phone_search_digits(text)
    regions = {*Partner.objects.values_list("phone_region", flat=True), settings.PHONE_REGION}
    numbers = set()
    problem = None
    for region in sorted(regions):
        try:
            numbers.add(normalise_phone(text, region))
        except PhoneError as error:
            problem = error
    if problem and not numbers:
        raise problem
    found = Q(contact__in=numbers, contact_tail__in={one[-PHONE_TAIL:] for one in numbers})
    if "+" not in text and len(digits) >= PHONE_TAIL:
        found |= Q(contact_tail=digits[-PHONE_TAIL:], contact__endswith=digits)
    return found


def with_phone_tail(cards: QuerySet[CardStatus]) -> QuerySet[CardStatus]:
    """The cards with the part of the number that is indexed, for phone_filter."""
    return cards.alias(contact_tail=Right("contact", PHONE_TAIL))


def cards_of_phone(text: str) -> QuerySet[CardStatus]:
    """The cards of a phone number, their partners loaded. Raises PhoneError."""
    found = phone_filter(text)
    return with_phone_tail(CardStatus.objects.all()).filter(found).select_related("partner")


def card_history(card_id: str) -> QuerySet[CardEvent]:
    """All that was said of a card, the current event first, with the partner and file of each."""
    events = CardEvent.objects.filter(card_id=card_id).select_related("file__partner")
    return events.prefetch_related("sightings__file__partner").order_by(
        F("occurred_at").desc(), F("weight").desc(), F("content").desc()
    )


def stale_cards(cards: QuerySet[CardStatus], *, at: datetime) -> QuerySet[CardStatus]:
    """Those that are not at their end and have had no news for CARD_STALE_DAYS."""
    limit = at - timedelta(days=settings.CARD_STALE_DAYS)
    return cards.exclude(status__in=TERMINAL).filter(occurred_at__lt=limit)


def card_details(card: Card) -> dict[str, Any]:
    """What stands behind a status: the files that say it, staleness, contradiction; JSON values."""
    events = list(card_history(card.card_id)[:DETAIL_EVENTS])
    current = events[0] if events else None
    sources = [source_text(current), *also_in(current)] if current else []
    days = settings.CARD_STALE_DAYS
    return detail_answer(card, events, sources=sources, now=now(), days=days)


def source_text(event: CardEvent) -> str:
    return f"{event.file.partner.name}: {event.file.name}, line {event.line}"


def also_in(event: CardEvent) -> list[str]:
    """The other files that say the same, as text."""
    return [
        f"{one.file.partner.name}: {one.file.name}, line {one.line}"
        for one in event.sightings.all()
    ]


def step_answer(event: CardEvent, *, is_current: bool) -> dict[str, Any]:
    """One step of a card's way, with the file and line that say so."""
    zone = event.file.partner.time_zone
    answer = card_answer(
        Card(
            event.pk,
            event.card_id,
            event.contact,
            event.occurred_at,
            event.status,
            event.comment,
            zone,
        )
    )
    return {
        "timestamp": answer["timestamp"],
        "occurred_at": exact_timestamp(event.occurred_at, zone),
        "status": answer["status"],
        "word": event.word,
        "comment": event.comment,
        "user_contact": answer["user_contact"],
        "consignment_no": event.consignment_no,
        "partner": event.file.partner.name,
        "file": event.file.name,
        "line": event.line,
        "also_in": also_in(event),
        "current": is_current,
    }


def open_rejects(file_id: int) -> int:
    """How many of a file's rejects wait to be mended."""
    return RejectedRow.objects.filter(file=file_id, closed="").count()


def reject_groups(file_id: int) -> list[dict[str, Any]]:
    """A file's open rejects by reason and column, the most frequent first, with the first few rows."""
    rejects = RejectedRow.objects.filter(file=file_id, closed="")
    groups = list(
        rejects.values("reason", "column")
        .annotate(number=Count("pk"))
        .order_by("-number", "reason", "column")
    )
    place = Window(RowNumber(), partition_by=[F("reason"), F("column")], order_by=F("line").asc())
    samples: dict[tuple[str, str], list[RejectedRow]] = {}
    for row in rejects.annotate(place=place).filter(place__lte=SAMPLES_SHOWN).order_by("line"):
        samples.setdefault((row.reason, row.column), []).append(row)
    return [{**group, "samples": samples[group["reason"], group["column"]]} for group in groups]


def files_with_rejects() -> QuerySet[PartnerFile]:
    """The newest files with open rejects; `open` says how many. Those of other files are not read."""
    rejects = RejectedRow.objects.filter(file=OuterRef("pk"), closed="").order_by()
    number = rejects.values("file").annotate(number=Count("pk")).values("number")
    return (
        PartnerFile.objects.filter(Exists(rejects))
        .annotate(open=Subquery(number))
        .select_related("partner")
        .order_by("-created_at", "-pk")[:GROUPS_SHOWN]
    )


def undo_forecast(file_id: int) -> dict[str, int]:
    """What an undo would take back, and what stays because another file says the same."""
    events = CardEvent.objects.filter(file=file_id)
    others = CardSighting.objects.filter(event__file=file_id)
    kept = others.values("event").distinct().count()
    return {
        "reversed": events.count() - kept,
        "kept": kept + CardSighting.objects.filter(file=file_id).count(),
        "cards": events.values("card_id").distinct().count(),
    }
