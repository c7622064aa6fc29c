"""Whether we may write to a customer: a ledger of what was said, and the standing that follows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from conversations.consent_words import is_opt_in, is_opt_out
from conversations.models import Consent, Customer, Message
from conversations.standing import (
    EVERY,
    IN,
    OUT,
    Standing,
    Word,
    bridging,
    folded,
    latest,
    stricter,
)

HELD = ("opted_out_at", "opted_out_channels")
JOINED = Consent.Origin.JOINED.value


def consent_in(message: Message) -> str:
    """`out` or `in` where a customer's message says so; in only from one who had opted out there.

    Twilio's Advanced Opt-Out says it outright; else the whole message is one of the known words.
    """
    stated = str(message.details.get("opt_out_type", "")).upper()
    if stated == "STOP" or is_opt_out(message.body):
        return OUT
    return IN if message.was_opted_out and (stated == "START" or is_opt_in(message.body)) else ""


def note_consents(consents: Sequence[Consent]) -> None:
    """Keep the changes and let the latest word of each customer hold, channel by channel.

    The rows' own customers are brought up to date too. The caller's transaction holds their locks.
    """
    if not consents:
        return
    customers = {consent.customer_id: consent.customer for consent in consents}
    Consent.objects.bulk_create(consents)
    stand_by_ledger(list(customers.values()))


def stand_by_ledger(customers: Sequence[Customer]) -> None:
    """Bring customers to what their ledgers say. Two statements, whatever their number."""
    said: dict[int, list[Word]] = {customer.pk: [] for customer in customers}
    rows = Consent.objects.filter(customer_id__in=said)
    for key, *word in rows.values_list("customer_id", *Word._fields):
        said[key].append(Word(*word))
    for customer in customers:
        _hold(customer, folded(said[customer.pk]))
    Customer.objects.bulk_update(sorted(customers, key=_key), HELD)


def join_standings(customer: Customer, absorbed: Customer) -> None:
    """The stricter of two standings in each channel, once the absorbed one's words have moved.

    Where the words alone would end otherwise, the ledger says so in the name of the join. Words of
    earlier joins are found anew: what holds of them is in the standings.
    """
    wanted = stricter(customer.standing, absorbed.standing)
    rows = Consent.objects.filter(customer=customer)
    rows.filter(origin=JOINED).delete()
    words = [Word(*row) for row in rows.values_list(*Word._fields)]
    made = bridging(words, wanted)
    Consent.objects.bulk_create(
        Consent(customer=customer, origin=JOINED, **word._asdict()) for word in made
    )
    _hold(customer, folded([*words, *made]))


def _hold(customer: Customer, standing: Standing) -> None:
    customer.opted_out_at = latest(standing)
    customer.opted_out_channels = {
        channel: at and at.isoformat() for channel, at in sorted(standing.items())
    }


def _key(customer: Customer) -> int:
    return customer.pk


def note_consent(
    *,
    customer: Customer,
    change: str,
    channel: str = EVERY,
    origin: str = Consent.Origin.STAFF,
    words: str = "",
    noted_by: Any = None,
    at: datetime | None = None,
) -> Consent:
    """Note that a customer may, or may no longer, be written to in a channel, or in every one.

    `customer` is brought up to date.
    """
    with transaction.atomic():
        locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        consent = Consent(
            customer=locked,
            channel=channel,
            change=change,
            origin=origin,
            words=words[:100],
            noted_by=noted_by,
            at=at or now(),
        )
        note_consents([consent])
    for name in HELD:
        setattr(customer, name, getattr(locked, name))
    return consent
