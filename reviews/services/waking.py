"""Waking whoever sends invitations. Losing a wake-up costs seconds: beat calls every few seconds."""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import transaction

logger = structlog.get_logger(__name__)

SEND_TASK = "reviews.tasks.send_invitations"
IN_PROCESS = 10
"""Sent at once where no worker is there; `manage.py send_invitations` sends the rest."""


def wake_inviter_after_commit(send: Callable[..., int]) -> None:
    """Have waiting invitations sent once they are committed."""
    transaction.on_commit(lambda: _wake(send), robust=True)


def _wake(send: Callable[..., int]) -> None:
    if not settings.CELERY_BROKER_URL:
        send(most=IN_PROCESS)
        return
    from celery import current_app

    try:
        current_app.send_task(SEND_TASK, retry=False, ignore_result=True)
    except Exception:
        logger.warning("broker not reached; beat will find what waits", exc_info=True)
