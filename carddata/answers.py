"""The JSON that is answered of a card. Values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from carddata.conflicts import Step, find_conflict
from carddata.statuses import LABELS, TERMINAL, Status
from funnel_site.lib.phone import national_digits


@dataclass(frozen=True, slots=True)
class Card:
    """A card's current status, and the zone of the partner that it came from."""

    id: int
    card_id: str
    contact: str
    occurred_at: datetime
    status: str
    comment: str
    time_zone: str


def card_answer(card: Card) -> dict[str, Any]:
    """The six members that the lookup has always answered.

    `timestamp` is the partner's local time and says no zone; `user_contact` has no country code.
    """
    return {
        "id": card.id,
        "card_id": card.card_id,
        "user_contact": national_digits(card.contact),
        "timestamp": local_timestamp(card.occurred_at, card.time_zone),
        "status": LABELS[Status(card.status)],
        "comment": card.comment,
    }


def local_timestamp(moment: datetime, time_zone: str) -> str:
    """ISO 8601 to the second in a zone, without saying which.

    >>> from datetime import UTC
    >>> local_timestamp(datetime(2023, 11, 14, 8, 34, 56, tzinfo=UTC), "Asia/Dubai")
    '2023-11-14T12:34:56'
    """
    local = moment.astimezone(ZoneInfo(time_zone))
    return local.replace(tzinfo=None).isoformat(timespec="seconds")


def exact_timestamp(moment: datetime, time_zone: str) -> str:
    """ISO 8601 to the second in a zone, with its offset."""
    return moment.astimezone(ZoneInfo(time_zone)).isoformat(timespec="seconds")


def stale_since(card: Card, *, now: datetime, days: int) -> datetime | None:
    """Since when a card that is not at its end has had no news for too long; None where it has not.

    A label worked out when it is asked for, never an event.
    """
    limit = card.occurred_at + timedelta(days=days)
    return limit if card.status not in TERMINAL and limit < now else None


def detail_answer(
    card: Card, newest_first: Sequence[Step], *, sources: Sequence[str], now: datetime, days: int
) -> dict[str, Any]:
    """What `detail=1` adds: the exact instant, who says so, and what may make one doubt it."""
    stale = stale_since(card, now=now, days=days)
    return {
        "occurred_at": exact_timestamp(card.occurred_at, card.time_zone),
        "phone_number": card.contact,
        "sources": list(sources),
        "stale_since": exact_timestamp(stale, card.time_zone) if stale else None,
        "conflict": find_conflict(newest_first) or None,
    }
