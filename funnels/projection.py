"""A room's funnel cycles as a pure function of its evidence and of staff's corrections.

Nothing here depends on the order in which evidence arrived, only on what it says and when it was
sent; so every order, batching and repetition of one set of messages ends in the same cycles.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from funnels.stages import STAGE_ORDER, Basis, Stage

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One piece of evidence, as far as the projection cares."""

    stage: Stage
    basis: Basis
    sent_at: datetime
    external_id: str
    channel: str
    message_channel: str
    keyword_id: int | None = None
    says_at: datetime | None = None
    value: Decimal | None = None
    currency: str = ""
    restates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A correction that is in force: a field of the cycle that `about` falls into."""

    about: datetime
    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstContact:
    """The earliest message that the room's customer wrote, whatever it says."""

    sent_at: datetime
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The site's settings that the rules depend on."""

    zone: ZoneInfo
    quiet: timedelta
    first_contact_leads: bool
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One sale: the columns of a Funnel row."""

    number: int
    stage: Stage
    channel: str
    lead_basis: str
    began_at: datetime
    leads_date: datetime
    booking_date: datetime | None = None
    transaction_date: datetime | None = None
    transaction_value: Decimal | None = None
    currency: str = ""
    other_amounts: dict[str, str] = field(default_factory=dict)
    keyword_id: int | None = None
    anomalies: tuple[str, ...] = ()
    is_corrected: bool = False


def project(
    facts: Iterable[Fact],
    amendments: Sequence[Amendment],
    first_contact: FirstContact | None,
    policy: Policy,
) -> list[Cycle]:
    """The cycles of one room, the first one first; empty where nothing makes a lead.

    `facts` leaves out what is negated, overruled or superseded.
    """
    in_order = sorted(_without_repeats(facts, policy.zone), key=_order)
    groups = _cut(in_order, policy.quiet)
    if not groups:
        if first_contact is None or not policy.first_contact_leads:
            return []
        groups = [[]]
    cycles = [
        _cycle(number, group, first_contact if number == 1 else None, policy)
        for number, group in enumerate(groups, start=1)
    ]
    return _amend(cycles, groups, amendments)


def _order(fact: Fact) -> tuple[datetime, int, str, str]:
    """By time sent; within one instant a lead comes before what it leads to."""
    return fact.sent_at, STAGE_ORDER[fact.stage], fact.external_id, fact.basis.value


def local_day(fact: Fact, zone: ZoneInfo) -> date:
    """The calendar day a transaction is dated, as it says or else as it was sent."""
    return (fact.says_at or fact.sent_at).astimezone(zone).date()


def _without_repeats(facts: Iterable[Fact], zone: ZoneInfo) -> list[Fact]:
    """Transactions are distinct by local day and value: the earliest message that says so counts.

    A CRM that repeats the value on every message, or a customer who says it twice, pays once.
    """
    kept: list[Fact] = []
    seen: set[tuple[date, Decimal | None, str]] = set()
    for fact in sorted(facts, key=_order):
        if fact.stage is Stage.TRANSACTION:
            key = (local_day(fact, zone), fact.value, fact.currency if fact.value else "")
            if key in seen:
                continue
            seen.add(key)
        kept.append(fact)
    return kept


def _cut(facts: Sequence[Fact], quiet: timedelta) -> list[list[Fact]]:
    """A new opening after a transaction, or after long silence, begins the next cycle."""
    groups: list[list[Fact]] = []
    has_paid = False
    for fact in facts:
        is_next = (
            bool(groups)
            and fact.stage is Stage.OPENING
            and (has_paid or fact.sent_at - groups[-1][-1].sent_at > quiet)
        )
        if not groups or is_next:
            groups.append([])
            has_paid = False
        groups[-1].append(fact)
        has_paid = has_paid or fact.stage is Stage.TRANSACTION
    return groups


def _cycle(
    number: int, facts: Sequence[Fact], first_contact: FirstContact | None, policy: Policy
) -> Cycle:
    opening = next((fact for fact in facts if fact.stage is Stage.OPENING), None)
    booking = _best_booking([fact for fact in facts if fact.stage is Stage.BOOKING])
    payments = [fact for fact in facts if fact.stage is Stage.TRANSACTION]
    lead = _lead(number, facts, opening, first_contact)
    money = add_up(payments, policy.currency)
    paid_at = min((fact.says_at or fact.sent_at for fact in payments), default=None)
    stage = Stage.TRANSACTION if payments else Stage.BOOKING if booking else Stage.OPENING
    cycle = replace(
        lead,
        stage=stage,
        booking_date=(booking.says_at or booking.sent_at) if booking else None,
        transaction_date=paid_at,
        transaction_value=money.value,
        currency=money.currency,
        other_amounts=money.others,
        anomalies=("refund_exceeds_payment",) if money.is_overdrawn else (),
    )
    return replace(cycle, anomalies=tuple(sorted({*cycle.anomalies, *_anomalies(cycle)})))


def _lead(
    number: int,
    facts: Sequence[Fact],
    opening: Fact | None,
    first_contact: FirstContact | None,
) -> Cycle:
    """Whom the sale began with: opening keyword, else the room's first message from a customer."""
    if opening is not None:
        return Cycle(
            number=number,
            stage=Stage.OPENING,
            channel=opening.channel or opening.message_channel,
            lead_basis="keyword",
            began_at=facts[0].sent_at,
            leads_date=opening.sent_at,
            keyword_id=opening.keyword_id,
        )
    if not facts and first_contact is not None:
        return Cycle(
            number=number,
            stage=Stage.OPENING,
            channel=first_contact.channel,
            lead_basis="first_contact",
            began_at=first_contact.sent_at,
            leads_date=first_contact.sent_at,
        )
    began = facts[0]
    contact_at = first_contact.sent_at if first_contact else began.sent_at
    return Cycle(
        number=number,
        stage=began.stage,
        channel=began.message_channel,
        lead_basis="later_stage",
        began_at=began.sent_at,
        leads_date=min(contact_at, began.sent_at),
    )


def _best_booking(bookings: Sequence[Fact]) -> Fact | None:
    """Stated before read from text, dated before undated, then sent later, then the greater id."""
    return max(
        bookings,
        key=lambda fact: (
            fact.basis is Basis.STATED,
            fact.says_at is not None,
            fact.sent_at,
            fact.external_id,
        ),
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What was paid in a cycle, a sum a currency; never below zero."""

    value: Decimal | None
    currency: str
    others: dict[str, str]
    is_overdrawn: bool


def add_up(payments: Sequence[Fact], default_currency: str) -> Money:
    """Sum payments in the order sent, currency by currency.

    A refund is a negative value. An amount that restates ("total 500rb") replaces the sum so far.
    The cycle's own currency is that of its first amount.
    """
    sums: dict[str, Decimal] = {}
    for fact in payments:
        if fact.value is None:
            continue
        currency = fact.currency or default_currency
        so_far = Decimal(0) if fact.restates else sums.get(currency, Decimal(0))
        sums[currency] = so_far + fact.value
    if not sums:
        return Money(value=None, currency="", others={}, is_overdrawn=False)
    overdrawn = any(amount < 0 for amount in sums.values())
    amounts = {
        currency: max(amount, Decimal(0)).quantize(CENT) for currency, amount in sums.items()
    }
    first, *others = amounts
    return Money(
        value=amounts[first],
        currency=first,
        others={currency: str(amounts[currency]) for currency in sorted(others)},
        is_overdrawn=overdrawn,
    )


def _anomalies(cycle: Cycle) -> list[str]:
    """What does not fit together. The facts stay; a missing stage is never made up."""
    found = []
    if cycle.transaction_date and cycle.booking_date is None:
        found.append("transaction_without_booking")
    if cycle.booking_date and cycle.booking_date.date() < cycle.leads_date.date():
        found.append("booking_before_lead")
    if cycle.transaction_date and cycle.transaction_date.date() < cycle.leads_date.date():
        found.append("transaction_before_lead")
    return found


def _amend(
    cycles: list[Cycle], groups: Sequence[Sequence[Fact]], amendments: Sequence[Amendment]
) -> list[Cycle]:
    """Put corrections over the cycles that they are about; the later one of a field wins."""
    for amendment in amendments:
        at = 0
        for place, group in enumerate(groups):
            if group and group[0].sent_at <= amendment.about:
                at = place
        cycles[at] = _amended(cycles[at], amendment)
    return cycles


def _amended(cycle: Cycle, amendment: Amendment) -> Cycle:
    text = amendment.value
    changed = replace(cycle, is_corrected=True)
    match amendment.field:
        case "channel":
            return replace(changed, channel=text)
        case "leads_date":
            return replace(changed, leads_date=datetime.fromisoformat(text))
        case "booking_date":
            changed = replace(changed, booking_date=datetime.fromisoformat(text) if text else None)
        case "transaction_date":
            changed = replace(
                changed, transaction_date=datetime.fromisoformat(text) if text else None
            )
        case "transaction_value":
            changed = replace(changed, transaction_value=Decimal(text) if text else None)
    return replace(changed, stage=_stage(changed))


def _stage(cycle: Cycle) -> Stage:
    if cycle.transaction_date or cycle.transaction_value:
        return Stage.TRANSACTION
    return Stage.BOOKING if cycle.booking_date else Stage.OPENING
