"""Where partners contradict each other about a card. Decisions only: events in, words out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from carddata.statuses import TERMINAL, Status

ON_THE_WAY = frozenset({Status.GENERATED, Status.PICKED_UP, Status.IN_TRANSIT})


class Step(Protocol):
    """What of an event is looked at."""

    @property
    def status(self) -> str: ...
    @property
    def occurred_at(self) -> datetime: ...


def find_conflict(newest_first: Sequence[Step]) -> str:
    """Why the current status may be doubted, as a code; empty where nothing speaks against it.

    `same_instant`: another status is claimed of the very time of the current one.
    `moved_after_end`: after a delivery or a return the card is said to have set out again, which a
    wrong clock or swapped day and month explain better. A return after a delivery is no conflict.
    """
    if not newest_first:
        return ""
    current = newest_first[0]
    if any(
        one.occurred_at == current.occurred_at and one.status != current.status
        for one in newest_first[1:]
    ):
        return "same_instant"
    if current.status in ON_THE_WAY and any(one.status in TERMINAL for one in newest_first[1:]):
        return "moved_after_end"
    return ""
