"""Message files and sheets into the inbox, line by line, each remembered by its place or its key."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.timezone import now

from conversations.payloads import PayloadError, Reading, read_message
from conversations.services.drain import reading_of
from conversations.services.inbox import Delivery, canonical, store_deliveries, weak_key
from funnel_site.lib.batches import chunks
from funnel_site.lib.sheet_rows import header_index
from funnel_site.lib.strict_json import JSONRefusedError, loads

LINES_AT_ONCE = 500
REJECTS_SHOWN = 1_000
SHEET_COLUMNS = (
    "message_id",
    "room_id",
    "phone_number",
    "user_id",
    "message",
    "channel",
    "sender",
    "sent_at",
    "name",
    "booking_date",
    "transaction_date",
    "transaction_value",
    "currency",
    "lead_channel",
)
SHEET_ALIASES = {
    "phone": "phone_number",
    "text": "message",
    "content": "message",
    "timestamp": "sent_at",
    "room": "room_id",
}


@dataclass(slots=True)
class FileReport:
    """What became of the lines of a file: read = new + duplicate + rejected."""

    read: int = 0
    new: int = 0
    duplicate: int = 0
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)

    def reject(self, place: str, reason: str) -> None:
        self.rejected += 1
        if len(self.reasons) < REJECTS_SHOWN:
            self.reasons.append(f"{place}: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line or row that can be used."""

    place: str
    key: str
    body: bytes


def ingest_lines(lines: Iterable[bytes], *, source: str = "file") -> Iterator[FileReport]:
    """Keep the messages of a JSONL file; yields the running report after every few lines.

    A message's key is its `message_id`; without one, what it says and when. A broken line is
    reported and left out, the others go in.
    """
    report = FileReport()
    for batch in chunks(enumerate(lines, start=1), LINES_AT_ONCE):
        reading = reading_of(now())
        good = []
        for number, line in batch:
            if not line.strip():
                continue
            report.read += 1
            place = f"line {number}"
            try:
                value = loads(line.strip())
                message = read_message(value, reading)
            except JSONRefusedError as error:
                report.reject(place, error.detail)
            except PayloadError as error:
                report.reject(place, str(error))
            else:
                key = weak_key(message) or f"{source}:{number}:{hash_of(line)}"
                good.append(Line(place=place, key=key, body=line.strip()))
        _keep(good, source, reading, report)
        yield report


def hash_of(line: bytes) -> str:
    """A short digest of a line, for lines that have no key of their own."""
    return hashlib.sha256(line.strip()).hexdigest()[:32]


def ingest_rows(table: Sequence[Sequence[str]], *, sheet: str) -> Iterator[FileReport]:
    """Keep the new rows of a sheet, header first; yields the running report.

    A row is remembered by sheet and row number. Raises SheetRefusedError for a sheet without the
    columns `phone_number` and `message`.
    """
    columns = header_index(table, ["phone_number", "message"], SHEET_ALIASES)
    report = FileReport()
    for batch in chunks(enumerate(table[1:], start=2), LINES_AT_ONCE):
        reading = reading_of(now())
        good = []
        for number, row in batch:
            value = row_value({name: row[at] for name, at in columns.items() if at < len(row)})
            if not value:
                continue
            report.read += 1
            try:
                read_message(value, reading)
            except PayloadError as error:
                report.reject(f"row {number}", str(error))
            else:
                good.append(
                    Line(place=f"row {number}", key=f"{sheet}:{number}", body=canonical(value))
                )
        _keep(good, "sheet", reading, report)
        yield report


def row_value(cells: Mapping[str, str]) -> dict[str, str]:
    """The body of POST /api/messages/ that a row of cells by column name stands for; empty cells left out."""
    stripped = {name: cells[name].strip() for name in SHEET_COLUMNS if name in cells}
    return {name: cell for name, cell in stripped.items() if cell}


def upload_row(cells: Mapping[str, str]) -> Delivery:
    """One row of a file that staff upload, as a delivery that is known again in the next upload.

    Its key is its `message_id`; without one, everything it says. Raises PayloadError naming the
    column.
    """
    value = row_value(cells)
    message = read_message(value, reading_of(now()))
    body = canonical(value)
    return Delivery(key=weak_key(message) or f"upload:{hash_of(body)}", body=body)


def _keep(good: Sequence[Line], source: str, reading: Reading, report: FileReport) -> None:
    if not good:
        return
    stored = store_deliveries(
        source=source,
        deliveries=[Delivery(key=line.key, body=line.body) for line in good],
        received_at=reading.received_at,
    )
    for line, one in zip(good, stored, strict=True):
        if one.is_conflict:
            report.reject(line.place, f"event {one.event_id} holds the same key with another body")
        elif one.is_duplicate:
            report.duplicate += 1
        else:
            report.new += 1
