"""How the webhooks answer, counted in memory: a delivery pays for an addition and not for a statement.

Each process keeps its own counts by door and ten minutes, and now and then writes them over its rows;
the page adds up all processes. What a killed process had not written yet nobody knows.
"""

import os
import threading
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils.timezone import now

from operations.models import DoorCount

logger = structlog.get_logger(__name__)
SLOT = timedelta(minutes=10)
FLUSH_EVERY = 10.0
KEPT = timedelta(days=2)
# Milliseconds; what takes longer than the last is in a bucket of its own.
BOUNDS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 2_000, 5_000, 10_000)  # fmt: skip


@dataclass(slots=True)
class Count:
    """The answers of one door in one slot: how many of each status, and how long they took."""

    answers: Counter[str] = field(default_factory=Counter)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))


class Doors:
    """The counts of this process. A forked one begins its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._pid, self.process = os.getpid(), uuid4().hex[:12]
        self._counts: dict[tuple[str, datetime], Count] = {}
        self._changed: set[tuple[str, datetime]] = set()
        self._is_watched = False

    def note(self, door: str, status: int, seconds: float) -> None:
        """Count one answer. The first of a process starts the thread that writes."""
        slot = slot_of(now())
        with self._lock:
            if self._pid != os.getpid():
                self._begin()
            count = self._counts.setdefault((door, slot), Count())
            count.answers[str(status)] += 1
            count.buckets[bisect_left(BOUNDS, seconds * 1_000)] += 1
            self._changed.add((door, slot))
            must_watch = settings.DOOR_COUNTS_WRITTEN and not self._is_watched
            self._is_watched = self._is_watched or must_watch
        if must_watch:
            threading.Thread(target=self._watch, name="door counts", daemon=True).start()

    def flush(self) -> int:
        """Write what has changed over this process's rows; returns how many rows."""
        moment = now()
        with self._lock:
            changed, self._changed = self._changed, set()
            rows = [
                DoorCount(
                    door=door,
                    slot=slot,
                    process=self.process,
                    answers=dict(self._counts[door, slot].answers),
                    buckets=list(self._counts[door, slot].buckets),
                )
                for door, slot in sorted(changed)
            ]
            past = [key for key in self._counts if key[1] < slot_of(moment)]
        try:
            DoorCount.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["door", "slot", "process"],
                update_fields=["answers", "buckets"],
            )
            if past:
                DoorCount.objects.filter(slot__lt=moment - KEPT).delete()
        except (DatabaseError, InterfaceError):
            with self._lock:
                self._changed |= changed
            raise
        with self._lock:
            for key in set(past) - self._changed:
                del self._counts[key]
        return len(rows)

    def _watch(self) -> None:
        while True:
            time.sleep(FLUSH_EVERY)
            try:
                if self._changed:
                    self.flush()
            except (DatabaseError, InterfaceError):
                logger.warning("how the doors answer could not be written", exc_info=True)
            finally:
                connection.close()


def slot_of(moment: datetime) -> datetime:
    """The beginning of the ten minutes that a moment lies in."""
    return moment.replace(minute=moment.minute // 10 * 10, second=0, microsecond=0)


def percentile(buckets: list[int], share: float) -> int | None:
    """Milliseconds within which this share was answered: a bucket's upper end; None beyond the last.

    >>> percentile([98, 1, 0, 1] + [0] * 18, 0.99)
    2
    """
    wanted, seen = sum(buckets) * share, 0
    for bound, number in zip(BOUNDS, buckets, strict=False):
        seen += number
        if seen >= wanted:
            return bound
    return None


doors = Doors()
