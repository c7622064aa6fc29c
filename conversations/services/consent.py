"""Whether we may write to a customer: a ledger of what was said, and the standing that follows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from conversations.consent_words import is_opt_in, is_opt_out
from conversations.models import Consent, Customer, Message

OUT, IN = Consent.Change.OUT.value, Consent.Change.IN.value


def consent_in(message: Message) -> str:
    """`out` or `in` where a customer's message says so; in only from one who had opted out.

    Twilio's Advanced Opt-Out says it outright; else the whole message is one of the known words.
    """
    stated = str(message.details.get("opt_out_type", "")).upper()
    if stated == "STOP" or is_opt_out(message.body):
        return OUT
    return IN if message.was_opted_out and (stated == "START" or is_opt_in(message.body)) else ""


def note_consents(consents: Sequence[Consent]) -> None:
    """Keep the changes and let the latest of each customer hold, by the time when it was said.

    The rows' own customers are brought up to date too. The caller's transaction holds their locks.
    """
    if not consents:
        return
    customers = {consent.customer_id: consent.customer for consent in consents}
    Consent.objects.bulk_create(consents)
    latest: dict[int, Consent] = {}
    rows = Consent.objects.filter(customer_id__in=customers).order_by("customer_id", "at", "pk")
    for row in rows:
        latest[row.customer_id] = row
    for customer_id, customer in customers.items():
        last = latest[customer_id]
        customer.opted_out_at = last.at if last.change == OUT else None
    Customer.objects.bulk_update(sorted(customers.values(), key=_key), ["opted_out_at"])


def _key(customer: Customer) -> int:
    return customer.pk


def note_consent(
    *,
    customer: Customer,
    change: str,
    origin: str = Consent.Origin.STAFF,
    words: str = "",
    noted_by: Any = None,
    at: datetime | None = None,
) -> Consent:
    """Note that a customer may, or may no longer, be written to; `customer` is brought up to date."""
    with transaction.atomic():
        locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        consent = Consent(
            customer=locked,
            change=change,
            origin=origin,
            words=words[:100],
            noted_by=noted_by,
            at=at or now(),
        )
        note_consents([consent])
    customer.opted_out_at = locked.opted_out_at
    return consent
