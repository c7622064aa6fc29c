"""The reject workbench: rows that could not be used, tried again, sent back, or set aside."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.timezone import now

from carddata.lines import BrokenLine, Record, Shape, broken, read_records, split_line
from carddata.models import PartnerFile, RejectedRow, profile_of
from carddata.profiles import REFERENCE, Layout, read_header
from carddata.rows import row_reader
from carddata.services.closing import close_returned, reference_of
from carddata.services.importing import FUTURE_TOLERANCE
from carddata.services.loading import load_rows, lock_writers, prepare
from carddata.services.reading import Chunk, add_record
from funnel_site.lib.batches import update_rows
from funnel_site.lib.deleting import ERASED
from funnel_site.lib.spreadsheet import guard, unguard

State = PartnerFile.State
BATCH = 2_000
BLANK_REJECT = {"raw": ERASED, "detail": ""}
"""What an erasure leaves of a rejected row, beside its place and why it was refused."""


class NotDoneError(Exception):
    """Only the rejects of an import that is done can be tried again."""


@dataclass(slots=True)
class Retried:
    """What became of the rejects: tried = loaded + duplicate + still rejected."""

    tried: int = 0
    loaded: int = 0
    duplicate: int = 0
    rejected: int = 0


def open_rejects(file_id: int, reason: str = "") -> QuerySet[RejectedRow]:
    """A file's rejects that wait to be mended, of one reason or of all."""
    rejects = RejectedRow.objects.filter(file_id=file_id, closed="")
    return rejects.filter(reason=reason) if reason else rejects


def retry_rejects(*, file_id: int, reason: str = "") -> Retried:
    """Read a file's open rejects once more by the partner's settings of today; nothing else is touched.

    Rows that go in now are closed and the file's counts moved; the others keep the newest reason.
    Raises NotDoneError for a file that is not done, FileRefusedError where its header no longer fits
    the settings.
    """
    file = PartnerFile.objects.select_related("partner").get(pk=file_id)
    profile = profile_of(file.partner)
    layout = read_header(_header_line(file), profile | {"delimiter": file.delimiter})
    latest = now() + FUTURE_TOLERANCE
    read = row_reader(profile, layout, latest=latest, unguard=unguard)
    report = Retried()
    last = 0
    while True:
        with transaction.atomic():
            lock_writers()
            if not PartnerFile.objects.select_for_update().filter(pk=file_id, state=State.DONE):
                raise NotDoneError(f"{file} is not done")
            batch = list(open_rejects(file_id, reason).filter(pk__gt=last).order_by("pk")[:BATCH])
            if not batch:
                return report
            last = batch[-1].pk
            chunk = Chunk()
            for reject in batch:
                add_record(
                    chunk, _record(reject, profile, layout), read, delimiter=layout.delimiter
                )
            _settle(file, batch, chunk, report)


def _header_line(file: PartnerFile) -> str:
    out = StringIO()
    csv.writer(out, delimiter=file.delimiter or ",").writerow(file.header)
    return out.getvalue().rstrip("\r\n")


def _record(reject: RejectedRow, profile: dict[str, Any], layout: Layout) -> Record:
    """A reject as the reader would meet it again, and under the encoding that is set now."""
    if reject.is_cut or reject.reason == "nul_byte":
        return Record(reject.line, None, reject.raw, reject.reason)
    lines: list[str] = reject.raw.split("\n")
    if reject.reason == "bad_encoding":
        lines = [_decoded(reject.raw, profile["encoding"] or "utf-8")]
    shape = Shape(layout.delimiter, len(layout.header))
    records = list(read_records(iter([lines]), shape, first_line=reject.line))
    return records[0]._replace(raw=reject.raw)


def _decoded(raw: str, encoding: str) -> str:
    try:
        return raw.encode("latin-1").decode(encoding)
    except UnicodeError:
        line: BrokenLine = broken("bad_encoding", raw)
        return line


def _settle(file: PartnerFile, batch: list[RejectedRow], chunk: Chunk, report: Retried) -> None:
    """Load what can be read now, close it, and note the others' newest reason."""
    done = load_rows(file_id=file.pk, partner_id=file.partner_id, prepared=prepare(chunk.rows))
    close_returned(file, [row.reference for row in chunk.rows if row.reference])
    went_in = {row.line for row in chunk.rows}
    still = {reject.line: reject for reject in chunk.rejects}
    stay = [reject for reject in batch if reject.line in still]
    for reject in stay:
        found = still[reject.line]
        reject.reason, reject.column, reject.detail = found.reason, found.column, found.detail
    update_rows(stay, ["reason", "column", "detail"])
    RejectedRow.objects.filter(
        pk__in=[reject.pk for reject in batch if reject.line in went_in]
    ).update(closed=RejectedRow.Closed.RETRIED, closed_at=now())
    PartnerFile.objects.filter(pk=file.pk).update(
        loaded=F("loaded") + done.loaded,
        duplicate=F("duplicate") + done.duplicate,
        sighted=F("sighted") + done.sighted,
        rejected=F("rejected") - len(chunk.rows),
    )
    report.tried += len(batch)
    report.loaded += done.loaded
    report.duplicate += done.duplicate
    report.rejected += len(chunk.rejects)


def resubmit_file(*, file_id: int, reason: str = "") -> Iterator[str]:
    """A file's open rejects as CSV lines in the partner's own columns, for the partner to mend.

    One more column says which row each is: when the file comes back by any of the ways in, the rows
    that go in close their rejects. Cells that a spreadsheet would run are guarded by an apostrophe,
    which is taken off on the way back. Rows that have no cells stand whole in the first one.
    """
    file = PartnerFile.objects.get(pk=file_id)
    out = StringIO()
    writer = csv.writer(out, delimiter=file.delimiter or ",")
    own = [name for name in file.header if name != REFERENCE]
    writer.writerow([*own, REFERENCE])
    for reject in open_rejects(file_id, reason).order_by("line").iterator(chunk_size=BATCH):
        cells = _cells(reject, file)
        writer.writerow([*map(guard, cells), reference_of(reject.pk)])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    if text := out.getvalue():
        yield text


def _cells(reject: RejectedRow, file: PartnerFile) -> list[str]:
    try:
        cells = split_line(reject.raw, file.delimiter or ",")
    except csv.Error:
        cells = [reject.raw]
    cells = [
        cell
        for at, cell in enumerate(cells)
        if at >= len(file.header) or file.header[at] != REFERENCE
    ]
    width = len([name for name in file.header if name != REFERENCE])
    return [*cells, *[""] * (width - len(cells))][:width]


@transaction.atomic
def erase_reject(*, reject: int, user: Any) -> None:
    """Take a rejected row's text away for good; the file's counts stay, and nobody can retry it."""
    rows = RejectedRow.objects.select_for_update().filter(pk=reject)
    rows.filter(closed="").update(
        closed=RejectedRow.Closed.DISMISSED, closed_at=now(), closed_by=user
    )
    rows.update(**BLANK_REJECT)


def dismiss_rejects(*, file_id: int, reason: str = "", user: Any = None) -> int:
    """Close rejects that nobody will mend; they stay rejected in the file's counts."""
    return open_rejects(file_id, reason).update(
        closed=RejectedRow.Closed.DISMISSED, closed_at=now(), closed_by=user
    )
