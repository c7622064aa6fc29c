"""Celery's way to the exports. A task carries a job's id; the row says what is to be made."""

from celery import shared_task
from django.db import InterfaceError, OperationalError

from funnel_site.exports.services import run
from funnel_site.exports.services import sweep as sweep_service

LONGEST = 6 * 3600


@shared_task(
    name="funnel_site.exports.tasks.make_export",
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
    time_limit=LONGEST,
    soft_time_limit=LONGEST - 60,
)
def make_export(job_id: int) -> str:
    """Make one export; a second delivery of the task finds it claimed and leaves."""
    return run(job_id=job_id)


@shared_task(name="funnel_site.exports.tasks.sweep_exports")
def sweep_exports() -> int:
    """Remove expired files, start forgotten exports again; returns how many files went. From beat."""
    return sweep_service()
