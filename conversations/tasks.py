"""Celery's way to the inbox. Tasks carry no data: the rows say what is to be done."""

from celery import shared_task
from django.db import InterfaceError, OperationalError

from conversations.services.drain import drain_inbox as drain_inbox_service


@shared_task(
    name="conversations.tasks.drain_inbox",
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=3,
)
def drain_inbox() -> int:
    """Drain what waits. Rung for after each delivery, and by beat for what a lost ring left."""
    return drain_inbox_service()
