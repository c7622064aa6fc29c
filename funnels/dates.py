"""Days and times as people write them in chat, Indonesian and English, relative to when they wrote.

dateparser was measured on such texts and misread a third of them, so the rules are our own; what
no rule knows is no date.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FURTHEST = timedelta(days=731)
RECENT = timedelta(days=30)

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januari jan january",
            "februari feb february pebruari",
            "maret mar march mrt",
            "april apr",
            "mei may",
            "juni jun june",
            "juli jul july",
            "agustus agu agt ags august aug",
            "september sep sept",
            "oktober okt october oct",
            "november nov nopember",
            "desember des december dec",
        ),
        start=1,
    )
    for name in names.split()
}
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "senin monday mon sen",
            "selasa tuesday tue tues",
            "rabu wednesday wed",
            "kamis thursday thu thurs",
            "jumat jum'at jumaat friday fri",
            "sabtu saturday sat",
            "minggu ahad sunday sun",
        )
    )
    for name in names.split()
}
NUMBERS = {
    "satu": 1,
    "dua": 2,
    "tiga": 3,
    "empat": 4,
    "lima": 5,
    "one": 1,
    "two": 2,
    "three": 3,
    "a": 1,
}

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(sorted((re.escape(name) for name in WEEKDAYS), key=len, reverse=True))
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(NUMBERS)})"
_END = r"(?![\w/])"
_START = r"(?<![\w/.,-])"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDate:
    """What a text says of a day: `at` is None where it names one that cannot be."""

    at: datetime | None
    has_time: bool
    start: int
    end: int
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day as understood, or the reason why it is none."""

    day: date | None
    doubt: str = ""


Rule = tuple[re.Pattern[str], Callable[[re.Match[str], date], Day]]


def read_date(text: str, *, sent_at: datetime, zone: ZoneInfo) -> ReadDate | None:
    """The day, and the time where one is said, that a text speaks of; None where it names none.

    `text` is in lower case. A day without a year is the next one, or the last where it has just
    passed (30 days). A day without a time is its midnight; a time without a day is the next such
    time. `doubt` is one of '', ambiguous_day_month, past, impossible_date, too_far.
    """
    today = sent_at.astimezone(zone).date()
    clock = _read_time(text)
    for pattern, understand in RULES:
        match = pattern.search(text)
        if match is None:
            continue
        day = understand(match, today)
        at = None
        if day.day is not None:
            at = datetime.combine(day.day, clock[0] if clock else time(), zone)
        return ReadDate(
            at=at, has_time=clock is not None, start=match.start(), end=match.end(), doubt=day.doubt
        )
    if clock is None:
        return None
    at = datetime.combine(today, clock[0], zone)
    if at < sent_at:
        at += timedelta(days=1)
    return ReadDate(at=at, has_time=True, start=clock[1], end=clock[2])


def _checked(year: int, month: int, day: int, today: date, doubt: str = "") -> Day:
    """A day with its year: real, and not too far away to be meant."""
    try:
        found = date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return Day(None, "impossible_date")
    if found.year < 2000:
        return Day(None, "past")
    if found - today > FURTHEST:
        return Day(None, "too_far")
    return Day(found, doubt or ("past" if found < today else ""))


def _without_year(month: int, day: int, today: date, doubt: str = "") -> Day:
    """The next such day, or the last where it has just passed. 29 February waits for its year."""
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(2024, month)[1]:
        return Day(None, "impossible_date")
    for year in range(today.year, today.year + 5):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return Day(found, doubt)
        if today - found <= RECENT:
            return Day(found, doubt or "past")
    return Day(None, "impossible_date")


def _iso(match: re.Match[str], today: date) -> Day:
    return _checked(int(match["y"]), int(match["m"]), int(match["d"]), today)


def _numeric(match: re.Match[str], today: date) -> Day:
    """Day before month, as in Indonesia; the other way only where it cannot be else."""
    day, month, doubt = int(match["d"]), int(match["m"]), ""
    if month > 12 >= day:
        day, month = month, day
    elif day <= 12 and day != month:
        doubt = "ambiguous_day_month"
    if match["y"]:
        return _checked(int(match["y"]), month, day, today, doubt)
    return _without_year(month, day, today, doubt)


def _named_month(match: re.Match[str], today: date) -> Day:
    month, day = MONTHS[match["month"]], int(match["d"])
    if match["y"]:
        return _checked(int(match["y"]), month, day, today)
    return _without_year(month, day, today)


def _day_of_month(match: re.Match[str], today: date) -> Day:
    """`tanggal 5`: the next fifth."""
    wanted = int(match["d"])
    if not 1 <= wanted <= 31:
        return Day(None, "impossible_date")
    year, month = today.year, today.month
    for _ in range(13):
        if wanted <= calendar.monthrange(year, month)[1] and date(year, month, wanted) >= today:
            return Day(date(year, month, wanted))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return Day(None, "impossible_date")


def _weekday(match: re.Match[str], today: date) -> Day:
    """The next such day of the week; with `depan` or `next` the one of the week after this."""
    wanted = WEEKDAYS[match["weekday"]]
    if match["next"]:
        return Day(today - timedelta(days=today.weekday()) + timedelta(days=7 + wanted))
    return Day(today + timedelta(days=(wanted - today.weekday()) % 7))


def _in_days(match: re.Match[str], today: date) -> Day:
    count = match["count"]
    number = NUMBERS.get(count) or int(count)
    size = 7 if match["unit"].startswith(("minggu", "week", "pekan")) else 1
    found = timedelta(days=number * size)
    return Day(today + found) if found <= FURTHEST else Day(None, "too_far")


def _end_of_month(match: re.Match[str], today: date) -> Day:
    return Day(today.replace(day=calendar.monthrange(today.year, today.month)[1]))


def _after(days: int) -> Callable[[re.Match[str], date], Day]:
    return lambda match, today: Day(today + timedelta(days=days), "past" if days < 0 else "")


def _rule(pattern: str, understand: Callable[[re.Match[str], date], Day]) -> Rule:
    return re.compile(pattern), understand


RULES: tuple[Rule, ...] = (
    _rule(rf"{_START}(?P<y>(?:19|20)\d\d)[-/](?P<m>\d{{1,2}})[-/](?P<d>\d{{1,2}})(?!\d)", _iso),
    _rule(
        rf"{_START}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s?(?:of\s)?(?P<month>{_MONTH})\b\.?(?:,?\s?(?P<y>(?:19|20)\d\d)\b)?",
        _named_month,
    ),
    _rule(
        rf"(?<!\w)(?P<month>{_MONTH})\s(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s?(?:rb|k|jt|:))(?:,?\s(?P<y>(?:19|20)\d\d)\b)?",
        _named_month,
    ),
    _rule(
        rf"{_START}(?P<d>\d{{1,2}})(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep)(?P<y>(?:19|20)\d\d|\d\d)(?![\d/])",
        _numeric,
    ),
    _rule(rf"{_START}(?P<d>\d{{1,2}})/(?P<m>\d{{1,2}})(?P<y>(?!))?{_END}", _numeric),
    _rule(rf"\b(?:lusa|day after tomorrow){_END}", _after(2)),
    _rule(
        rf"\b(?:besok|bsk|besuk|besoknya|tomorrow|tmrw|tmr){_END}(?!\s(?:{_WEEKDAY})\b)", _after(1)
    ),
    _rule(
        rf"\b(?:hari ini|sore ini|siang ini|malam ini|nanti (?:sore|malam|siang)|today|tonight|this (?:afternoon|evening)){_END}",
        _after(0),
    ),
    _rule(rf"\b(?:kemarin lusa|kemaren lusa){_END}", _after(-2)),
    _rule(rf"\b(?:kemarin|kemaren|kmrn|kmaren|yesterday){_END}", _after(-1)),
    _rule(rf"\b{_COUNT}\s?(?P<unit>hari|minggu|pekan)\s(?:lagi|ke depan|kedepan)\b", _in_days),
    _rule(rf"\bin\s{_COUNT}\s(?P<unit>days?|weeks?)\b", _in_days),
    _rule(
        r"\b(?:minggu depan|pekan depan|next week)(?! (?:hari )?(?:senin|selasa|rabu|kamis|jum|sabtu))",
        _after(7),
    ),
    _rule(r"\bakhir bulan(?: ini)?\b|\bend of (?:the|this) month\b", _end_of_month),
    _rule(rf"\b(?P<next>next)\s(?P<weekday>{_WEEKDAY})\b", _weekday),
    _rule(
        rf"\b(?:hari\s)?(?P<weekday>{_WEEKDAY})(?<!minggu)(?<!\bmon)(?<!\bsun)(?<!\bsat)(?<!\bwed)(?<!\bsen)\b(?:\s(?:minggu\s)?(?P<next>depan)\b)?",
        _weekday,
    ),
    _rule(rf"\b(?:hari\s|on\s)(?P<weekday>{_WEEKDAY})\b(?P<next>\sdepan)?", _weekday),
    _rule(
        r"\b(?P<weekday>minggu)(?P<next>(?!))?(?=\s(?:pagi|siang|sore|malam|jam|besok|ini jam))",
        _weekday,
    ),
    _rule(r"\b(?:tgl|tanggal|tggl)\.?\s?(?P<d>\d{1,2})(?![\d.,]*\d)", _day_of_month),
)

CLOCKS = (
    re.compile(
        r"\b(?:jam|pukul|pkl|jm)\.?\s?(?P<h>\d{1,2})(?:[.:](?P<m>\d{2}))?(?!\d)(?:\s?(?P<part>pagi|siang|sore|malam|malem|am|pm)\b)?"
    ),
    re.compile(
        r"(?<![\d.,:/])(?P<h>\d{1,2})(?:[.:](?P<m>\d{2}))?\s?(?P<part>am|pm|a\.m\.|p\.m\.)(?!\w)"
    ),
    re.compile(r"(?<![\d.,:/])(?P<h>\d{1,2}):(?P<m>\d{2})(?![\d:])(?P<part>(?!))?"),
    re.compile(r"\bat\s(?P<h>\d{1,2})(?P<m>(?!))?(?![\d.,:]|\s?(?:rb|k|jt|%))(?P<part>(?!))?"),
    re.compile(
        r"(?<![\d.,:/])(?P<h>\d{1,2})(?:\.(?P<m>\d{2}))?\s(?P<part>pagi|siang|sore|malam)\b"
    ),
)
AFTERNOON_BY = 6


def _read_time(text: str) -> tuple[time, int, int] | None:
    for pattern in CLOCKS:
        if match := pattern.search(text):
            hour = _hour(int(match["h"]), match["part"] or "")
            minute = int(match["m"] or 0)
            if hour is not None and minute < 60:
                return time(hour, minute), match.start(), match.end()
    return None


def _hour(hour: int, part: str) -> int | None:
    """The hour of the day. `jam 3` without a part of the day is three in the afternoon."""
    if hour > 23:
        return None
    match part.replace(".", ""):
        case "pagi" | "am":
            return hour % 12 if hour <= 12 else hour
        case "malam" | "malem":
            return {12: 0}.get(hour, hour + 12 if 5 <= hour < 12 else hour)
        case "siang":
            return hour + 12 if hour <= 5 else hour
        case "sore" | "pm":
            return hour + 12 if hour < 12 else hour
        case _:
            return hour + 12 if 1 <= hour <= AFTERNOON_BY else hour
