"""Times as partners write them, strictly by the formats agreed with them."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from carddata.refusals import ProfileError
from funnel_site.lib.marking import marked

ISO = "iso8601"
EPOCHS = {"epoch_seconds": 1, "epoch_milliseconds": 1_000}
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
DIRECTIVES = {
    "d": r"(?P<day>[0-9]{1,2})",
    "m": r"(?P<month>[0-9]{1,2})",
    "Y": r"(?P<year>[0-9]{4})",
    "H": r"(?P<hour>[0-9]{1,2})",
    "I": r"(?P<hour12>[0-9]{1,2})",
    "M": r"(?P<minute>[0-9]{2})",
    "S": r"(?P<second>[0-9]{2})",
    "f": r"(?P<fraction>[0-9]{1,6})",
    "p": r"(?P<half>[AaPp])\.?[Mm]\.?",
    "b": r"(?P<name>[A-Za-z]{3,9})",
    "z": r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})",
}
MONTHS = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
ISO_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*", re.ASCII)
DIGITS = re.compile(r"[0-9]{9,13}", re.ASCII)
DIRECTIVE = re.compile(r"%(.)|(\s+)|([^%\s]+)")
# A day and month that two formats could read two ways, in a year that both can write.
PROBE = datetime(2003, 4, 5, 6, 7, 8)  # noqa: DTZ001 - a wall-clock time, on purpose

Reader = Callable[[str], datetime | None]
Moments = Callable[[str], datetime]


def moment_reader(formats: Sequence[str], zone: str) -> Moments:
    """A function from a cell to an aware time in UTC. It raises ValueError for any other text.

    Formats are strftime's of whole numbers (%d %m %Y %H %I %M %S %f %p), %b for an English month
    and %z for an offset, or iso8601, epoch_seconds, epoch_milliseconds. Blanks in a format may be
    missing in the cell. Two-digit years, 24:00 and leap seconds are refused.
    """
    place = ZoneInfo(zone)
    readers = [_reader(one, place) for one in formats]

    @lru_cache(maxsize=8_192)
    def read(text: str) -> datetime:
        for reader in readers:
            moment = reader(text)
            if moment is not None:
                if moment < EARLIEST:
                    raise ValueError(marked("before the year 2000"))
                return moment
        raise ValueError(marked("in none of the formats"))

    halves = _halves_reader(formats[0], place) if len(formats) == 1 else None
    if halves is None:
        return read
    return lambda text: halves(text) or read(text)


def _halves_reader(one: str, zone: ZoneInfo) -> Reader | None:
    """A quicker reader for the usual format of a day, a blank and a time of day; else None.

    Days and times repeat where whole moments do not: each half is read once and remembered. None
    is also its answer for a cell that needs the full reading, as on days when the clocks change.
    """
    date_part, _, time_part = one.partition(" ")
    if one in EPOCHS or one == ISO or not time_part.strip():
        return None
    names = [{match[1] for match in DIRECTIVE.finditer(part)} for part in (date_part, time_part)]
    if names[0] & set("HIMSfpz") or names[1] & set("dmYbz"):
        return None
    day_pattern = _parts_reader(date_part, UTC)
    clock_pattern = _parts_reader(f"%d-%m-%Y {time_part.strip()}", UTC)

    @lru_cache(maxsize=4_096)
    def day(text: str) -> datetime | None:
        found = day_pattern(text)
        if found is None or found < EARLIEST + timedelta(days=2):
            return None
        hours = {
            (found + timedelta(hours=hour)).replace(tzinfo=zone).utcoffset() for hour in range(26)
        }
        return found - hours.pop() if len(hours) == 1 else None  # type: ignore[operator] # a zone has one

    @lru_cache(maxsize=90_000)
    def clock(text: str) -> timedelta | None:
        found = clock_pattern(f"02-01-1970 {text}")
        return None if found is None else found - datetime(1970, 1, 2, tzinfo=UTC)

    def read(text: str) -> datetime | None:
        first, _, second = text.partition(" ")
        begins = day(first)
        after = clock(second)
        return None if begins is None or after is None else begins + after

    return read


def check_formats(formats: object) -> None:
    """Refuse an unknown format, and two formats that would read one text as two times."""
    if not isinstance(formats, list) or not formats:
        raise ProfileError("timestamp_formats", marked("Give at least one format."))
    for one in formats:
        if not isinstance(one, str):
            raise ProfileError(
                "timestamp_formats", marked("%(format)s is not a format.", format=one)
            )
        _check_format(one)
    written = [one for one in formats if one != ISO and one not in EPOCHS]
    for one in written:
        text = PROBE.strftime(one)
        if {_reader(other, UTC)(text) for other in written} - {None, _reader(one, UTC)(text)}:
            raise ProfileError(
                "timestamp_formats",
                marked(
                    "%(text)s could be read two ways: keep one order of day and month.", text=text
                ),
            )


def _check_format(one: str) -> None:
    if one == ISO or one in EPOCHS:
        return
    names = {match[1] for match in DIRECTIVE.finditer(one) if match[1]}
    if unknown := sorted(names - DIRECTIVES.keys() - {"%"}):
        raise ProfileError(
            "timestamp_formats",
            marked("%%%(unknown)s in %(format)s is not known.", unknown=unknown[0], format=one),
        )
    if not names >= {"d", "Y"} or not names & {"m", "b"}:
        raise ProfileError(
            "timestamp_formats",
            marked("%(format)s needs a day, a month and a four-digit year.", format=one),
        )
    if ("I" in names) != ("p" in names):
        raise ProfileError(
            "timestamp_formats", marked("%(format)s: %%I and %%p belong together.", format=one)
        )
    try:
        _pattern(one)
    except re.error as error:
        raise ProfileError(
            "timestamp_formats", marked("%(format)s has a part twice.", format=one)
        ) from error


def _reader(one: str, zone: ZoneInfo | timezone) -> Reader:
    if one == ISO:
        return lambda text: _from_iso(text, zone)
    if one in EPOCHS:
        unit = EPOCHS[one]
        return lambda text: _from_epoch(text, unit)
    return _parts_reader(one, zone)


def _pattern(one: str) -> re.Pattern[str]:
    parts = []
    for directive, blanks, literal in DIRECTIVE.findall(one):
        if directive:
            parts.append(DIRECTIVES.get(directive, re.escape(directive)))
        else:
            parts.append(r"\s*" if blanks else re.escape(literal))
    return re.compile("".join(parts), re.ASCII)


def _from_iso(text: str, zone: ZoneInfo | timezone) -> datetime | None:
    if not ISO_SHAPE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _in_utc(moment, zone)


def _from_epoch(text: str, unit: int) -> datetime | None:
    if not DIGITS.fullmatch(text):
        return None
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(text) / unit)
    except OverflowError:
        # Milliseconds where the format says seconds: another format may fit.
        return None


def _parts_reader(one: str, zone: ZoneInfo | timezone) -> Reader:
    """A reader of one written format; the commonest of ours, once a row, so it looks up little."""
    pattern = _pattern(one)
    fullmatch, parts = pattern.fullmatch, pattern.groupindex
    year, day = parts["year"], parts["day"]
    month, name = parts.get("month", 0), parts.get("name", 0)
    hour, half = parts.get("hour12") or parts.get("hour"), parts.get("half")
    minute, second, fraction = parts.get("minute"), parts.get("second"), parts.get("fraction")
    offset = parts.get("offset")

    def read(text: str) -> datetime | None:
        match = fullmatch(text)
        if match is None:
            return None
        try:
            return datetime(
                int(match[year]),
                int(match[month]) if month else _month(match[name]),
                int(match[day]),
                (_hour(match[hour], match[half] if half else "") if hour else 0),
                int(match[minute]) if minute else 0,
                int(match[second]) if second else 0,
                int(match[fraction].ljust(6, "0")) if fraction else 0,
                _offset(match[offset]) if offset else zone,
            ).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    return read


def _month(name: str) -> int:
    number = MONTHS.get(name[:3].lower())
    if number is None:
        raise ValueError("no month")
    return number


def _hour(text: str, half: str) -> int:
    hour = int(text)
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("no hour of a half day")
    return hour % 12 + (12 if half in "Pp" else 0)


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _in_utc(moment: datetime, zone: ZoneInfo | timezone) -> datetime | None:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None
