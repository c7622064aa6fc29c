"""How the delivery of a message is shown to staff: an icon, a colour and words, never colour alone."""

from dataclasses import dataclass, replace

from funnel_site.lib.marking import marked


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a transcript shows under a message of ours. `tone` is a class of the style sheet."""

    icon: str
    tone: str
    words: str
    reason: str = ""


ON_ITS_WAY = Delivery("schedule", "waiting", marked("Sending"))
UNKNOWN = Delivery(
    "help",
    "bad",
    marked("Unknown"),
    marked("it may have left, or not; ask before you send it again"),
)
"""Of an attempt whose answer never came."""


def unknown(looked: str) -> Delivery:
    """The same, with what came of looking for it in Twilio's list, where that was done."""
    return replace(UNKNOWN, reason=looked) if looked.startswith("it may") else UNKNOWN


LOOKS = {
    "scheduled": Delivery("event", "waiting", marked("Scheduled")),
    "accepted": ON_ITS_WAY,
    "queued": ON_ITS_WAY,
    "sending": ON_ITS_WAY,
    "sent": Delivery("check", "waiting", marked("Sent")),
    "canceled": Delivery("block", "bad", marked("Cancelled")),
    "failed": Delivery("error", "bad", marked("Failed")),
    "undelivered": Delivery("error", "bad", marked("Not delivered")),
    "partially_delivered": Delivery("done", "waiting", marked("Delivered in part")),
    "delivered": Delivery("done_all", "done", marked("Delivered")),
    "read": Delivery("done_all", "read", marked("Read")),
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
