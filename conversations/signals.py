"""What conversations announces, a batch at a time, inside the transaction that stored it."""

from django.dispatch import Signal

messages_heard = Signal()
"""Sent before `messages_stored` with the same `messages`: who answers them by a dialogue sets
`is_for_bot` on those that belong to it."""

messages_stored = Signal()
"""Sent with `messages: list[Message]`, new ones only, their `room` loaded and up to date."""

delivery_changed = Signal()
"""Sent with `messages: list[Message]`, those of ours whose delivery status rose, up to date."""

customers_joining = Signal()
"""Sent with `customer` and `absorbed` before every row of the second becomes one of the first."""

join_undoing = Signal()
"""Sent with `change`: a join that another app recorded and is asked to undo. True: it has."""
