"""Going through a file, to try it or to apply it, with the resource that the button has, too."""

import csv
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from auditlog.context import disable_auditlog
from django.apps import apps
from django.contrib import admin
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from funnel_site.audit.trail import note
from funnel_site.imports.beating import Beating, write
from funnel_site.imports.models import ImportJob
from funnel_site.imports.reading import UnreadableError, local_copy, parts_of
from funnel_site.imports.tally import Tally
from funnel_site.lib.import_preview import CountedResult
from funnel_site.lib.importing import ImportList
from funnel_site.lib.marking import marked
from funnel_site.lib.masking import seen_by
from funnel_site.lib.spreadsheet import guard

HEADER = ("row", "column", "reason")
Watch = Callable[[Tally], None]


class RefusedError(Exception):
    """The file cannot be taken from this person, or at all. The message says why."""


class WrongError(Exception):
    """Rows that could be used when they were checked cannot be now; `errors` is the stored list."""

    def __init__(self, tally: Tally, errors: str) -> None:
        super().__init__()
        self.tally, self.errors = tally, errors


def page_of(report: str) -> Any:
    """The admin's page of a list; raises RefusedError where it takes no file."""
    try:
        page = admin.site._registry.get(apps.get_model(report))
    except (LookupError, ValueError):
        page = None
    if not isinstance(page, ImportList):
        raise RefusedError(_("There is no such list any more."))
    return page


def check(job: ImportJob) -> tuple[Tally, str]:
    """Try every row and keep none; returns the counts, and where the list of errors lies ("": none)."""

    def watch(tally: Tally) -> None:
        # The first rows are shown before the last ones are read.
        shown = {"tally": tally.kept()} if not job.rows_done else {}
        job.rows_done = tally.total_rows
        write(job, rows_done=tally.total_rows, rows_wrong=tally.wrong, **shown)

    return _go_through(job, is_dry=True, watch=watch)


def apply(job: ImportJob) -> Tally:
    """Take every row, within the caller's transaction; raises WrongError where one cannot be used."""
    with Beating(job) as beating:
        tally, errors = _go_through(
            job, is_dry=False, watch=lambda tally: beating.watch(tally.total_rows)
        )
    if tally.is_wrong:
        raise WrongError(tally, errors)
    page = page_of(job.report)
    page.note_import(job.user)
    with seen_by(_request_of(job)):
        note(
            "changed",
            page.model,
            words=marked("Imported %(name)s", name=job.name),
            facts={
                "file": job.name,
                "import": job.pk,
                "new": tally.totals["new"],
                "changed": tally.totals["update"],
                "same": tally.totals["skip"],
            },
            actor=job.user,
        )
    return tally


def _request_of(job: ImportJob) -> HttpRequest:
    """The request with which the owner handed it in, made again."""
    request = HttpRequest()
    request.method, request.user = "POST", job.user  # type: ignore[assignment] # checked before use
    request.path = f"/admin/{job.report.replace('.', '/')}/import/"
    request.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": ""}
    return request


def _go_through(job: ImportJob, *, is_dry: bool, watch: Watch) -> tuple[Tally, str]:
    """Every row by the list's resource as it is for the owner at this moment."""
    page, request, user = page_of(job.report), _request_of(job), job.user
    if user is None or not (user.is_active and user.is_staff):
        raise RefusedError(_("Whoever handed it in is no longer on the staff."))
    if not page.has_import_permission(request):
        raise RefusedError(_("Your role does not import into this list any more."))
    resource = page.get_import_resource_classes(request)[0](
        **page.get_import_resource_kwargs(request)
    )
    tally = Tally()
    with (
        seen_by(request),
        # What is taken back leaves no entry: writing it would only take time.
        disable_auditlog() if is_dry else nullcontext(),
        local_copy(job.file) as file,
        tempfile.TemporaryFile("w+", newline="", encoding="utf-8-sig") as errors,
    ):
        lines = csv.writer(errors)
        lines.writerow(HEADER)
        try:
            for part in parts_of(file, is_workbook=job.format == "xlsx"):
                resource.rows_before = tally.total_rows
                result = resource.import_data(
                    part,
                    dry_run=is_dry,
                    use_transactions=True,
                    rollback_on_validation_errors=True,
                    file_name=job.name,
                    user=user,
                    request=request,
                )
                _raise_what_is_no_rows_fault(result)
                lines.writerows((row, *map(guard, told)) for row, *told in tally.add(result))
                watch(tally)
                if tally.whole_file:
                    break
        except UnreadableError as error:
            raise RefusedError(str(error)) from error
        return tally, _stored(job, errors) if tally.is_wrong else ""


def _raise_what_is_no_rows_fault(result: CountedResult) -> None:
    """The library takes every exception for the row's: a database that is away or busy is not."""
    for row in result.error_rows:
        for one in row.errors:
            if isinstance(one.error, OperationalError | InterfaceError):
                raise one.error


def _stored(job: ImportJob, errors: Any) -> str:
    errors.flush()
    errors.buffer.seek(0)
    name = f"imports/{job.token}-errors.csv"
    # What a worker that was killed had stored.
    default_storage.delete(name)
    return str(default_storage.save(name, File(errors.buffer)))
