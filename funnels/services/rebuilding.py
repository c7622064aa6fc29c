"""From evidence and corrections to funnel rows: read once, projected in memory, written once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.timezone import now

from conversations.models import Room
from funnel_site.lib.batches import insert_rows, update_rows
from funnels.models import Correction, Evidence, Funnel
from funnels.projection import Amendment, Cycle, Fact, FirstContact, Policy, project
from funnels.signals import transactions_reached
from funnels.stages import Basis, Stage

NEEDS_REVIEW = "needs_review"
DERIVED_FIELDS = (
    "is_latest",
    "customer",
    "stage",
    "channel",
    "lead_basis",
    "began_at",
    "leads_date",
    "booking_date",
    "transaction_date",
    "transaction_value",
    "currency",
    "other_amounts",
    "keyword",
    "anomalies",
    "is_corrected",
)
EVIDENCE_COLUMNS = (
    "room_id",
    "stage",
    "basis",
    "sent_at",
    "external_id",
    "channel",
    "keyword_id",
    "says_at",
    "value",
    "currency",
    "restates",
)


def policy() -> Policy:
    """The site's settings that projections depend on."""
    return Policy(
        zone=ZoneInfo(settings.TIME_ZONE),
        quiet=timedelta(days=settings.FUNNEL_QUIET_DAYS),
        first_contact_leads=settings.FIRST_CONTACT_LEADS,
        currency=settings.CURRENCY,
    )


def rebuild_funnels(*, rooms: Mapping[int, Room]) -> int:
    """Make the funnels of these rooms what their evidence says; returns how many rows changed.

    The caller holds the rooms' locks. The number of statements does not depend on the number of
    rooms.
    """
    if not rooms:
        return 0
    expected = expected_funnels(rooms)
    existing = {
        (funnel.room_id, funnel.cycle): funnel
        for funnel in Funnel.objects.filter(room__in=rooms.keys())
    }
    new = [funnel for key, funnel in expected.items() if key not in existing]
    changed = []
    for key, funnel in expected.items():
        if key in existing and _differs(existing[key], funnel):
            funnel.pk = existing[key].pk
            changed.append(funnel)
    surplus = [funnel.pk for key, funnel in existing.items() if key not in expected]
    if surplus:
        Funnel.objects.filter(pk__in=surplus).delete()
    moment = now()
    for funnel in [*new, *changed]:
        funnel.updated_at = moment
    insert_rows(new)
    update_rows(changed, [*DERIVED_FIELDS, "updated_at"])
    _announce(new, changed, existing)
    return len(new) + len(changed) + len(surplus)


def _announce(
    new: Iterable[Funnel], changed: Iterable[Funnel], before: Mapping[tuple[int, int], Funnel]
) -> None:
    reached = [funnel for funnel in new if funnel.transaction_date] + [
        funnel
        for funnel in changed
        if funnel.transaction_date and not before[funnel.room_id, funnel.cycle].transaction_date
    ]
    if reached:
        transactions_reached.send(sender=Funnel, funnels=reached)


def expected_funnels(
    rooms: Mapping[int, Room], facts: Mapping[int, list[Fact]] | None = None
) -> dict[tuple[int, int], Funnel]:
    """The funnel rows that evidence and corrections call for, by room and cycle; not stored."""
    facts = read_facts(rooms) if facts is None else facts
    amendments = _read_amendments(rooms)
    rules = policy()
    expected: dict[tuple[int, int], Funnel] = {}
    for room_id in sorted(rooms):
        room = rooms[room_id]
        cycles = project(
            facts.get(room_id, ()), amendments.get(room_id, ()), _first_contact(room), rules
        )
        for cycle in cycles:
            expected[room_id, cycle.number] = _row(room, cycle, is_latest=cycle is cycles[-1])
    return expected


def read_facts(rooms: Mapping[int, Room]) -> dict[int, list[Fact]]:
    """The evidence in force, a list a room."""
    rows = Evidence.objects.filter(
        room__in=rooms.keys(), superseded_at=None, negated=False, overruled=False
    ).exclude(doubt=NEEDS_REVIEW)
    facts: dict[int, list[Fact]] = defaultdict(list)
    for row in rows.values_list(*EVIDENCE_COLUMNS):
        facts[row[0]].append(fact_of(row, rooms[row[0]].channel))
    return facts


def fact_of(row: tuple[Any, ...], message_channel: str) -> Fact:
    """A row of EVIDENCE_COLUMNS as the projection wants it."""
    _, stage, basis, sent_at, external_id, channel, keyword_id, says_at, value, currency, again = (
        row
    )
    return Fact(
        stage=Stage(stage),
        basis=Basis(basis),
        sent_at=sent_at,
        external_id=external_id,
        channel=channel,
        message_channel=message_channel,
        keyword_id=keyword_id,
        says_at=says_at,
        value=value,
        currency=currency,
        restates=again,
    )


def _read_amendments(rooms: Iterable[int]) -> dict[int, list[Amendment]]:
    in_force = Correction.objects.filter(room__in=list(rooms), lifted_at=None).order_by("pk")
    amendments: dict[int, list[Amendment]] = defaultdict(list)
    for row in in_force:
        amendments[row.room_id].append(Amendment(about=row.about, field=row.field, value=row.value))
    return amendments


def _first_contact(room: Room) -> FirstContact | None:
    at = room.first_customer_message_at
    return FirstContact(sent_at=at, channel=room.channel) if at else None


def _row(room: Room, cycle: Cycle, *, is_latest: bool) -> Funnel:
    return Funnel(
        room_id=room.pk,
        cycle=cycle.number,
        is_latest=is_latest,
        customer_id=room.customer_id,
        stage=cycle.stage.value,
        channel=cycle.channel[:32],
        lead_basis=cycle.lead_basis,
        began_at=cycle.began_at,
        leads_date=cycle.leads_date,
        booking_date=cycle.booking_date,
        transaction_date=cycle.transaction_date,
        transaction_value=cycle.transaction_value,
        currency=cycle.currency,
        other_amounts=cycle.other_amounts,
        keyword_id=cycle.keyword_id,
        anomalies=" ".join(cycle.anomalies),
        is_corrected=cycle.is_corrected,
    )


_ATTRIBUTES = tuple(Funnel._meta.get_field(name).attname for name in DERIVED_FIELDS)  # type: ignore[union-attr]


def _differs(one: Funnel, other: Funnel) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in _ATTRIBUTES)
