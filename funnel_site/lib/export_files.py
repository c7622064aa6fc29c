"""CSV and workbooks written as their rows come: nothing is held but the page in hand."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter

from funnel_site.lib.spreadsheet import SPREADSHEET

BOM = "\ufeff"
ROWS_OF_A_SHEET = 1_048_575
REPLACEMENT = "\ufffd"

Pages = Iterable[list[list[Any]]]
About = Sequence[tuple[str, str]]


class Line:
    """A file that hands back what was written to it: csv.writer's lines, one at a time."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV text, as RFC 4180 has it."""
    write = csv.writer(Line()).writerow
    return "".join([str(write(row)) for row in rows])


def csv_parts(header: Sequence[str], pages: Pages, *, profile: str) -> Iterator[bytes]:
    """A CSV file in UTF-8. For spreadsheets it begins with the mark by which they know it is."""
    start = BOM if profile == SPREADSHEET else ""
    yield (start + csv_lines([header])).encode()
    for page in pages:
        yield csv_lines(page).encode()


def write_workbook(
    file: IO[bytes], header: Sequence[str], pages: Pages, *, about: About, made_at: datetime
) -> None:
    """A workbook: first the sheet that tells what this is, then the rows, which it opens with."""
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = made_at.replace(tzinfo=None)
    first = book.create_sheet("About")
    first.column_dimensions["A"].width, first.column_dimensions["B"].width = 28, 90
    for line in about:
        first.append(_sheet_row(first, line))
    sheet = _sheet_of_rows(book, 1, header)
    written = 0
    for page in pages:
        for row in page:
            if written and written % ROWS_OF_A_SHEET == 0:
                sheet = _sheet_of_rows(book, written // ROWS_OF_A_SHEET + 1, header)
            sheet.append(_sheet_row(sheet, row))
            written += 1
    book.active = 1
    book.save(file)


def _sheet_of_rows(book: Any, number: int, header: Sequence[str]) -> Any:
    """A sheet of a workbook holds so many rows; the rest goes on in the next."""
    sheet = book.create_sheet("Rows" if number == 1 else f"Rows {number}")
    sheet.freeze_panes = "A2"
    for place, name in enumerate(header, 1):
        sheet.column_dimensions[get_column_letter(place)].width = max(14, len(name) + 2)
    sheet.append(_sheet_row(sheet, header))
    return sheet


def _sheet_row(sheet: Any, row: Sequence[Any]) -> list[Any]:
    return [_sheet_cell(sheet, one) if isinstance(one, str) else one for one in row]


def _sheet_cell(sheet: Any, text: str) -> Any:
    """Text that stays text: the library takes "=…" for a formula and "#N/A" for an error.

    What XML has no letter for is shown as the sign of an unknown letter.
    """
    if not text:
        return None
    if ILLEGAL_CHARACTERS_RE.search(text):
        text = ILLEGAL_CHARACTERS_RE.sub(REPLACEMENT, text)
    if text[0] not in "=#":
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell
