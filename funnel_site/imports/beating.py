"""Telling the job's row that the work goes on, also from within the one long transaction of a file."""

import threading
from types import TracebackType
from typing import Self

import structlog
from django.db import DatabaseError, connection
from django.utils.timezone import now

from funnel_site.imports.models import ImportJob

logger = structlog.get_logger(__name__)
BEAT = 1.0


class StoppedError(Exception):
    """The job was cancelled, or another worker has it."""


def write(job: ImportJob, **values: object) -> None:
    """Change the row of a job that is ours; raises StoppedError where it no longer is."""
    mine = ImportJob.objects.filter(pk=job.pk, state=job.state, runner=job.runner)
    if not mine.update(heartbeat_at=now(), **values):
        raise StoppedError


class Beating:
    """Beats from a thread with a connection of its own while the with-statement lasts.

    What the file's transaction writes nobody sees before its end. SQLite takes no second writer
    beside it: there the row stays as it was, and the file's lock keeps others off.
    """

    def __init__(self, job: ImportJob) -> None:
        self.job, self.done, self.is_stopped = job, 0, False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        if connection.vendor == "postgresql":
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def watch(self, done: int) -> None:
        self.done = done
        if self.is_stopped:
            raise StoppedError

    def _beat(self) -> None:
        try:
            while not self._ended.wait(BEAT):
                try:
                    write(self.job, rows_done=self.done)
                except StoppedError:
                    self.is_stopped = True
                    return
                except DatabaseError:
                    logger.warning("an import could not tell how far it is", exc_info=True)
        finally:
            connection.close()
