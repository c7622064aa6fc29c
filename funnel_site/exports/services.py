"""Every write of the exports' table, and of their files.

A job is claimed, made and put in place by compare-and-swap: one that was cancelled meanwhile, or
taken over, throws its file away. A lost start costs a minute, for the sweep finds the job.
"""

import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import override

from funnel_site.access.approvals import ApprovalError, refuse
from funnel_site.exports import leaves
from funnel_site.exports import wanted as asked
from funnel_site.exports.models import ExportJob
from funnel_site.exports.signals import made_in_full
from funnel_site.exports.writing import parts_of
from funnel_site.lib.background import begin
from funnel_site.lib.marking import marked

logger = structlog.get_logger(__name__)

TASK = "funnel_site.exports.tasks.make_export"
SILENCE = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(seconds=30)
BEAT = 0.5
ROUNDS = 3
State = ExportJob.State


class StoppedError(Exception):
    """The job was cancelled, or another worker has it."""


def ask(
    *,
    user: Any,
    report: str,
    query: list[list[str]],
    format: str,
    profile: str,
    language: str,
    picked: int = 0,
    is_given: bool = False,
    rows_total: int | None = None,
) -> ExportJob:
    """Note a masked export: one that is answered at once (`is_given`), or one to be made.

    Raises RefusedError where the person has too many on the way already.
    """
    if not is_given:
        check_number(user, ExportJob.UNFINISHED)
    job = note(
        user=user,
        report=report,
        query=query,
        format=format,
        profile=profile,
        language=language,
        picked=picked,
        state=State.GIVEN if is_given else State.WAITING,
        rows_total=rows_total,
    )
    if not is_given:
        start(job_id=job.pk)
    return job


def check_number(user: Any, states: Iterable[str]) -> None:
    """Raise RefusedError where the person has too many in these states already."""
    unfinished = ExportJob.objects.filter(user=user, state__in=states)
    if unfinished.count() >= settings.EXPORTS_PER_PERSON:
        raise asked.RefusedError(
            _("You have %d exports on the way: wait for one, or cancel it.")
            % settings.EXPORTS_PER_PERSON
        )


def note(*, user: Any, state: str, rows_total: int | None, **values: Any) -> ExportJob:
    """Add a row of the table as of now; `values` are its other columns."""
    is_given, moment = state == State.GIVEN, now().replace(microsecond=0)
    job = ExportJob(
        user=user,
        who=user.get_username(),
        state=state,
        rows_total=rows_total,
        rows_done=rows_total or 0 if is_given else 0,
        asked_at=moment,
        finished_at=moment if is_given else None,
        **values,
    )
    job.name = asked.file_name(job)
    job.save()
    return job


def start(*, job_id: int) -> None:
    """Have a job made once this transaction is committed: by a worker, or without a broker here."""
    begin(task=TASK, job_id=job_id, here=_run_and_sweep)


def _run_and_sweep(job_id: int) -> None:
    """Without a broker there is no beat, either."""
    run(job_id=job_id)
    sweep()


def run(*, job_id: int) -> str:
    """Make a job's file; returns the state it is in then. What somebody else makes is left alone."""
    runner, moment = uuid4().hex, now()
    silent = Q(state=State.RUNNING, heartbeat_at__lt=moment - SILENCE)
    is_taken_over = ExportJob.objects.filter(silent, pk=job_id).exists()
    taken = ExportJob.objects.filter(silent | Q(state=State.WAITING), pk=job_id).update(
        state=State.RUNNING, runner=runner, heartbeat_at=moment, started_at=moment, rows_done=0
    )
    job = ExportJob.objects.select_related("user", "approval").get(pk=job_id)
    if not taken:
        return job.state
    try:
        if is_taken_over:
            _remove_leftovers(job)
        with override(job.language):
            _make(job)
    except StoppedError:
        logger.info("an export was stopped", job_id=job_id)
    except asked.RefusedError as refusal:
        _fail(job, str(refusal))
    except Exception as error:
        logger.exception("an export failed", job_id=job_id)
        # The kind of error alone: its words may hold a number or a name.
        _fail(job, marked("It broke off (%(error)s). Try it again.", error=type(error).__name__))
    return ExportJob.objects.values_list("state", flat=True).get(pk=job_id)


def _remove_leftovers(job: ExportJob) -> None:
    """What a worker had stored when it was killed, before the row knew of it."""
    with suppress(FileNotFoundError):
        for name in default_storage.listdir("exports")[1]:
            if name.startswith(f"{job.token}-"):
                default_storage.delete(f"exports/{name}")


def _make(job: ExportJob) -> None:
    """Ask the list again, as its owner may now, and put the file in its place.

    What was confirmed to be in full is in full or is not made: a masked one would pass for it.
    """
    page = asked.page_of(job.report)
    request = asked.request_of(job.user, job)
    asked.check_allowed(job.user, page, request)
    rows = asked.rows_of(page, request, job.user, leaves.picked_of(job))
    number = rows.order_by().count()
    if not job.is_masked:
        leaves.check(job, rows=number)
    _write(job, rows_total=number)
    with tempfile.TemporaryFile() as made:
        for _round in range(ROUNDS):
            want = asked.wanted(job, page=page, request=request, rows=rows)
            made.seek(0)
            made.truncate()
            for part in parts_of(want, _watch(job)):
                made.write(part)
            # A build that was published meanwhile: the file would say it is of the one before.
            if not asked.note_told(job, want.resource):
                break
        size = made.tell()
        made.seek(0)
        stored = default_storage.save(f"exports/{job.token}-{job.name}", File(made))
    try:
        _put_in_place(job, file=stored, size=size)
    except BaseException:
        default_storage.delete(stored)
        raise
    page.note_export(request, rows=job.rows_done)


@transaction.atomic
def _put_in_place(job: ExportJob, *, file: str, size: int) -> None:
    """The file is there; the leave for one in full is used up with it, and never for one that failed."""
    _finish(
        job,
        state=State.READY,
        file=file,
        size=size,
        rows_done=job.rows_done,
        expires_at=now() + timedelta(hours=settings.EXPORT_KEEP_HOURS),
    )
    if not job.is_masked:
        leaves.take(job)
        made_in_full.send(ExportJob, job=job)


def _watch(job: ExportJob) -> Callable[[int], None]:
    """Tell the row how far it is, twice a second; raises StoppedError where it is no longer ours."""
    told = time.monotonic()

    def watch(done: int) -> None:
        nonlocal told
        job.rows_done = done
        if time.monotonic() - told >= BEAT:
            told = time.monotonic()
            _write(job, rows_done=done)

    return watch


def _write(job: ExportJob, **values: Any) -> None:
    mine = ExportJob.objects.filter(pk=job.pk, state=State.RUNNING, runner=job.runner)
    if not mine.update(heartbeat_at=now(), **values):
        raise StoppedError


def _finish(job: ExportJob, **values: Any) -> None:
    _write(job, finished_at=now(), **values)


def _fail(job: ExportJob, reason: str) -> None:
    with suppress(StoppedError):
        _finish(job, state=State.FAILED, reason=reason[:300])


@transaction.atomic
def cancel(*, job: ExportJob) -> bool:
    """Stop a job that is not finished; its file is never put in place. False where it was too late.

    What it waits for a second person with is withdrawn.
    """
    states = (State.ASKED, *ExportJob.UNFINISHED)
    stopped = ExportJob.objects.filter(pk=job.pk, state__in=states)
    if not stopped.update(state=State.CANCELLED, finished_at=now()):
        return False
    if job.approval_id is not None:
        with suppress(ApprovalError):
            refuse(approval_id=job.approval_id, user=job.user)
    return True


def repeat(*, job: ExportJob) -> ExportJob:
    """Ask for the same filter once more, as a new job with the rows of now.

    Raises RefusedError for one that was of rows picked by hand, or that is on its way or still there.
    """
    if not job.can_repeat:
        raise asked.RefusedError(_("It cannot be made again: go to its list."))
    return ask(
        user=job.user,
        report=job.report,
        query=job.query,
        format=job.format,
        profile=job.profile,
        language=job.language,
    )


def note_download(*, job: ExportJob) -> None:
    ExportJob.objects.filter(pk=job.pk).update(downloads=F("downloads") + 1)


def sweep() -> int:
    """Remove files whose time is over and start forgotten jobs again; returns how many were removed."""
    ended = Q(state=State.READY, expires_at__lte=now())
    # One that broke off between the row and the file has its file still.
    broken = Q(state=State.EXPIRED) & ~Q(file="")
    over = list(ExportJob.objects.filter(ended | broken)[:1_000])
    for job in over:
        _expire(job)
    moment = now()
    unanswered = Q(approval=None) | Q(approval__expires_at__lte=moment)
    ExportJob.objects.filter(unanswered, state=State.ASKED).update(
        state=State.FAILED,
        reason=marked("Nobody has confirmed it in time. Ask again."),
        finished_at=moment,
    )
    silent = Q(state=State.RUNNING, heartbeat_at__lt=moment - SILENCE) | Q(
        state=State.WAITING, asked_at__lt=moment - FORGOTTEN_AFTER
    )
    for job_id in ExportJob.objects.filter(silent).values_list("pk", flat=True)[:100]:
        start(job_id=job_id)
    return len(over)


def _expire(job: ExportJob) -> None:
    """The row says so first: a link must not lead to a file that is going."""
    ExportJob.objects.filter(pk=job.pk).update(state=State.EXPIRED)
    default_storage.delete(job.file)
    ExportJob.objects.filter(pk=job.pk).update(file="")
