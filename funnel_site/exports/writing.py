"""The file of an export. The button and the background job both come here, so their bytes are the same."""

import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from funnel_site.exports.models import ExportJob
from funnel_site.exports.wanted import Wanted, about
from funnel_site.lib.export_files import csv_lines, csv_parts, write_workbook
from funnel_site.lib.export_rows import pages_of_cells
from funnel_site.lib.spreadsheet import SpreadsheetResource

CONTENT_TYPES = {
    ExportJob.Format.CSV: "text/csv; charset=utf-8",
    ExportJob.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
IN_MEMORY = 8 * 2**20
READ = 2**16

Watch = Callable[[int], None]


def parts_of(wanted: Wanted, watch: Watch = lambda number: None) -> Iterator[bytes]:
    """The file's bytes, part by part. `watch` is told after each page how many rows are done."""
    job = wanted.job
    is_workbook = job.format == ExportJob.Format.XLSX
    pages = _watched(
        pages_of_cells(
            wanted.resource,
            wanted.rows,
            profile=job.profile,
            is_workbook=is_workbook,
            viewer=wanted.viewer,
        ),
        watch,
    )
    if not is_workbook:
        yield from csv_parts(wanted.header, pages, profile=job.profile)
        return
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as made:
        file: IO[bytes] = made
        lines = about(job, wanted.resource)
        write_workbook(file, wanted.header, pages, about=lines, made_at=job.asked_at)
        file.seek(0)
        while part := file.read(READ):
            yield part


def _watched(pages: Iterator[list[list[Any]]], watch: Watch) -> Iterator[list[list[Any]]]:
    done = 0
    for page in pages:
        yield page
        done += len(page)
        watch(done)


def side_file(job: ExportJob, resource: SpreadsheetResource) -> bytes:
    """What goes with a CSV, whose own rows stay pure: definitions, filters and zone, as CSV."""
    return csv_lines(about(job, resource)).encode()
