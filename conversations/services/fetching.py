"""Having a customer's file fetched: by a worker where there is one, else at once."""

import structlog
from django.conf import settings

from conversations.services.attachments import fetch_attachment

logger = structlog.get_logger(__name__)

FETCH_TASK = "conversations.tasks.fetch_attachment"


def request_fetch(attachment_id: int) -> bool:
    """Whether it is on its way or done; False where no worker could be told. May be repeated."""
    if not settings.CELERY_BROKER_URL:
        fetch_attachment(attachment_id)
        return True
    from celery import current_app

    try:
        current_app.send_task(FETCH_TASK, args=[attachment_id], retry=False, ignore_result=True)
    except Exception:
        logger.warning("broker not reached; the file is not fetched", exc_info=True)
        return False
    return True
