"""What a partner's settings may hold, checked once, and which columns of a file they mean."""

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from carddata.encodings import check_encoding
from carddata.lines import split_line
from carddata.moments import check_formats
from carddata.refusals import FileRefusedError, ProfileError
from carddata.statuses import Status
from funnel_site.lib.marking import marked

FIELDS = ("card_id", "timestamp", "contact", "status", "comment", "consignment_no")
NEEDED = ("card_id", "timestamp")
# A configured column that may be missing from a file all the same.
OPTIONAL = ("comment", "consignment_no")
DELIMITERS = ",;\t|"
REFERENCE = "Resubmit reference"
NOT_LETTERS = re.compile(r"[\W_]+")
NAMES = {
    ",": "“,”",
    ";": "“;”",
    "\t": marked("a tab"),
    "|": "“|”",
}
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Layout:
    """A file's own header: how it is split and where our fields are."""

    delimiter: str
    header: list[str]
    places: Mapping[str, int]
    reference: int | None
    ignored: list[str]


def check_profile(profile: Mapping[str, Any]) -> None:
    """Refuse settings that could never read a file right; raises ProfileError naming the field."""
    _check_columns(profile["columns"])
    check_formats(profile["timestamp_formats"])
    _check_statuses(profile)
    if profile["encoding"]:
        check_encoding(profile["encoding"])
    if profile["delimiter"] and profile["delimiter"] not in DELIMITERS:
        raise ProfileError("delimiter", marked("Choose comma, semicolon, tab or pipe."))
    try:
        ZoneInfo(profile["time_zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ProfileError(
            "time_zone", marked("This is not a time zone such as Asia/Dubai or UTC.")
        ) from error
    if profile["phone_region"] not in phonenumbers.SUPPORTED_REGIONS:
        raise ProfileError(
            "phone_region", marked("This is not a region of two capitals such as AE or ID.")
        )


def _check_columns(columns: object) -> None:
    if not isinstance(columns, dict):
        raise ProfileError("columns", marked("Give the names of each field's column."))
    if unknown := sorted(set(columns) - set(FIELDS)):
        raise ProfileError(
            "columns",
            marked(
                "%(unknown)s is none of %(known)s.", unknown=unknown[0], known=", ".join(FIELDS)
            ),
        )
    taken: dict[str, str] = {}
    for field, names in columns.items():
        if not isinstance(names, list) or not all(
            isinstance(name, str) and folded(name) for name in names
        ):
            raise ProfileError(
                "columns", marked("%(field)s needs a list of column names.", field=field)
            )
        for name in names:
            if taken.setdefault(folded(name), field) != field:
                raise ProfileError(
                    "columns", marked("%(name)s is named for two fields.", name=name)
                )
    if missing := [field for field in NEEDED if not columns.get(field)]:
        raise ProfileError("columns", marked("%(missing)s needs a column.", missing=missing[0]))


def _check_statuses(profile: Mapping[str, Any]) -> None:
    words = profile["status_map"]
    if not isinstance(words, dict):
        raise ProfileError(
            "status_map", marked("Give one of our statuses for each of the partner's words.")
        )
    for word, status in words.items():
        if status not in set(Status):
            raise ProfileError(
                "status_map",
                marked(
                    "%(word)s: %(status)s is none of %(known)s.",
                    word=word,
                    status=status,
                    known=", ".join(Status),
                ),
            )
    if profile["default_status"] and profile["default_status"] not in set(Status):
        raise ProfileError(
            "default_status", marked("Choose one of %(known)s.", known=", ".join(Status))
        )
    if not profile["columns"].get("status") and not profile["default_status"]:
        raise ProfileError(
            "default_status",
            marked("Without a status column every row has one status: choose it."),
        )


def folded(name: str) -> str:
    """A column's name without blanks, marks and capitals: `ID `, `Card ID` and `CardID` are common.

    >>> folded("Card ID "), folded("CardID"), folded("user_contact")
    ('cardid', 'cardid', 'usercontact')
    """
    return NOT_LETTERS.sub("", unicodedata.normalize("NFKC", name).casefold())


def read_header(line: str, profile: Mapping[str, Any]) -> Layout:
    """The columns of a file by its first line; raises FileRefusedError with one clear sentence.

    Without a delimiter in the settings it is the one by which the needed columns are found.
    """
    declared = profile["delimiter"]
    refusals = []
    for delimiter in [declared] if declared else DELIMITERS:
        try:
            return _layout(line, delimiter, profile["columns"])
        except FileRefusedError as refusal:
            refusals.append((len(_cells(line, delimiter)), refusal))
    widest = max(refusals, key=lambda one: one[0])[1]
    if declared:
        _tell_other_delimiter(line, declared, profile["columns"])
    raise widest


def _tell_other_delimiter(line: str, declared: str, columns: Mapping[str, Sequence[str]]) -> None:
    for other in DELIMITERS:
        try:
            _layout(line, other, columns)
        except FileRefusedError:
            continue
        raise FileRefusedError(
            "wrong_delimiter",
            marked(
                "The columns are separated by %(found)s; the partner's setting says %(set)s.",
                found=NAMES[other],
                set=NAMES[declared],
            ),
        )


def _layout(line: str, delimiter: str, columns: Mapping[str, Sequence[str]]) -> Layout:
    header = [cell.strip() for cell in _cells(line, delimiter)]
    where: dict[str, int] = {}
    for at, name in enumerate(header):
        if folded(name) in where:
            raise FileRefusedError(
                "duplicate_column", marked("Two columns are named “%(name)s”.", name=name[:80])
            )
        if folded(name):
            where[folded(name)] = at
    places = {}
    for field, names in columns.items():
        found = [where[folded(name)] for name in names if folded(name) in where]
        if found:
            places[field] = found[0]
        elif names and field not in OPTIONAL:
            raise _missing(field, names, header)
    reference = where.get(folded(REFERENCE))
    used = {*places.values(), reference}
    ignored = [name for at, name in enumerate(header) if name and at not in used]
    return Layout(delimiter, header, places, reference, ignored)


def _missing(field: str, names: Sequence[str], header: Sequence[str]) -> FileRefusedError:
    found = ", ".join(f"“{name}”" for name in header)[:SHOWN]
    wanted = " / ".join(f"“{name}”" for name in names)
    return FileRefusedError(
        "missing_column",
        marked(
            "No column %(wanted)s for %(field)s: the first line has %(found)s.",
            wanted=wanted,
            field=field,
            found=found,
        ),
    )


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return split_line(line, delimiter)
    except csv.Error:
        return line.split(delimiter)
