"""What an agent saw of a room before they pressed a button: it travels through the page as a text."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSeen:
    """A room's key, its assignee's key, its version and the time of its last message in µs.

    Without a version or a time, what they stand for is not compared.
    """

    room: int
    holder: int | None = None
    version: int | None = None
    last: int | None = None

    @classmethod
    def of(cls, room: Any) -> Self:
        return cls(
            room=room.pk,
            holder=room.assigned_to_id,
            version=room.version,
            last=(room.last_message_at - EPOCH) // MICROSECOND if room.last_message_at else 0,
        )

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From its text; None where that names no room.

        >>> RoomSeen.read("7:3:12:99").version, RoomSeen.read("7:").holder, RoomSeen.read("x")
        (12, None, None)
        """
        parts = [_number(part) for part in (*text.split(":"), "", "", "")[:4]]
        room = parts[0]
        if room is None:
            return None
        return cls(room=room, holder=parts[1], version=parts[2], last=parts[3])

    @property
    def text(self) -> str:
        """As `read` takes it.

        >>> RoomSeen(room=7, version=2, last=0).text
        '7::2:0'
        """
        parts = (self.room, self.holder, self.version, self.last)
        return ":".join("" if part is None else str(part) for part in parts)

    def differs_from(self, room: Any) -> bool:
        """Whether the room has another assignee, or has been changed or written to since."""
        current = RoomSeen.of(room)
        return (
            self.holder != current.holder
            or self.version not in (None, current.version)
            or self.last not in (None, current.last)
        )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None
