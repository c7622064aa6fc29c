"""A room's states: which may follow which, and until when a room may sleep. Values in, values out.

`open`: somebody of ours is to answer. `pending`: the bot has it, or we wait for something else.
`snoozed`: set aside until a time, or until the customer writes. `resolved`: done.
"""

from datetime import datetime, time, timedelta

from django.utils.translation import gettext_lazy as _

OPEN, PENDING, SNOOZED, RESOLVED = "open", "pending", "snoozed", "resolved"
MOVES: dict[str, frozenset[str]] = {
    OPEN: frozenset({PENDING, SNOOZED, RESOLVED}),
    PENDING: frozenset({OPEN, SNOOZED, RESOLVED}),
    # Again, with another time.
    SNOOZED: frozenset({OPEN, PENDING, SNOOZED, RESOLVED}),
    RESOLVED: frozenset({OPEN}),
}
SNOOZES = (
    ("reply", _("Until they write")),
    ("1h", _("For an hour")),
    ("4h", _("For 4 hours")),
    ("tomorrow", _("Until tomorrow, 9:00")),
    ("monday", _("Until next Monday, 9:00")),
)
MORNING = time(9)


def may_move(before: str, after: str) -> bool:
    """Whether staff may bring a room from one state to the other.

    >>> may_move("open", "resolved"), may_move("resolved", "snoozed"), may_move("resolved", "resolved")
    (True, False, False)
    """
    return after in MOVES.get(before, frozenset())


def wakes_at(choice: str, at: datetime) -> datetime | None:
    """When a room that is snoozed at a (local, aware) moment wakes; None: when the customer writes.

    >>> wakes_at("tomorrow", datetime(2025, 4, 4, 23, 30)), wakes_at("monday", datetime(2025, 4, 7, 8))
    (datetime.datetime(2025, 4, 5, 9, 0), datetime.datetime(2025, 4, 14, 9, 0))
    """
    if choice in ("1h", "4h"):
        return at + timedelta(hours=int(choice[0]))
    days = {"tomorrow": 1, "monday": 7 - at.weekday()}.get(choice)
    if days is None:
        return None
    return datetime.combine(at.date() + timedelta(days=days), MORNING, tzinfo=at.tzinfo)
