"""A file in full that a worker has made is in the trail, too: no request tells of it."""

from typing import Any

from funnel_site.audit.trail import note
from funnel_site.exports.models import ExportJob
from funnel_site.lib.marking import marked


def on_made_in_full(sender: type[ExportJob], job: ExportJob, **kwargs: Any) -> None:
    note(
        "exported",
        ExportJob,
        key=job.pk,
        words=marked("Made %(name)s in full", name=job.name),
        facts={
            "list": job.report,
            "rows": job.rows_done,
            "confirmed_by": job.approval.decided_who if job.approval else "",
        },
        actor=job.user,
    )
