"""From bytes to records: physical lines, quotation marks, and what is broken about them.

Every record keeps the number of its first line and its text as it came. A broken line is one broken
record, and the next line is read as if nothing had been: an unclosed quotation mark swallows nothing.
"""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

BLOCK = 2**18
LONGEST_LINE = 2**16
KEPT = 10_000
MOST_LINES_IN_A_CELL = 20


class BrokenLine(str):
    """A line that is no text, too long, or has a NUL. `code` is one of refusals.REASONS."""

    __slots__ = ("code",)

    code: str


class Record(NamedTuple):
    """A row's cells, or why it has none."""

    line: int
    cells: list[str] | None
    raw: str
    code: str = ""


def broken(code: str, text: str) -> BrokenLine:
    """A line that cannot be read, with its text."""
    line = BrokenLine(text)
    line.code = code
    return line


def physical_lines(file: BinaryIO, encoding: str, *, skip: int = 0) -> Iterator[list[str]]:
    """The lines of a file, a block at a time, without their ends (LF, CRLF or CR, mixed or not).

    `skip` lines are left out. Memory does not grow with the file, nor with its longest line.
    """
    for lines in _all_lines(file, encoding):
        if skip >= len(lines):
            skip -= len(lines)
        elif skip:
            yield lines[skip:]
            skip = 0
        else:
            yield lines


def _all_lines(file: BinaryIO, encoding: str) -> Iterator[list[str]]:
    held = b""
    while data := file.read(BLOCK):
        data = held + data
        end = _last_line_end(data)
        if end:
            held = data[end:]
            yield _decoded(data[:end], encoding)
        elif len(data) > LONGEST_LINE * 4:
            held = _pass_over(file)
            yield [broken("line_too_long", data[:KEPT].decode(encoding, "replace"))]
        else:
            held = data
    if held:
        yield _decoded(held, encoding)


def _last_line_end(data: bytes) -> int:
    """Where the last whole line ends. A CR at the very end may be half of a CRLF."""
    return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1


def _pass_over(file: BinaryIO) -> bytes:
    """Read up to the end of a line that nobody can hold; returns what follows it."""
    while data := file.read(BLOCK):
        ends = [at for at in (data.find(b"\n"), data.find(b"\r")) if at >= 0]
        if ends:
            rest = data[min(ends) :]
            return rest[2:] if rest.startswith(b"\r\n") else rest[1:]
    return b""


def _decoded(block: bytes, encoding: str) -> list[str]:
    try:
        text = block.decode(encoding)
    except UnicodeDecodeError:
        return [_decoded_line(line, encoding) for line in block.splitlines()]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if "\x00" in text or max(map(len, lines), default=0) > LONGEST_LINE:
        return [_checked(line) for line in lines]
    return lines


def _decoded_line(line: bytes, encoding: str) -> str:
    try:
        return _checked(line.decode(encoding))
    except UnicodeDecodeError:
        # Latin-1 has a character for each byte, so that nothing is lost if the line is read again.
        return broken("bad_encoding", line.decode("latin-1"))


def _checked(line: str) -> str:
    if len(line) > LONGEST_LINE:
        return broken("line_too_long", line[:KEPT])
    return broken("nul_byte", line) if "\x00" in line else line


@dataclass(frozen=True, slots=True)
class Shape:
    """What a record of several lines must look like to be believed.

    It has `width` cells, and those at `one_line` hold no line end; else a quotation mark was left
    open by mistake.
    """

    delimiter: str
    width: int
    one_line: Collection[int] = ()


def read_records(
    blocks: Iterator[list[str]], shape: Shape, *, first_line: int = 1
) -> Iterator[Record]:
    """The records of a file's lines. Those without a quotation mark are split and no more."""
    number = first_line
    delimiter = shape.delimiter
    for lines in blocks:
        index = 0
        while index < len(lines):
            line = lines[index]
            taken = 1
            if line.__class__ is BrokenLine:
                yield Record(number, None, line, line.code)
            elif '"' not in line:
                yield Record(number, line.split(delimiter), line)
            else:
                record, taken = _quoted(number, lines, index, blocks, shape)
                yield record
            index += taken
            number += taken


def _quoted(
    number: int, lines: list[str], index: int, blocks: Iterator[list[str]], shape: Shape
) -> tuple[Record, int]:
    """The record that begins at a line with quotation marks, and of how many lines it is."""
    line = lines[index]
    try:
        return Record(number, split_line(line, shape.delimiter), line), 1
    except UnclosedError:
        if len(lines) - index < MOST_LINES_IN_A_CELL:
            lines.extend(next(blocks, ()))
        found = _several_lines(lines[index : index + MOST_LINES_IN_A_CELL], shape)
    except csv.Error:
        return Record(number, None, line, "bad_quotes"), 1
    if found is None:
        return Record(number, None, line, "unclosed_quote"), 1
    cells, text, taken = found
    return Record(number, cells, text), taken


def _several_lines(lines: list[str], shape: Shape) -> tuple[list[str], str, int] | None:
    """Cells, text and number of lines of the record that begins here, if it ends soon and well."""
    text = lines[0]
    for taken, line in enumerate(lines[1:], start=2):
        text = f"{text}\n{line}"
        if line.__class__ is BrokenLine or len(text) > LONGEST_LINE:
            return None
        if '"' not in line:
            continue
        try:
            cells = split_line(text, shape.delimiter)
        except UnclosedError:
            continue
        except csv.Error:
            return None
        is_whole = len(cells) == shape.width and not any("\n" in cells[at] for at in shape.one_line)
        return (cells, text, taken) if is_whole else None
    return None


class UnclosedError(csv.Error):
    """The text ends inside quotation marks."""


def split_line(text: str, delimiter: str) -> list[str]:
    """The cells of one record; raises UnclosedError where it ends too early, else csv.Error.

    >>> split_line('a,"b, c",d', ",")
    ['a', 'b, c', 'd']
    """
    try:
        return next(csv.reader((text,), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise UnclosedError(str(error)) from error
        raise
