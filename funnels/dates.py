"""Days and times as people write them in chat, Indonesian and English, relative to when they wrote.

dateparser was measured on such texts and misread a third of them, so the rules are our own; what
no rule knows is no date. The first rule that fits decides, so the explicit ones stand first.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FURTHEST = timedelta(days=731)
RECENT = timedelta(days=30)
OLDEST = timedelta(days=366)
"""What lies further back is somebody's birthday, not the day of a booking or payment."""

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

    Case does not matter. A day without a year is the next one, or the last where it has just
    passed (30 days). A weekday is the next one after today; with `ini` today counts too, with
    `depan` or `next` it is that of the coming week. A day without a time is its midnight; a time
    without a day is the next such time. `doubt` is one of '', ambiguous_day_month, past,
    impossible_date, too_far.
    """
    text = text.lower()
    if not HINT.search(text):
        return None
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
    if today - found > OLDEST:
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
            return Day(found, doubt) if found - today <= FURTHEST else Day(None, "too_far")
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
    """`tanggal 5`: the next fifth; `tanggal 5 bulan depan`: that of the next month."""
    wanted = int(match["d"])
    year, month = today.year, today.month
    if match["later"]:
        year, month = _month_after(year, month)
    for _ in range(12):
        if 1 <= wanted <= calendar.monthrange(year, month)[1]:
            found = date(year, month, wanted)
            if found >= today:
                return Day(found)
        if match["later"]:
            break
        year, month = _month_after(year, month)
    return Day(None, "impossible_date")


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)


def _weekday(match: re.Match[str], today: date) -> Day:
    """The next such day; with `depan` or `next` the one of the week after this."""
    wanted = WEEKDAYS[match["weekday"]]
    if match["next"]:
        return Day(today + timedelta(days=7 + wanted - today.weekday()))
    ahead = (wanted - today.weekday()) % 7
    if not ahead and not match["this"]:
        # Who means today says so.
        ahead = 7
    return Day(today + timedelta(days=ahead))


def _in_days(match: re.Match[str], today: date) -> Day:
    count = match["count"]
    number = NUMBERS.get(count) or int(count)
    size = 7 if match["unit"].startswith(("minggu", "week", "pekan")) else 1
    found = timedelta(days=number * size)
    return Day(today + found) if found <= FURTHEST else Day(None, "too_far")


def _relative(match: re.Match[str], today: date) -> Day:
    words = match[0]
    days = next(days for days, pattern in RELATIVE.items() if re.fullmatch(pattern, words))
    return Day(today + timedelta(days=days), "past" if days < 0 else "")


def _end_of_month(match: re.Match[str], today: date) -> Day:
    return Day(today.replace(day=calendar.monthrange(today.year, today.month)[1]))


def _next_week(_match: re.Match[str], today: date) -> Day:
    return Day(today + timedelta(days=7))


def _rule(pattern: str, understand: Callable[[re.Match[str], date], Day]) -> Rule:
    return re.compile(pattern), understand


RELATIVE = {
    -2: r"kemarin lusa|kemaren lusa",
    -1: r"kemarin|kemaren|kmrn|kmaren|yesterday",
    0: r"hari ini|(?:pagi|sore|siang|malam|malem) ini|(?:nanti|ntar|nti) (?:sore|malam|malem|siang)|today|tonight"
    r"|this (?:morning|afternoon|evening)",
    2: r"(?:besok )?lusa|(?:the )?day after tomorrow",
    3: r"tulat",
    1: rf"(?:besok|bsk|besuk|besoknya|tomorrow|tmrw|tmr)(?!\s(?:{_WEEKDAY})\b)",
}
_RELATIVE = "|".join(
    # The longer ones first, or `kemarin lusa` would be `kemarin`.
    RELATIVE[days]
    for days in (-2, 2, 3, -1, 0, 1)
)
_DAY_BEFORE_MONTH = rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s?(?:of\s)?(?P<month>{_MONTH})\b\.?"
_YEAR = r"(?:,?\s?(?P<y>(?:19|20)\d\d)\b(?![.,]\d))?"
# Short English names of days are also other words: only with a word that makes them days.
_SURE_DAY = (
    rf"(?P<weekday>{_WEEKDAY})(?<!minggu)(?<!\bmon)(?<!\bsun)(?<!\bsat)(?<!\bwed)(?<!\bsen)\b"
)

RULES: tuple[Rule, ...] = (
    _rule(rf"{_START}(?P<y>(?:19|20)\d\d)[-/](?P<m>\d{{1,2}})[-/](?P<d>\d{{1,2}})(?!\d)", _iso),
    _rule(rf"{_START}{_DAY_BEFORE_MONTH}{_YEAR}", _named_month),
    _rule(
        rf"(?<!\w)(?P<month>{_MONTH})\s(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s?(?:rb|k|jt|ribu|juta)\b|:\d|[.,]?\d){_YEAR}",
        _named_month,
    ),
    _rule(
        rf"{_START}(?P<d>\d{{1,2}})(?P<sep>[-/]|\.(?=\d{{1,2}}\.\d{{4}}))(?P<m>\d{{1,2}})(?P=sep)(?P<y>(?:19|20)\d\d|\d\d)(?![\d/]|[.,]\d)",
        _numeric,
    ),
    _rule(
        rf"{_START}(?P<d>\d{{1,2}})/(?P<m>\d{{1,2}})(?P<y>(?!))?{_END}(?!\s(?:hari|jam(?!\s?\d)|porsi|kg|harga)\b)",
        _numeric,
    ),
    _rule(rf"\b(?:{_RELATIVE}){_END}", _relative),
    _rule(rf"\b{_COUNT}\s?(?P<unit>hari|minggu|pekan)\s(?:lagi|ke depan|kedepan)\b", _in_days),
    _rule(rf"\bin\s{_COUNT}\s(?P<unit>days?|weeks?)\b", _in_days),
    _rule(
        rf"\b(?P<next>minggu depan|pekan depan|next week)\s(?:hari\s|on\s)?(?P<weekday>{_WEEKDAY})\b(?P<this>(?!))?",
        _weekday,
    ),
    _rule(
        rf"\b{_SURE_DAY}\s(?P<next>minggu depan|pekan depan|next week)\b(?P<this>(?!))?", _weekday
    ),
    _rule(r"\b(?:minggu depan|pekan depan|next week)\b", _next_week),
    _rule(r"\bakhir bulan(?: ini)?\b(?! depan)|\bend of (?:the|this) month\b", _end_of_month),
    _rule(rf"\b(?P<next>next)\s(?P<weekday>{_WEEKDAY})\b(?P<this>(?!))?", _weekday),
    _rule(
        rf"\b(?:hari\s)?{_SURE_DAY}(?:\s(?P<next>depan)\b)?(?:\s(?P<this>ini)\b)?",
        _weekday,
    ),
    _rule(
        rf"\b(?:hari\s|on\s|this\s)(?P<weekday>{_WEEKDAY})\b(?P<next>\sdepan)?(?P<this>\sini)?",
        _weekday,
    ),
    _rule(
        r"\b(?P<weekday>minggu)(?P<next>(?!))?(?P<this>(?!))?(?=\s(?:pagi|siang|sore|malam|jam|besok|ini jam))",
        _weekday,
    ),
    _rule(
        r"\b(?:tgl|tanggal|tggl)\.?\s?(?P<d>\d{1,2})(?![\d.,]*\d)(?P<later>\sbulan depan)?",
        _day_of_month,
    ),
)

_PART = r"(?P<part>pagi|siang|sore|malam|malem|am|pm)\b"
CLOCKS = (
    re.compile(r"\b(?P<half>setengah|stgh)\s(?P<h>\d{1,2})(?P<m>(?!))?\s" + _PART),
    re.compile(
        r"\b(?:jam|pukul|pkl|jm)\s(?P<half>setengah|stgh)\s(?P<h>\d{1,2})(?P<m>(?!))?(?!\d)(?:\s?"
        + _PART
        + ")?"
    ),
    re.compile(
        r"(?:\b(?P<early>pagi|siang|sore|malam|malem)\s(?:ini\s)?)?"
        r"\b(?:jam|pukul|pkl|jm)\.?\s?(?P<h>\d{1,2})(?:[.:](?P<m>\d{2}))?(?!\d)(?:\s?(?:-|sampai|s/d|sd)\s?\d{1,2}(?:[.:]\d\d)?)?(?:\s?"
        + _PART
        + ")?"
    ),
    re.compile(
        r"(?<![\d.,:/])(?P<h>\d{1,2})(?:[.:](?P<m>\d{2}))?\s?(?P<part>am|pm|a\.m\.|p\.m\.)(?!\w)"
    ),
    re.compile(r"(?<![\d.,:/])(?P<h>\d{1,2}):(?P<m>\d{2})(?![\d])(?P<part>(?!))?"),
    re.compile(r"(?<![\d.,:/])(?P<h>\d{1,2})\.(?P<m>\d{2})(?=\swi(?:b|ta|t)\b)(?P<part>(?!))?"),
    re.compile(
        rf"\b(?:{_MONTH}|{_WEEKDAY}|besok|bsk|lusa|ini|depan)\s(?:20\d\d\s)?(?P<h>\d{{1,2}})\.(?P<m>[0-5]\d)"
        r"(?![\d.,]|\s?(?:rb|k|jt|ribu|juta)\b)(?P<part>(?!))?"
    ),
    re.compile(r"\bat\s(?P<h>\d{1,2})(?P<m>(?!))?(?![\d.,:]|\s?(?:rb|k|jt|%))(?P<part>(?!))?"),
    re.compile(
        r"(?<![\d.,:/])(?P<h>\d{1,2})(?:\.(?P<m>\d{2}))?\s(?P<part>pagi|siang|sore|malam|malem)\b(?<!\b[1-6]\smalam)"
    ),
)
CLOCK_HINT = re.compile(
    r"\d(?:[.:]\d\d|\s?(?:am|pm|a\.m|p\.m|pagi|siang|sore|malam|malem)\b)|(?:jam|pukul|pkl|jm|at)\.?\s?(?:\d|setengah|stgh)"
)
AFTERNOON_BY = 6
# Most texts name no day at all, and this costs one search instead of twenty-five.
HINT = re.compile(
    rf"\d[-/.:]\d|\b(?:{_RELATIVE}|{_MONTH}|{_WEEKDAY}|minggu|pekan|week|hari|days?|bulan|month|jam|pukul|pkl|jm|tgl|tanggal|tggl|at)\b"
    r"|\d\s?(?:am|pm|a\.m|p\.m|pagi|siang|sore|malam|malem)\b|\d\s?(?:st|nd|rd|th)?\s?(?:of\s)?(?:"
    + _MONTH
    + ")"
)


def _read_time(text: str) -> tuple[time, int, int] | None:
    if not CLOCK_HINT.search(text):
        return None
    for pattern in CLOCKS:
        match = pattern.search(text)
        if match is None:
            continue
        said = match.groupdict()
        hour = _hour(int(said["h"]), said["part"] or said.get("early") or "")
        minute = int(said["m"] or 0)
        if hour is None or minute > 59:
            continue
        at = time(hour, minute)
        if said.get("half"):
            # `setengah 4` is half an hour before four.
            at = time((hour - 1) % 24, 30)
        return at, match.start(), match.end()
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
