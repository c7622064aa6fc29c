"""Celery's way to partners' files. A task carries a file's id; the row says what is to be done.

A task that outlives the broker's patience is delivered once more: the second finds the file claimed
and leaves. So the time limit may be longer than the visibility time-out.
"""

from celery import shared_task
from django.db import InterfaceError, OperationalError

from carddata.services.claiming import BusyError
from carddata.services.dropping import sweep_drop as sweep_drop_service
from carddata.services.importing import run
from carddata.services.partners import apply_partner as apply_partner_service
from carddata.services.starting import forgotten_files

LONGEST = 6 * 3600


@shared_task(
    name="carddata.tasks.work_on_file",
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
    time_limit=LONGEST,
    soft_time_limit=LONGEST - 60,
)
def work_on_file(file_id: int) -> str:
    """Import, cancel or undo one file, whichever its row asks for; returns its state."""
    try:
        return run(file_id=file_id).state
    except BusyError:
        return "busy"


@shared_task(
    name="carddata.tasks.sweep_drop",
    time_limit=LONGEST,
    soft_time_limit=LONGEST - 60,
)
def sweep_drop() -> int:
    """Take what lies whole in the watched folder; returns how many files went in. From beat."""
    return len(sweep_drop_service().imported)


@shared_task(name="carddata.tasks.resume_forgotten_files")
def resume_forgotten_files() -> int:
    """Give files whose worker or whose task was lost to the workers again. From beat."""
    forgotten = forgotten_files()
    for file_id in forgotten:
        work_on_file.delay(file_id)
    return len(forgotten)


@shared_task(
    name="carddata.tasks.apply_partner",
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=True,
    max_retries=5,
    time_limit=LONGEST,
    soft_time_limit=LONGEST - 60,
)
def apply_partner(partner_id: int) -> int:
    """Give a partner's stored events the statuses that its settings now say; returns how many changed."""
    return apply_partner_service(partner_id=partner_id)
