"""Our words for where a card is, and which of two events is the current one. No database here."""

from enum import StrEnum

from funnel_site.lib.marking import marked

HIGHEST_RANK = 99
RANKS = HIGHEST_RANK + 1


class Status(StrEnum):
    """Where a card is, in our words; a partner's own word is kept beside it."""

    GENERATED = "generated"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    RETURNED = "returned"
    UNKNOWN = "unknown"


LABELS = {
    Status.GENERATED: marked("Generated"),
    Status.PICKED_UP: marked("Picked Up"),
    Status.IN_TRANSIT: marked("In Transit"),
    Status.DELIVERED: marked("Delivered"),
    Status.DELIVERY_FAILED: marked("Delivery Failed"),
    Status.RETURNED: marked("Returned"),
    Status.UNKNOWN: marked("Unknown"),
}
# Of two events at one instant the later step of a card's way is the current one.
PRECEDENCE = (
    Status.UNKNOWN,
    Status.GENERATED,
    Status.PICKED_UP,
    Status.IN_TRANSIT,
    Status.DELIVERY_FAILED,
    Status.DELIVERED,
    Status.RETURNED,
)
TERMINAL = frozenset({Status.DELIVERED, Status.RETURNED})


def weight(status: str, rank: int) -> int:
    """How much an event counts among those of one instant: first its step, then its partner's rank.

    The current event of a card is the one with the greatest (occurred_at, weight, content): a total
    order, for events that are equal in all three, of one card, are one event.

    >>> weight("returned", 0) > weight("delivered", 99) > weight("delivered", 50)
    True
    """
    return PRECEDENCE.index(Status(status)) * RANKS + rank
