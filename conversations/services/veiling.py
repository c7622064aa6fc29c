"""Deliveries that name an erased customer: taken in, and nobody is recognised by them again.

A message sent before the erasure, or whose time nobody knows, is filed under an alias, without name,
address or text; what its system states of the sale is kept, because totals count it. A message sent
later is a person writing anew: a new customer.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from conversations.payloads import InboundMessage
from funnel_site.tombstones.services import Key, alias_of

ERASED = "erased"


def veiled(
    message: InboundMessage, erased: Mapping[Key, datetime], *, is_live: bool = False
) -> InboundMessage:
    """The message under its alias where it is an erased customer's; else as it is.

    `is_live`: the door takes messages at the moment they are sent, and at no other.
    """
    for key in message.identity_keys:
        if key not in erased:
            continue
        is_dated = message.has_sent_at or is_live
        if is_dated and message.sent_at > erased[key]:
            continue
        return replace(
            message,
            phone="",
            user_id=alias_of(key),
            name="",
            text="",
            address="",
            media=(),
            details={},
            flags=(*message.flags, ERASED),
        )
    return message
