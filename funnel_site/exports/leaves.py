"""The second person's word for a file in full: for exactly one list, filter and picked rows, once."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from funnel_site.access import full_phones
from funnel_site.access.approvals import ApprovalError
from funnel_site.access.full_phones import Answer
from funnel_site.exports.models import ExportJob
from funnel_site.exports.wanted import RefusedError
from funnel_site.lib.masking import may_export_unmasked


def exactly(*, report: str, query: Any, keys: Sequence[str] = ()) -> dict[str, Any]:
    """What is confirmed, as an approval's payload.

    Of the filter its digest alone: it may hold a number that was searched for, and approvals are
    kept for good.
    """
    digest = hashlib.sha256(json.dumps(query).encode()).hexdigest()
    return {"report": report, "query": digest, "picked": sorted(keys)}


def picked_of(job: ExportJob) -> list[str]:
    """The keys of the rows that were picked by hand; empty for the whole filter."""
    return list(job.approval.payload.get("picked", ())) if job.approval is not None else []


def _exactly_of(job: ExportJob) -> dict[str, Any]:
    return exactly(report=job.report, query=job.query, keys=picked_of(job))


def check(job: ExportJob, *, rows: int) -> None:
    """Raise RefusedError unless this job's file may be made in full at this moment."""
    if not may_export_unmasked(job.user):
        raise RefusedError(_("Your role no longer exports names and numbers in full."))
    decision = full_phones.decide(user=job.user, rows=rows, wanted=_exactly_of(job))
    if decision.answer is Answer.REFUSED:
        raise RefusedError(decision.why)
    if not decision.is_granted:
        raise RefusedError(_("The second person's word was used, or its time is over: ask again."))


def take(job: ExportJob) -> None:
    """Use the leave up; raises RefusedError where another job has, or more rows came than it covers."""
    try:
        full_phones.take(user=job.user, rows=job.rows_done, wanted=_exactly_of(job))
    except ApprovalError as error:
        raise RefusedError(str(error)) from error
