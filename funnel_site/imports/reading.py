"""The rows of a file that was handed in, a part at a time: memory does not grow with the file."""

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import IO, Any, cast

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from openpyxl import load_workbook
from tablib import Dataset

from funnel_site.lib.batches import chunks

FIRST, PART = 100, 1_000
"""Rows of the first part, soon there to be seen, and of each that follows."""


class UnreadableError(ValueError):
    """The file is no table of its kind, or stops being one. The message says where."""


@contextmanager
def local_copy(name: str) -> Iterator[IO[bytes]]:
    """The stored file on this machine, for a workbook is read from its end."""
    with tempfile.TemporaryFile() as copy:
        with default_storage.open(name) as stored:
            for piece in stored.chunks():
                copy.write(piece)
        copy.seek(0)
        yield copy


def parts_of(file: IO[bytes], *, is_workbook: bool) -> Iterator[Dataset]:
    """The rows below the header, in parts of a fixed size, read as the button reads them."""
    try:
        yield from _parts(_sheet(file) if is_workbook else _lines(file))
    except UnreadableError:
        raise
    except Exception as error:
        # Each part of a broken workbook has errors of its own.
        words = _("The file cannot be read as what it was said to be (%s).")
        raise UnreadableError(words % type(error).__name__) from error


def _parts(rows: Iterator[list[Any]]) -> Iterator[Dataset]:
    header = next(rows, None)
    if not header:
        raise UnreadableError(_("The file is empty."))
    first = next(chunks(rows, FIRST), [])
    for part in chain([first], chunks(rows, PART)):
        yield Dataset(*part, headers=list(header))


def _lines(file: IO[bytes]) -> Iterator[list[Any]]:
    reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
    header = next(reader, [])
    yield header
    for row in reader:
        if len(row) > len(header):
            words = _("Line %d has more cells than the header.")
            raise UnreadableError(words % reader.line_num)
        if row:
            yield row + [""] * (len(header) - len(row))


def _sheet(file: IO[bytes]) -> Iterator[list[Any]]:
    sheet = cast("Any", load_workbook(file, read_only=True, data_only=True).active)
    rows = sheet.iter_rows(values_only=True)
    header = list(next(rows, ()))
    yield header
    for row in rows:
        if len(row) > len(header):
            raise UnreadableError(_("A row has more cells than the header."))
        yield [*row, *[None] * (len(header) - len(row))]
