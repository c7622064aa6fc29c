"""A partner's file as a stream of chunks of rows, each with what could not be read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from carddata.encodings import SAMPLE, Encoding, detect_encoding
from carddata.lines import KEPT, BrokenLine, Record, Shape, physical_lines, read_records
from carddata.profiles import Layout, read_header
from carddata.refusals import REASONS, FileRefusedError, RowRefusedError
from carddata.rows import CardRow, row_reader
from carddata.services.storing import as_bytes_of_lines
from funnel_site.lib.marking import marked
from funnel_site.lib.spreadsheet import unguard

CHUNK = 20_000
# Fields whose text is one line by nature: a line end there is an unclosed quotation mark.
ONE_LINE = ("card_id", "timestamp", "contact", "consignment_no")


class Reject(NamedTuple):
    """A row that cannot be used."""

    line: int
    reason: str
    column: str
    detail: str
    raw: str
    is_cut: bool


@dataclass(slots=True)
class Chunk:
    """Some rows of a file, in order; `next_line` is where the following chunk begins."""

    rows: list[CardRow] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    blank: int = 0
    next_line: int = 0

    @property
    def read(self) -> int:
        return len(self.rows) + len(self.rejects)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose first line is understood."""

    file: BinaryIO
    encoding: Encoding
    layout: Layout
    first_line: int

    @property
    def codec(self) -> str:
        """What the opened bytes are in: wide files have been rewritten, marks are cut off."""
        is_utf8 = self.encoding.is_wide or self.encoding.name == "utf-8-sig"
        return "utf-8" if is_utf8 else self.encoding.name


@contextmanager
def opened(path: Path, profile: Mapping[str, Any]) -> Iterator[Opened]:
    """A file with its encoding and layout; raises FileRefusedError, or OSError."""
    with path.open("rb") as raw:
        encoding = detect_encoding(raw.read(SAMPLE), profile["encoding"])
    with as_bytes_of_lines(path, encoding.name, is_wide=encoding.is_wide) as file:
        codec = "utf-8" if encoding.is_wide or encoding.name == "utf-8-sig" else encoding.name
        line, header = _first_line(file, codec)
        layout = read_header(header, profile)
        yield Opened(file=file, encoding=encoding, layout=layout, first_line=line + 1)


def _first_line(file: BinaryIO, codec: str) -> tuple[int, str]:
    """The number and the text of the first line that is not empty."""
    number = 0
    for lines in physical_lines(file, codec):
        for line in lines:
            number += 1
            text = line.lstrip("\ufeff")
            if line.__class__ is BrokenLine:
                raise FileRefusedError(
                    "bad_header", marked("The first line: %(reason)s.", reason=REASONS[line.code])
                )
            if text.strip():
                return number, text
    raise FileRefusedError("empty", marked("The file has nothing but empty lines."))


def read_chunks(
    source: Opened,
    profile: Mapping[str, Any],
    *,
    latest: datetime,
    from_line: int = 0,
    size: int = CHUNK,
) -> Iterator[Chunk]:
    """The file's rows from a line on, in chunks; nothing at all after the header is no chunk."""
    first = max(from_line, source.first_line)
    layout = source.layout
    read = row_reader(profile, layout, latest=latest, unguard=unguard)
    one_line = frozenset(layout.places[name] for name in ONE_LINE if name in layout.places)
    shape = Shape(layout.delimiter, len(layout.header), one_line)
    source.file.seek(0)
    blocks = physical_lines(source.file, source.codec, skip=first - 1)
    chunk = Chunk(next_line=first)
    for record in read_records(blocks, shape, first_line=first):
        add_record(chunk, record, read, delimiter=layout.delimiter)
        if len(chunk.rows) + len(chunk.rejects) >= size:
            chunk.next_line = record.line + record.raw.count("\n") + 1
            yield chunk
            chunk = Chunk(next_line=chunk.next_line)
    if chunk.read or chunk.blank:
        yield chunk


def add_record(
    chunk: Chunk, record: Record, read: Callable[[list[str], int], CardRow], *, delimiter: str
) -> None:
    """Put a record where it belongs: among the rows, the rejects or the empty lines."""
    cells = record.cells
    if cells is None:
        chunk.rejects.append(_rejected(record, record.code, "", REASONS[record.code]))
        return
    try:
        chunk.rows.append(read(cells, record.line))
    except RowRefusedError as refusal:
        if not record.raw.replace(delimiter, "").replace('"', "").strip():
            chunk.blank += 1
        else:
            chunk.rejects.append(_rejected(record, refusal.reason, refusal.column, refusal.detail))


def _rejected(record: Record, reason: str, column: str, detail: str) -> Reject:
    # No database keeps a NUL; its picture stands for it.
    raw = record.raw.replace("\x00", "\u2400")
    is_cut = len(raw) > KEPT or reason == "line_too_long"
    return Reject(record.line, reason, column, detail[:300], raw[:KEPT], is_cut)
