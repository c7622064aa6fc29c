"""Starting, pausing and resuming what runs."""

import threading

import structlog
from celery import current_app
from django.conf import settings
from django.db import close_old_connections, connection
from django.utils.translation import gettext
from django_celery_beat.models import PeriodicTask

logger = structlog.get_logger(__name__)


class NotStartedError(Exception):
    """The task cannot be started now. The message says why."""


def known_tasks() -> set[str]:
    """The tasks that may be started by name: those that have a schedule."""
    own = {str(entry["task"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    return own | set(PeriodicTask.objects.values_list("task", flat=True))


def run_now(*, task: str) -> None:
    """Start a scheduled task once, beside its schedule; raises NotStartedError.

    With a broker a worker takes it; without one a thread of this process does.
    """
    # A web process has read no task until it needs one.
    current_app.loader.import_default_modules()
    if task not in known_tasks() or task not in current_app.tasks:
        raise NotStartedError(gettext("There is no such task."))
    if not settings.CELERY_BROKER_URL:
        threading.Thread(target=_run_here, args=[task], name=task, daemon=True).start()
        return
    try:
        current_app.send_task(task, retry=False, ignore_result=True)
    except Exception as error:
        logger.warning("broker not reached", task=task, exc_info=True)
        raise NotStartedError(
            gettext("The broker does not answer: try again in a minute.")
        ) from error


def _run_here(task: str) -> None:
    close_old_connections()
    try:
        current_app.tasks[task].apply()
    finally:
        connection.close()


def set_schedule(*, schedule_id: int, is_on: bool) -> bool:
    """Pause or resume a schedule; False where it is gone. Beat notices within seconds."""
    row = PeriodicTask.objects.filter(pk=schedule_id).first()
    if row is None:
        return False
    row.enabled = is_on
    row.save()
    return True
