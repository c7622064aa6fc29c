"""A job that has a row of its own, taken on after the commit: by a worker, or without a broker here."""

import threading
from collections.abc import Callable

import structlog
from celery import current_app
from django.conf import settings
from django.db import close_old_connections, connection, transaction

logger = structlog.get_logger(__name__)


def begin(*, task: str, job_id: int, here: Callable[[int], object]) -> None:
    """Send the task with the job's id, or do `here` in a thread. A sweep finds what this loses."""
    transaction.on_commit(lambda: _begin(task, job_id, here), robust=True)


def _begin(task: str, job_id: int, here: Callable[[int], object]) -> None:
    if not settings.CELERY_BROKER_URL:
        name = f"{task} {job_id}"
        threading.Thread(target=_do, args=[here, job_id], name=name, daemon=True).start()
        return
    try:
        current_app.send_task(task, args=[job_id], retry=False, ignore_result=True)
    except Exception:
        logger.warning("broker not reached; the sweep will find the job", task=task, exc_info=True)


def _do(here: Callable[[int], object], job_id: int) -> None:
    close_old_connections()
    try:
        here(job_id)
    except Exception:
        logger.exception("a job failed", job_id=job_id)
    finally:
        connection.close()
