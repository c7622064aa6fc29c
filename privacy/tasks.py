"""Celery's way to what goes for its age."""

from celery import shared_task

from privacy.retention import purge as purge_service


@shared_task(name="privacy.tasks.purge", time_limit=6 * 3600, soft_time_limit=6 * 3600 - 60)
def purge() -> int:
    """Drop what RETENTION_DAYS says is old enough; returns how many bodies and files. From beat."""
    return sum(one.bodies + one.files for one in purge_service())
