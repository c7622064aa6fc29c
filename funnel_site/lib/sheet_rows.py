"""What a sheet's bytes and rows say, wherever they came from: CSV and headers, and why not."""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence

from charset_normalizer import from_bytes

from funnel_site.lib.marking import marked

PART = 64 * 2**10
WEB_PAGE = re.compile(r"\s*<(?:!doctype|!--|html|head|script|\?xml)", re.IGNORECASE)
ENCODINGS = ["cp1252", "cp1250", "cp1251", "cp1256", "cp874", "gb18030", "shift_jis", "euc_kr"]


class SheetRefusedError(Exception):
    """The sheet cannot be used as it is; trying again does not help before somebody mends it."""


class SheetUnavailableError(Exception):
    """The sheet could not be reached now; the next sync may. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def parse_csv(data: bytes) -> list[list[str]]:
    """CSV bytes to rows, whatever their encoding and whichever of , ; tab | parts the cells."""
    if not data.strip():
        return []
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise SheetRefusedError(
            marked("This is an Excel workbook, not CSV: save it as “CSV UTF-8”.")
        )
    text = _decode(data)
    if "\x00" in text:
        raise SheetRefusedError(marked("This is not a CSV file."))
    if WEB_PAGE.match(text):
        raise SheetRefusedError(
            marked(
                "The address answers with a web page, not with CSV. Publish the sheet as CSV (File, Share, Publish to web) and take that address."
            )
        )
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        return list(rows)
    except csv.Error as error:
        raise SheetRefusedError(
            marked("The CSV cannot be read: %(error)s.", error=error)
        ) from error


def _delimiter(text: str) -> str:
    """The one that makes the most cells of the header."""
    lines = text.lstrip()[:PART].splitlines(keepends=True)
    return max(",;\t|", key=lambda one: len(next(csv.reader(lines, delimiter=one), [])))


def _decode(data: bytes) -> str:
    has_utf16_mark = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if has_utf16_mark else "utf-8-sig")
    except UnicodeDecodeError:
        best = None if has_utf16_mark else from_bytes(data, cp_isolation=ENCODINGS).best()
    if best is None:
        raise SheetRefusedError(marked("The file's encoding is not known: save it as “CSV UTF-8”."))
    return str(best)


def header_index(
    rows: Sequence[Sequence[str]], required: Sequence[str], aliases: Mapping[str, str]
) -> dict[str, int]:
    """The place of each named column of a table, by its lower-case name, blanks as underscores.

    Raises SheetRefusedError: the table is empty, a required column is missing, or one is there twice.
    """
    if not any(cell.strip() for row in rows for cell in row):
        raise SheetRefusedError(marked("The sheet is empty; what we have stays as it is."))
    found: dict[str, int] = {}
    for place, cell in enumerate(rows[0]):
        seen = "".join(one for one in cell if unicodedata.category(one) != "Cf")
        words = " ".join(seen.split()).casefold()
        plain = words.replace(" ", "_")
        name = aliases.get(words) or aliases.get(plain, plain)
        if name and name in found:
            raise SheetRefusedError(marked("The column “%(name)s” is there twice.", name=name))
        if name:
            found[name] = place
    if missing := [name for name in required if name not in found]:
        raise SheetRefusedError(
            marked("The sheet has no column “%(names)s”.", names="”, “".join(missing))
        )
    return found
