"""How the delivery of a message is shown to staff: an icon, a colour and words, never colour alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a transcript shows under a message of ours. `tone` is a class of the style sheet."""

    icon: str
    tone: str
    words: str
    reason: str = ""


ON_ITS_WAY = Delivery("schedule", "waiting", "Sending")
UNKNOWN = Delivery(
    "help", "bad", "Unknown", "it may have left, or not; ask before you send it again"
)
"""Of an attempt whose answer never came."""
LOOKS = {
    "scheduled": Delivery("event", "waiting", "Scheduled"),
    "accepted": ON_ITS_WAY,
    "queued": ON_ITS_WAY,
    "sending": ON_ITS_WAY,
    "sent": Delivery("check", "waiting", "Sent"),
    "canceled": Delivery("block", "bad", "Cancelled"),
    "failed": Delivery("error", "bad", "Failed"),
    "undelivered": Delivery("error", "bad", "Not delivered"),
    "partially_delivered": Delivery("done", "waiting", "Delivered in part"),
    "delivered": Delivery("done_all", "done", "Delivered"),
    "read": Delivery("done_all", "read", "Read"),
}


def delivery_of(status: str, reason: str = "") -> Delivery | None:
    """The looks of a status; None where there is nothing to show. Reasons are for failures alone.

    >>> delivery_of("failed", "The number is not on WhatsApp").reason
    'The number is not on WhatsApp'
    >>> delivery_of("read", "an older trouble").reason
    ''
    """
    looks = LOOKS.get(status)
    if looks is None or not reason or looks.tone != "bad":
        return looks
    return Delivery(looks.icon, looks.tone, looks.words, reason)
