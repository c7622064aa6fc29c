"""WhatsApp's service window: free text may be sent within 24 hours of the customer's last message.

Source: Twilio, "WhatsApp messaging rules": outside the window only approved templates go through,
and free text fails with error 63016.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When a customer last wrote to us, and until when free text may answer."""

    last_inbound_at: datetime | None
    now: datetime

    @property
    def closes_at(self) -> datetime | None:
        return self.last_inbound_at and self.last_inbound_at + WINDOW

    @property
    def is_open(self) -> bool:
        return self.closes_at is not None and self.now < self.closes_at

    @property
    def time_left(self) -> timedelta:
        """How long it stays open; nothing where it is closed."""
        return self.closes_at - self.now if self.is_open and self.closes_at else timedelta(0)
