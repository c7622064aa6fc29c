"""What of customers and deliveries is shown one at a time, with a reason."""

from contextlib import suppress

import orjson
from django.utils.translation import gettext_lazy as _

from conversations.models import Customer, CustomerIdentity, InboundEvent
from funnel_site.audit.reveal import Revealable, register

BODY_SHOWN = 20_000


def register_fields() -> None:
    register(
        Revealable(
            label="conversations.customer",
            title=_("Phone number"),
            permission="conversations.reveal_phone",
            read=numbers_of,
        )
    )
    register(
        Revealable(
            label="conversations.inboundevent",
            title=_("Delivery as it came"),
            permission="conversations.reveal_payload",
            read=delivery_text,
        )
    )


def numbers_of(customer: Customer) -> str:
    """All numbers of a customer, a line each, the main one first."""
    held = customer.identities.filter(kind=CustomerIdentity.Kind.PHONE)
    numbers = [customer.phone_number, *held.order_by("value").values_list("value", flat=True)]
    return "\n".join(dict.fromkeys(number for number in numbers if number))


def delivery_text(event: InboundEvent) -> str:
    """Headers and body, for reading."""
    headers = "\n".join(f"{name}: {value}" for name, value in event.headers.items())
    return f"{headers}\n\n{pretty(bytes(event.body))}".strip()


def pretty(body: bytes) -> str:
    """A body for reading: JSON laid out, anything else as far as it is text."""
    with suppress(orjson.JSONDecodeError):
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)
    return body[:BODY_SHOWN].decode("utf-8", "replace")
