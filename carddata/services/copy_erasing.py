"""Taking a person's numbers out of our copies of partners' files, and of what lies in the watched folder.

A copy keeps its size and its lines: digits and remarks become blanks. So it is still known when the
very same file comes again, and an import can still be redone from it, without the contact.
"""

import csv
import io
import re
import tempfile
from collections.abc import Collection, Iterator
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, default_storage

from carddata.lines import split_line
from carddata.models import PartnerFile
from carddata.services.dropping import DONE, FAILED
from carddata.services.storing import work_folder
from funnel_site.lib.storage_url import storage_from_url

NUMBER = re.compile(r"[+(]?\d[\d .()/-]{5,}")
SEPARATORS = str.maketrans("", "", " +.()/-")
WIDE = ("utf-16", "utf_16", "utf-32", "utf_32")
# Each byte is a letter of it and back: it reads whatever the file's encoding is.
BYTES = "latin-1"
# A shorter one names nobody, and its letters may stand in other cells.
SHORTEST_REMARK = 4


def erase_in_copies(needles: Collection[str]) -> int:
    """Blank the lines that name one of these numbers (digits without country code); returns how many.

    Reads every copy once. Undone by nothing; doing it again finds nothing more.
    """
    digits = {needle for needle in needles if needle.isdecimal()}
    if not digits:
        return 0
    erased = 0
    copies = PartnerFile.objects.exclude(stored_as="").order_by("pk")
    for file in copies.iterator():
        erased += _erase(default_storage, file.stored_as, digits, file)
    if settings.PARTNER_DROP:
        storage = storage_from_url(settings.PARTNER_DROP)
        for name in dropped_files(storage):
            erased += _erase(storage, name, digits, None)
    return erased


def dropped_files(storage: Storage) -> Iterator[str]:
    """The files of the watched folder that have been dealt with."""
    for folder in (DONE, FAILED):
        try:
            _, names = storage.listdir(folder)
        except FileNotFoundError:
            continue
        yield from (f"{folder}/{name}" for name in names)


def _erase(storage: Storage, name: str, digits: set[str], file: PartnerFile | None) -> int:
    if not storage.exists(name):
        return 0
    encoding = file.encoding if file and file.encoding.lower().startswith(WIDE) else BYTES
    erased = 0
    with tempfile.NamedTemporaryFile("w+", dir=work_folder(), encoding=encoding, newline="") as new:
        with storage.open(name) as source:
            for line in _text_lines(source, encoding):
                if _names_one(line, digits):
                    erased += 1
                    new.write(blanked(line, digits, remark_at=_remark_at(file), file=file))
                else:
                    new.write(line)
        if erased:
            new.flush()
            with open(new.name, "rb") as done:
                _replace(storage, name, done)
    return erased


def _text_lines(source: Any, encoding: str) -> Iterator[str]:
    yield from io.TextIOWrapper(source.file, encoding=encoding, newline="\n")


def _names_one(line: str, digits: set[str]) -> bool:
    plain = line.translate(SEPARATORS)
    return any(needle in plain for needle in digits)


def blanked(
    line: str, digits: set[str], *, remark_at: int | None = None, file: PartnerFile | None = None
) -> str:
    """The line, as long as it was, without these numbers and without its remark.

    >>> blanked("A1,ZYW1,0812-3456-7890,x", {"81234567890"})
    'A1,ZYW1,              ,x'
    """

    def blank(found: re.Match[str]) -> str:
        is_theirs = _names_one(found[0], digits)
        return " " * len(found[0]) if is_theirs else found[0]

    if file is not None and remark_at is not None:
        line = _without_cell(line, file.delimiter or ",", remark_at)
    return NUMBER.sub(blank, line)


def _without_cell(line: str, delimiter: str, place: int) -> str:
    """The line with one cell's letters blanked; as it was where it cannot be split."""
    try:
        cells = split_line(line.rstrip("\r\n"), delimiter)
    except csv.Error:
        return line
    if place >= len(cells) or len(cells[place]) < SHORTEST_REMARK:
        return line
    return line.replace(cells[place], " " * len(cells[place]))


def _remark_at(file: PartnerFile | None) -> int | None:
    """The place of the partner's remark, unless its status is read from the same column."""
    columns = file.profile.get("columns", {}) if file else {}
    remarks = {_plain(name) for name in columns.get("comment", ())}
    remarks -= {_plain(name) for name in columns.get("status", ())}
    header = [_plain(name) for name in file.header] if file else []
    return next((place for place, name in enumerate(header) if name in remarks), None)


def _plain(name: str) -> str:
    return name.replace(" ", "").casefold()


def _replace(storage: Storage, name: str, content: Any) -> None:
    """The new copy under the old name; on S3 that is one step, in a folder two."""
    storage.delete(name)
    stored = storage.save(name, File(content, name=name))
    if stored != name:
        raise OSError(f"{name} could not be replaced")
