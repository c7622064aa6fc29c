"""Celery tells when a task begins and ends; the last run of each is kept. Tasks with an id are many
and have rows of their own: they are left out."""

import time
from datetime import datetime
from typing import Any

import structlog
from celery.signals import task_failure, task_postrun, task_prerun
from django.db import DatabaseError
from django.db.models import F
from django.utils.timezone import now

from operations.models import TaskRun

logger = structlog.get_logger(__name__)
State = TaskRun.State
_begun: dict[str, tuple[datetime, float]] = {}
_failed: dict[str, str] = {}


def connect() -> None:
    task_prerun.connect(on_begin, weak=False, dispatch_uid="operations begin")
    task_failure.connect(on_failure, weak=False, dispatch_uid="operations failure")
    task_postrun.connect(on_end, weak=False, dispatch_uid="operations end")


def on_begin(task_id: str = "", task: Any = None, args: Any = (), **_: Any) -> None:
    if args:
        return
    _begun[task_id] = now(), time.monotonic()
    _write(
        TaskRun(task=task.name, state=State.RUNNING, started_at=_begun[task_id][0]),
        ["state", "started_at"],
    )


def on_failure(task_id: str = "", exception: Any = None, **_: Any) -> None:
    if task_id in _begun:
        # The kind of error alone: its words may hold a number or a text.
        _failed[task_id] = type(exception).__name__


def on_end(
    task_id: str = "", task: Any = None, retval: Any = None, state: str = "", **_: Any
) -> None:
    if task_id not in _begun:
        return
    started_at, began = _begun.pop(task_id)
    error = _failed.pop(task_id, "")
    is_done = state != "FAILURE" and not error
    run = TaskRun(
        task=task.name,
        state=State.DONE if is_done else State.FAILED,
        started_at=started_at,
        finished_at=now(),
        seconds=round(time.monotonic() - began, 3),
        answer=str(retval)[:200] if isinstance(retval, int | float | str) and is_done else "",
        error=error[:300],
    )
    _write(run, ["state", "started_at", "finished_at", "seconds", "answer", "error"])
    try:
        rows = TaskRun.objects.filter(task=task.name)
        rows.update(failures=0 if is_done else F("failures") + 1)
    except DatabaseError:
        logger.warning("a task's end could not be noted", task=task.name)


def _write(run: TaskRun, columns: list[str]) -> None:
    try:
        TaskRun.objects.bulk_create(
            [run], update_conflicts=True, unique_fields=["task"], update_fields=columns
        )
    except DatabaseError:
        # The record of the work must not stop the work.
        logger.warning("a task's run could not be noted", task=run.task)
