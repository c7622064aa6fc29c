"""Reading stored messages again under today's keywords and rules, on purpose and never by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from conversations.models import Message, Room
from funnels.models import Evidence, Funnel
from funnels.services.classifying import KeywordSet, current_keywords, find_evidence
from funnels.services.rebuilding import (
    DERIVED_FIELDS,
    EVIDENCE_COLUMNS,
    NEEDS_REVIEW,
    expected_funnels,
    fact_of,
    rebuild_funnels,
)

ROOMS_AT_ONCE = 200


@dataclass(slots=True)
class Reclassification:
    """What a run changed, or would change."""

    rooms: int = 0
    messages: int = 0
    found: int = 0
    withdrawn: int = 0
    funnels: int = 0
    differences: list[str] = field(default_factory=list)


def room_ids_since(since: datetime) -> list[int]:
    """The rooms with a message sent since then."""
    rooms = Room.objects.filter(last_message_at__gte=since).order_by("pk")
    return list(rooms.values_list("pk", flat=True))


def reclassify(
    *, room_ids: Sequence[int], since: datetime, dry_run: bool
) -> Iterator[Reclassification]:
    """Read the rooms' messages since then again; yields the running totals after each few rooms.

    Every few rooms are one transaction, so that an interrupted run can be run again. Corrections
    stay in force. With `dry_run` nothing is written, and each difference is listed.
    """
    keywords = current_keywords()
    totals = Reclassification()
    for start in range(0, len(room_ids), ROOMS_AT_ONCE):
        with transaction.atomic():
            locked = Room.objects.select_for_update(no_key=True).filter(
                pk__in=room_ids[start : start + ROOMS_AT_ONCE]
            )
            rooms = {room.pk: room for room in locked.order_by("source", "external_id")}
            _reclassify_rooms(rooms, since, keywords, totals, dry_run=dry_run)
        yield totals


def _reclassify_rooms(
    rooms: dict[int, Room],
    since: datetime,
    keywords: KeywordSet,
    totals: Reclassification,
    *,
    dry_run: bool,
) -> None:
    # An erased customer's texts are gone: what was found in them stays as it is.
    readable = Message.objects.exclude(customer__erased_at__isnull=False)
    messages = list(readable.filter(room__in=rooms, sent_at__gte=since).order_by("pk"))
    wanted = {_key(row): row for row in find_evidence(messages, keywords)}
    known = {
        _key(row): row
        for row in Evidence.objects.filter(
            room__in=rooms, sent_at__gte=since, superseded_at=None
        ).exclude(message__customer__erased_at__isnull=False)
    }
    stale = [row for key, row in known.items() if not _same(row, wanted.get(key))]
    fresh = [row for key, row in wanted.items() if not _same(row, known.get(key))]
    totals.rooms += len(rooms)
    totals.messages += len(messages)
    totals.found += len(fresh)
    totals.withdrawn += len(stale)
    if dry_run:
        _compare(rooms, stale, fresh, totals)
        return
    Evidence.objects.filter(pk__in=[row.pk for row in stale]).update(superseded_at=now())
    Evidence.objects.bulk_create(fresh)
    totals.funnels += rebuild_funnels(rooms=rooms)


def _compare(
    rooms: dict[int, Room],
    stale: Sequence[Evidence],
    fresh: Sequence[Evidence],
    totals: Reclassification,
) -> None:
    """List how the funnels would differ."""
    gone = {row.pk for row in stale}
    kept = Evidence.objects.filter(room__in=rooms, superseded_at=None).exclude(pk__in=gone)
    facts: dict[int, list[object]] = {}
    for row in [*kept, *fresh]:
        if row.negated or row.overruled or row.doubt == NEEDS_REVIEW:
            continue
        values = tuple(getattr(row, name) for name in EVIDENCE_COLUMNS)
        facts.setdefault(row.room_id, []).append(fact_of(values, rooms[row.room_id].channel))
    expected = expected_funnels(rooms, facts)  # type: ignore[arg-type]
    existing = {
        (funnel.room_id, funnel.cycle): funnel for funnel in Funnel.objects.filter(room__in=rooms)
    }
    for key in sorted(expected.keys() | existing.keys()):
        if line := _difference(existing.get(key), expected.get(key), rooms[key[0]], key[1]):
            totals.funnels += 1
            totals.differences.append(line)


def _difference(before: Funnel | None, after: Funnel | None, room: Room, cycle: int) -> str:
    place = f"room {room.external_id} cycle {cycle}"
    if before is None and after is not None:
        return f"+ {place}: {after.stage}, {after.channel}"
    if after is None and before is not None:
        return f"- {place}: {before.stage}, {before.channel}"
    changes = [
        f"{name} {getattr(before, name)} -> {getattr(after, name)}"
        for name in (Funnel._meta.get_field(one).attname for one in DERIVED_FIELDS)  # type: ignore[union-attr]
        if getattr(before, name) != getattr(after, name)
    ]
    return f"~ {place}: {', '.join(changes)}" if changes else ""


def _key(row: Evidence) -> tuple[int, str, str]:
    return row.message_id, row.stage, row.basis


MEANING = (
    "words",
    "keyword_id",
    "channel",
    "says_at",
    "value",
    "currency",
    "negated",
    "restates",
    "overruled",
    "doubt",
)


def _same(one: Evidence, other: Evidence | None) -> bool:
    return other is not None and all(getattr(one, name) == getattr(other, name) for name in MEANING)
