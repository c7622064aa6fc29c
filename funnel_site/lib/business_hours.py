"""The hours in which people work: read from words, and the seconds of them between two moments.

No database and no clock. What the database counts with is the same, as one row a day: `worked_days`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import accumulate, pairwise

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 86_400
MOST_PARTS = 14
PART = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The same hours on days that follow each other: days from 0, Monday, minutes of the day."""

    first: int
    last: int
    opens: int
    closes: int

    @property
    def days(self) -> list[int]:
        """The days, over the end of the week where the last comes before the first."""
        return [(self.first + step) % 7 for step in range((self.last - self.first) % 7 + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessHours:
    """A week's hours, and the days on which nobody works."""

    parts: tuple[Part, ...]
    holidays: frozenset[date] = frozenset()

    def of_day(self, day: date) -> list[tuple[int, int]]:
        """Minutes of the day from which to which people work on it, in order."""
        if day in self.holidays:
            return []
        weekday = day.weekday()
        return sorted((part.opens, part.closes) for part in self.parts if weekday in part.days)


def read_hours(words: str, holidays: str = "") -> BusinessHours:
    """Hours such as `Mon-Fri 09:00-17:00, Sat 09:00-13:00`, and days such as `2026-12-25, 2027-01-01`.

    Raises ValueError for what cannot be read, hours of one day that overlap, and none at all.

    >>> read_hours("Fri-Sat 09:00-12:00").parts[0].days
    [4, 5]
    """
    parts = tuple(_part(part.strip().lower()) for part in words.split(","))
    if len(parts) > MOST_PARTS:
        raise ValueError("too many parts")
    given = [day.strip() for day in holidays.split(",") if day.strip()]
    hours = BusinessHours(parts=parts, holidays=frozenset(date.fromisoformat(day) for day in given))
    for weekday in range(7):
        spans = sorted((part.opens, part.closes) for part in parts if weekday in part.days)
        if any(closes > opens for (_, closes), (opens, _) in pairwise(spans)):
            raise ValueError(f"hours of {DAYS[weekday].capitalize()} overlap")
    return hours


def _part(words: str) -> Part:
    found = PART.fullmatch(words)
    if found is None or found[1] not in DAYS or (found[2] or found[1]) not in DAYS:
        raise ValueError(f"{words!r} is not as Mon-Fri 09:00-17:00")
    opens, closes = (int(found[at]) * 60 + int(found[at + 1]) for at in (3, 5))
    if int(found[4]) > 59 or int(found[6]) > 59 or not opens < closes <= 24 * 60:
        raise ValueError(f"{words!r} is not a span of one day")
    first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
    return Part(first=first, last=last, opens=opens, closes=closes)


def business_seconds(
    begin: datetime, end: datetime, *, hours: BusinessHours, zone: tzinfo
) -> float:
    """Seconds between two aware moments that lie within the hours, by the clocks of `zone`.

    Nothing where the end is not after the beginning. The hours are the wall clock's: on a day when
    clocks change, an hour may be missing from them or be counted twice.

    >>> from zoneinfo import ZoneInfo
    >>> zone = ZoneInfo("Asia/Jakarta")
    >>> friday, monday = datetime(2025, 4, 4, 16, tzinfo=zone), datetime(2025, 4, 7, 9, 30, tzinfo=zone)
    >>> business_seconds(friday, monday, hours=read_hours("Mon-Fri 09:00-17:00"), zone=zone)
    5400.0
    """
    first, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    low, high = begin.timestamp(), end.timestamp()
    return float(
        sum(
            max(0.0, min(high, closes) - max(low, opens))
            for opens, closes in spans(first, last, hours=hours, zone=zone)
        )
    )


def spans(
    first: date, last: date, *, hours: BusinessHours, zone: tzinfo
) -> Iterator[tuple[int, int]]:
    """The hours of the days from the first to the last as seconds since 1970, in order."""
    day = first
    while day <= last:
        for opens, closes in hours.of_day(day):
            span = _moment(day, opens, zone), _moment(day, closes, zone)
            if span[0] < span[1]:
                yield span
        day += timedelta(days=1)


def _moment(day: date, minutes: int, zone: tzinfo) -> int:
    days, minutes = divmod(minutes, 24 * 60)
    clock = time(minutes // 60, minutes % 60, tzinfo=zone)
    return int(datetime.combine(day + timedelta(days=days), clock).timestamp())


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedDay:
    """A day of UTC: what was worked before it since the first one, and the hours that touch it.

    What was worked until a moment of this day is `before` and, of each span, what lies before the
    moment. It is the same whatever the zone and its changes of clocks.
    """

    day: int
    """Days since 1970."""
    before: int
    spans: tuple[tuple[int, int], ...]


def worked_days(
    first: datetime, end: datetime, *, hours: BusinessHours, zone: tzinfo
) -> list[WorkedDay]:
    """Every day of UTC from one moment to another."""
    days = range(int(first.timestamp()) // DAY, int(end.timestamp()) // DAY + 1)
    cut: dict[int, list[tuple[int, int]]] = {day: [] for day in days}
    a_day = timedelta(days=1)
    for span in spans(first.date() - a_day, end.date() + a_day, hours=hours, zone=zone):
        for day in range(span[0] // DAY, (span[1] - 1) // DAY + 1):
            if day in cut:
                cut[day].append((max(span[0], day * DAY), min(span[1], (day + 1) * DAY)))
    worked = [_length(cut[day]) for day in days]
    return [
        WorkedDay(day=day, before=before, spans=tuple(cut[day]))
        for day, before in zip(days, accumulate(worked, initial=0), strict=False)
    ]


def _length(cut: Sequence[tuple[int, int]]) -> int:
    return sum(closes - opens for opens, closes in cut)
