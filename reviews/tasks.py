"""Celery's way to the invitations. The task carries no data: the rows say what is to be done."""

from celery import shared_task
from django.db import InterfaceError, OperationalError

from reviews.services.inviting import send_invitations as send_invitations_service


@shared_task(
    name="reviews.tasks.send_invitations",
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=3,
)
def send_invitations() -> int:
    """Send what the campaigns' rates leave. Called by beat every five seconds."""
    return send_invitations_service()
