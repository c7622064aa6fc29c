"""Celery's way to the inbox. Tasks carry no data: the rows say what is to be done."""

from celery import shared_task
from django.db import InterfaceError, OperationalError

from conversations.services import archiving, attachments, lifecycle, posting, reconciling, statuses
from conversations.services.drain import drain_inbox as drain_inbox_service

LONGEST = 3 * 3600


@shared_task(
    name="conversations.tasks.drain_inbox",
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=3,
)
def drain_inbox() -> int:
    """Drain what waits. Rung for after each delivery, and by beat for what a lost ring left."""
    return drain_inbox_service()


@shared_task(name="conversations.tasks.send_room")
def send_room(room_id: int) -> int:
    """Send what is owed in a room, right after it was written."""
    return posting.send_room(room_id)


@shared_task(name="conversations.tasks.send_owed")
def send_owed() -> int:
    """Send what is due anywhere: what has to be tried again, and what a lost wake-up left."""
    return posting.send_owed()


@shared_task(name="conversations.tasks.settle_statuses")
def settle_statuses() -> int:
    """Apply parked statuses whose message has appeared; forget those whose never will."""
    applied = statuses.apply_parked()
    statuses.forget_orphans()
    return applied


@shared_task(name="conversations.tasks.reconcile_statuses", time_limit=1_200, soft_time_limit=1_140)
def reconcile_statuses() -> int:
    """Ask Twilio after messages of which nothing final was heard. Called by beat."""
    return reconciling.reconcile_statuses().moved


@shared_task(name="conversations.tasks.wake_snoozed")
def wake_snoozed() -> int:
    """Open the rooms that were snoozed until now."""
    return lifecycle.wake_snoozed()


@shared_task(name="conversations.tasks.fetch_attachment")
def fetch_attachment(attachment_id: int) -> None:
    """Fetch a file that a customer sent, when staff have asked for it."""
    attachments.fetch_attachment(attachment_id)


@shared_task(
    name="conversations.tasks.archive_raw", time_limit=LONGEST, soft_time_limit=LONGEST - 60
)
def archive_raw() -> int:
    """Move the bodies of old deliveries to the archive. Called by beat once a night."""
    return archiving.archive_raw()
