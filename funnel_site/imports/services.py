"""Every write of the imports' table, and of their files.

A file is checked to its end in parts, each tried in a transaction that is taken back; once its owner
has confirmed it is applied in one transaction, which also says that it is done: a worker that dies
leaves nothing, and the next one begins anew. A lost start costs a minute, for the sweep finds the job.
"""

import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import override

from funnel_site.imports.applying import RefusedError, WrongError, apply, check
from funnel_site.imports.beating import StoppedError, write
from funnel_site.imports.models import ImportJob
from funnel_site.imports.previewed import remove_previewed
from funnel_site.imports.tally import Tally
from funnel_site.lib.background import begin
from funnel_site.lib.marking import marked

logger = structlog.get_logger(__name__)

TASK = "funnel_site.imports.tasks.run_import"
SILENCE = timedelta(seconds=90)
FORGOTTEN_AFTER = timedelta(seconds=30)
MOST_ATTEMPTS = 5
MOST_OF_A_PERSON = 3
State = ImportJob.State
_one_at_a_time = threading.Lock()


def hand_in(
    *, user: Any, report: str, file: Any, format: str, rows: int, language: str
) -> ImportJob:
    """Keep a file and have it checked. Raises RefusedError where the person has too many on the way."""
    unfinished = ImportJob.objects.filter(user=user, state__in=ImportJob.UNFINISHED)
    if unfinished.count() >= MOST_OF_A_PERSON:
        raise RefusedError(
            _("You have %d imports on the way: wait for one, or cancel it.") % MOST_OF_A_PERSON
        )
    moment = now()
    job = ImportJob(
        user=user,
        who=user.get_username(),
        report=report,
        name=str(file.name)[-200:],
        format=format,
        language=language,
        rows_total=rows,
        asked_at=moment,
        expires_at=moment + timedelta(hours=settings.IMPORT_KEEP_HOURS),
    )
    job.file = default_storage.save(f"imports/{job.token}.{format}", file)
    job.save()
    start(job_id=job.pk)
    return job


def confirm(*, job: ImportJob) -> bool:
    """Have a checked file applied; False where it is no longer there to be confirmed."""
    moment = now()
    checked = ImportJob.objects.filter(pk=job.pk, state=State.CHECKED, expires_at__gt=moment)
    if not checked.update(state=State.CONFIRMED, confirmed_at=moment, rows_done=0, attempts=0):
        return False
    start(job_id=job.pk)
    return True


def cancel(*, job: ImportJob) -> bool:
    """Stop a job that is not finished: nothing of it stays. False where it was too late."""
    states = (State.CHECKED, *ImportJob.UNFINISHED)
    stopped = ImportJob.objects.filter(pk=job.pk, state__in=states)
    if not stopped.update(state=State.CANCELLED, finished_at=now()):
        return False
    drop_files(job_id=job.pk)
    return True


@transaction.atomic
def withdraw_all(*, reason: Any) -> int:
    """Withdraw what has not ended, previews and lists of errors, whatever they hold; how many jobs.

    For an erasure: who is in a file nobody knows without opening it. What is being applied is taken
    back. `reason`, words to be translated, is shown to the owners in their languages.
    """
    unfinished = Q(state__in=(State.CHECKED, *ImportJob.UNFINISHED))
    told = ImportJob.objects.filter(unfinished | (Q(state=State.WRONG) & ~Q(errors_file="")))
    jobs = {job.pk: job for job in told.only("language").order_by("pk").select_for_update()}
    moment = now()
    for language in sorted({job.language for job in jobs.values()}):
        with override(language):
            words = str(reason)[:300]
        theirs = ImportJob.objects.filter(pk__in=jobs, language=language)
        theirs.update(reason=words, tally={}, expires_at=moment)
        theirs.filter(unfinished).update(state=State.CANCELLED, finished_at=moment)
    transaction.on_commit(lambda: _drop_all(jobs), robust=True)
    return len(jobs)


def _drop_all(keys: Iterable[int]) -> None:
    """What is left of it when it breaks off goes with the next sweep."""
    for key in keys:
        with suppress(ImportJob.DoesNotExist):
            drop_files(job_id=key)
    remove_previewed(before=now())


def start(*, job_id: int) -> None:
    """Have a job taken on once this transaction is committed: by a worker, or without a broker here."""
    begin(task=TASK, job_id=job_id, here=_run_and_sweep)


def _run_and_sweep(job_id: int) -> None:
    """Without a broker there is no beat, either; and SQLite, which such sites have, takes one writer."""
    with _one_at_a_time:
        run(job_id=job_id)
    sweep()


def run(*, job_id: int) -> str:
    """Check a job's file, or apply it; returns the state it is in then. Another's is left alone."""
    job = _claimed(job_id)
    if job is not None:
        try:
            with override(job.language):
                _check(job) if job.state == State.CHECKING else _apply(job)
        except StoppedError:
            logger.info("an import was stopped", job_id=job_id)
        except RefusedError as refusal:
            _end(job, State.FAILED, str(refusal))
        except (OperationalError, InterfaceError):
            # The database was away or busy: as it is now, the sweep finds the job.
            raise
        except Exception as error:
            logger.exception("an import failed", job_id=job_id)
            # The kind of error alone: its words may hold a number or a name.
            _end(job, State.FAILED, marked("It broke off (%(error)s).", error=type(error).__name__))
    return ImportJob.objects.values_list("state", flat=True).get(pk=job_id)


def _claimed(job_id: int) -> ImportJob | None:
    """The job, ours now; None where it is somebody else's or nothing is to be done for it."""
    moment = now()
    free = Q(state__in=ImportJob.TO_DO) | Q(
        state__in=ImportJob.AT_WORK, heartbeat_at__lt=moment - SILENCE
    )
    runner = uuid4().hex
    becomes = Case(
        When(state__in=(State.WAITING, State.CHECKING), then=Value(State.CHECKING.value)),
        default=Value(State.APPLYING.value),
    )
    taken = ImportJob.objects.filter(free, pk=job_id).update(
        state=becomes, runner=runner, heartbeat_at=moment, rows_done=0, attempts=F("attempts") + 1
    )
    if not taken:
        return None
    job = ImportJob.objects.select_related("user").get(pk=job_id)
    if job.attempts > MOST_ATTEMPTS:
        with override(job.language):
            words = _("It broke off %d times. Hand in smaller files.")
            _end(job, State.FAILED, words % MOST_ATTEMPTS)
        return None
    return job


def _check(job: ImportJob) -> None:
    tally, errors = check(job)
    if tally.is_wrong:
        _note_wrong(job, tally, errors)
        return
    write(
        job,
        state=State.CHECKED,
        tally=tally.kept(),
        rows_total=tally.total_rows,
        rows_done=tally.total_rows,
        **_counted(tally),
    )


def _apply(job: ImportJob) -> None:
    """The whole file, or none of it: what went wrong since the check is listed as the check would."""
    try:
        with transaction.atomic():
            tally = apply(job)
            # An erasure that withdraws the job may wait for these rows: nobody waits for it in turn.
            ImportJob.objects.select_for_update(nowait=True).get(pk=job.pk)
            rows = {"rows_done": tally.total_rows, **_counted(tally)}
            write(job, state=State.DONE, finished_at=now(), tally={}, **rows)
    except WrongError as wrong:
        _note_wrong(job, wrong.tally, wrong.errors)
        return
    _drop(job.pk, "file")


def _note_wrong(job: ImportJob, tally: Tally, errors: str) -> None:
    """The file goes at once, the list of its errors when its time is over."""
    try:
        write(
            job,
            state=State.WRONG,
            finished_at=now(),
            errors_file=errors,
            tally=tally.kept(),
            rows_total=tally.total_rows,
            rows_done=tally.total_rows,
            rows_wrong=tally.wrong,
            **_counted(tally),
        )
    except StoppedError:
        default_storage.delete(errors)
        raise
    _drop(job.pk, "file")


def _counted(tally: Tally) -> dict[str, int]:
    return {
        "rows_new": tally.totals["new"],
        "rows_changed": tally.totals["update"],
        "rows_same": tally.totals["skip"],
    }


def _end(job: ImportJob, state: str, reason: str) -> None:
    with suppress(StoppedError):
        write(job, state=state, reason=reason[:300], finished_at=now(), tally={})
        drop_files(job_id=job.pk)


def drop_files(*, job_id: int) -> None:
    """Remove what was handed in, the list of its errors, and what was kept to be shown."""
    _drop(job_id, "file", "errors_file")
    ImportJob.objects.filter(pk=job_id).update(tally={})


def _drop(job_id: int, *columns: str) -> None:
    """The row forgets a file after it is gone: one that is broken off is found again by the sweep."""
    names = ImportJob.objects.values(*columns).get(pk=job_id)
    for name in filter(None, names.values()):
        default_storage.delete(name)
    ImportJob.objects.filter(pk=job_id).update(**dict.fromkeys(columns, ""))


def sweep() -> int:
    """Remove files whose time is over, start forgotten jobs again; returns how many jobs were tidied."""
    moment = now()
    remove_previewed(before=moment - timedelta(hours=settings.IMPORT_KEEP_HOURS))
    over = ImportJob.objects.filter(
        Q(state=State.CHECKED) | (Q(state=State.WRONG) & ~Q(errors_file="")),
        expires_at__lte=moment,
    )
    keys = list(over.values_list("pk", flat=True)[:1_000])
    ImportJob.objects.filter(pk__in=keys, state=State.CHECKED).update(
        state=State.EXPIRED, finished_at=moment
    )
    ended = ~Q(state__in=(State.CHECKED, State.WRONG, *ImportJob.UNFINISHED))
    # One that broke off between its end and its files has its files still.
    left = ImportJob.objects.filter(ended & (~Q(file="") | ~Q(errors_file="")))
    for key in {*keys, *left.values_list("pk", flat=True)[:1_000]}:
        with suppress(ImportJob.DoesNotExist):
            drop_files(job_id=key)
    silent = Q(state__in=ImportJob.AT_WORK, heartbeat_at__lt=moment - SILENCE) | Q(
        state__in=ImportJob.TO_DO, asked_at__lt=moment - FORGOTTEN_AFTER
    )
    for job_id in ImportJob.objects.filter(silent).values_list("pk", flat=True)[:100]:
        start(job_id=job_id)
    return len(keys)
