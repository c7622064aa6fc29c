"""Celery's way to the imports. A task carries a job's id; the row says what is to be done."""

from celery import shared_task
from django.db import InterfaceError, OperationalError

from funnel_site.imports.services import run
from funnel_site.imports.services import sweep as sweep_service

LONGEST = 6 * 3600


@shared_task(
    name="funnel_site.imports.tasks.run_import",
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
    time_limit=LONGEST,
    soft_time_limit=LONGEST - 60,
)
def run_import(job_id: int) -> str:
    """Check or apply one import; a second delivery of the task finds it claimed and leaves."""
    return run(job_id=job_id)


@shared_task(name="funnel_site.imports.tasks.sweep_imports")
def sweep_imports() -> int:
    """Remove files whose time is over, start forgotten imports again. From beat."""
    return sweep_service()
