"""Files that say who people are: asked for with a reason, made once a second person has said yes."""

from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from funnel_site.access import full_phones
from funnel_site.access.approvals import ApprovalError
from funnel_site.access.full_phones import Answer
from funnel_site.access.models import Approval
from funnel_site.exports import leaves
from funnel_site.exports.models import ExportJob
from funnel_site.exports.services import check_number, note, start
from funnel_site.exports.wanted import RefusedError
from funnel_site.lib.money import shown_count

State = ExportJob.State


@transaction.atomic
def ask_in_full(
    *, user: Any, report: str, query: list[list[str]], keys: list[str], rows: int, reason: str,
    **values: str,
) -> ExportJob:  # fmt: skip
    """Note a file in full; it is begun when a second person confirms it.

    An unused leave for exactly the same, or a site where nobody else could confirm, begins it at
    once. `values` are format, profile and language. Raises RefusedError for who may not, without a
    reason, for more rows than the role takes, and for what is asked already.
    """
    wanted = leaves.exactly(report=report, query=query, keys=keys)
    decision = full_phones.decide(user=user, rows=rows, wanted=wanted)
    if decision.answer is Answer.REFUSED:
        raise RefusedError(decision.why)
    if decision.answer is Answer.WAITING:
        raise RefusedError(_("You have asked for exactly this already: it waits under Approvals."))
    on_its_way = ExportJob.objects.filter(
        approval=decision.approval, approval__isnull=False, state__in=ExportJob.UNFINISHED
    )
    if on_its_way.exists():
        raise RefusedError(_("Exactly this file is being made already."))
    check_number(user, (State.ASKED, *ExportJob.UNFINISHED))
    job = note(
        user=user, report=report, query=query, picked=len(keys), rows_total=rows,
        state=State.ASKED, is_masked=False, **values,
    )  # fmt: skip
    if decision.answer is Answer.ASK:
        try:
            decision = full_phones.ask(
                user=user, rows=rows, wanted=wanted, subject=_subject(job, rows), reason=reason
            )
        except ApprovalError as error:
            raise RefusedError(str(error)) from error
    job.approval = decision.approval
    job.save(update_fields=["approval"])
    if decision.is_granted:
        _begin(job)
    return job


def _subject(job: ExportJob, rows: int) -> str:
    words = ngettext(
        "%(list)s: %(rows)s row with names and numbers in full",
        "%(list)s: %(rows)s rows with names and numbers in full",
        rows,
    )
    return words % {"list": job.title, "rows": shown_count(rows)}


def _begin(job: ExportJob) -> None:
    begun = ExportJob.objects.filter(pk=job.pk, state=State.ASKED).update(state=State.WAITING)
    if begun:
        job.state = State.WAITING
        start(job_id=job.pk)


def decided(approval: Approval) -> None:
    """The second person's answer, or the first one's change of mind, reaches what waits for it."""
    for job in ExportJob.objects.filter(approval=approval, state=State.ASKED):
        if approval.state == Approval.State.GRANTED:
            _begin(job)
        elif approval.state == Approval.State.WITHDRAWN:
            _end(job, State.CANCELLED, "")
        else:
            with override(job.language):
                said = _("%s has refused it.") % approval.decided_who
            _end(job, State.FAILED, f"{said} {approval.answer}".strip())


def _end(job: ExportJob, state: str, reason: str) -> None:
    ExportJob.objects.filter(pk=job.pk, state=State.ASKED).update(
        state=state, reason=reason[:300], finished_at=now()
    )


def facts(approval: Approval) -> list[tuple[str, str]]:
    """What the second person reads: the file's name and the filter, or that rows were picked."""
    job = ExportJob.objects.filter(approval=approval).first()
    if job is None:
        return []
    told = [(_("File"), job.name)]
    if job.picked:
        told.append((_("Rows"), _("%s rows picked by hand") % shown_count(job.picked)))
    elif not job.query:
        told.append((_("Filter"), _("none: the whole list")))
    return told + [(_("Filter"), f"{name}: {value}") for name, value in job.filters]


def remove_in_full(*, reason: str) -> int:
    """Remove every file in full, and have those that are being made made again; how many went.

    For an erasure: who is in a file nobody knows without opening it.
    """
    in_full = ExportJob.objects.filter(is_masked=False)
    # First those on the way: one that is finished meanwhile is found by the second statement.
    running = in_full.filter(state=State.RUNNING)
    again = list(running.values_list("pk", flat=True))
    running.update(state=State.WAITING, runner="", rows_done=0)
    for job_id in again:
        start(job_id=job_id)
    ready = in_full.filter(Q(state=State.READY) | Q(state=State.EXPIRED) & ~Q(file=""))
    files = dict(ready.values_list("pk", "file"))
    ExportJob.objects.filter(pk__in=files).update(state=State.EXPIRED, reason=reason[:300])
    transaction.on_commit(lambda: _remove(files), robust=True)
    return len(files)


def _remove(files: dict[int, str]) -> None:
    """What is left of a removal that breaks off goes with the next sweep."""
    for key, file in files.items():
        default_storage.delete(file)
        ExportJob.objects.filter(pk=key).update(file="")
