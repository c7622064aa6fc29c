"""What conversations announces, a batch at a time, inside the transaction that stores it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.dispatch import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a listener of `messages_heard` makes of a batch."""

    replies: Sequence[Any]
    """Messages of ours, not stored yet: they are stored with the batch."""
    store: Callable[[], None]
    """Called once the batch and the replies have their primary keys."""


messages_heard = Signal()
"""Sent with `messages: list[Message]`, customers' and others, before they are stored; their rooms
and customers are, and are locked. Who answers sets `is_for_bot` and `door_answer` on them and
returns a `Heard`, or None."""

messages_stored = Signal()
"""Sent with `messages: list[Message]`, new ones only, their `room` loaded and up to date."""

delivery_changed = Signal()
"""Sent with `messages: list[Message]`, those of ours whose delivery status rose, up to date."""

customers_joining = Signal()
"""Sent with `customer` and `absorbed` before every row of the second becomes one of the first."""

customer_data_deleting = Signal()
"""Sent with `customer` before staff delete a row about them. Who has to keep it raises KeptError."""

join_undoing = Signal()
"""Sent with `change`: a join that another app recorded and is asked to undo. True: it has."""
