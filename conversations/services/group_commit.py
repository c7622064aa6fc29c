"""Group commit: deliveries that arrive together at one web process share one INSERT and one commit.

Nobody is told yes before the commit that holds his row. A thread that finds another one writing
waits; the next writer takes everything that has gathered meanwhile. The busier the door, the more
deliveries share a commit (DeWitt et al., Implementation Techniques for Main Memory Database
Systems, SIGMOD 1984, section 5).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils.timezone import now

from conversations.services.inbox import Delivery, Stored, store_deliveries

MOST_TOGETHER = 200
"""Rows of one INSERT: far below the parameters that either database takes."""


def _taken_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False, slots=True)
class _Waiting:
    source: str
    delivery: Delivery
    turn: threading.Lock = field(default_factory=_taken_lock)
    stored: Stored | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.stored is not None or self.error is not None


class GroupCommit:
    """The waiting line of one process: one thread writes, the others wait for their result or their turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: list[_Waiting] = []
        self._is_writing = False

    def store(self, *, source: str, delivery: Delivery) -> Stored:
        """Keep one delivery, together with whatever waits; raises what its own INSERT raises."""
        if connection.in_atomic_block:
            # The caller's transaction is his own: others' rows must not hang on its end.
            return _store_one(source, delivery)
        mine = _Waiting(source, delivery)
        with self._lock:
            self._line.append(mine)
            must_wait, self._is_writing = self._is_writing, True
        if must_wait:
            mine.turn.acquire()
        if not mine.is_done:
            self._write()
        if mine.error:
            raise mine.error
        assert mine.stored
        return mine.stored

    def _write(self) -> None:
        """Write for the head of the line, give each its result, and the turn to who is first then."""
        with self._lock:
            taken = self._line[:MOST_TOGETHER]
            del self._line[: len(taken)]
        try:
            for source in dict.fromkeys(one.source for one in taken):
                _store_together(source, [one for one in taken if one.source == source])
        finally:
            with self._lock:
                following = self._line[:1]
                self._is_writing = bool(following)
            for one in taken:
                if not one.is_done:
                    one.error = OperationalError("the thread that wrote for this one was stopped")
                one.turn.release()
            for one in following:
                one.turn.release()


def _store_one(source: str, delivery: Delivery) -> Stored:
    [stored] = store_deliveries(source=source, deliveries=[delivery], received_at=now())
    return stored


def _store_together(source: str, waiting: Sequence[_Waiting]) -> None:
    """One statement for all; if it fails for what one of them holds, one statement each."""
    try:
        stored = store_deliveries(
            source=source, deliveries=[one.delivery for one in waiting], received_at=now()
        )
    except (OperationalError, InterfaceError) as error:
        for one in waiting:
            one.error = error
    except (DatabaseError, ValueError):
        for one in waiting:
            _try_alone(one)
    else:
        for one, result in zip(waiting, stored, strict=True):
            one.stored = result


def _try_alone(one: _Waiting) -> None:
    try:
        one.stored = _store_one(one.source, one.delivery)
    except (DatabaseError, ValueError) as error:
        one.error = error


inbox_commits = GroupCommit()
