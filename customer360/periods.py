"""Whole days, both ends included; no end means without one."""

from dataclasses import dataclass
from datetime import date, timedelta

EARLIEST, LATEST = date(1, 1, 1), date(9999, 12, 31)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that a figure is asked for.

    >>> Period(date_from=date(2026, 3, 1), date_to=date(2026, 3, 31)).before
    Period(date_from=datetime.date(2026, 1, 29), date_to=datetime.date(2026, 2, 28))
    >>> Period().before is None
    True
    """

    date_from: date | None = None
    date_to: date | None = None

    @property
    def first(self) -> date:
        return self.date_from or EARLIEST

    @property
    def last(self) -> date:
        return self.date_to or LATEST

    @property
    def is_all_time(self) -> bool:
        return self.date_from is None and self.date_to is None

    def until(self, day: date) -> "Period":
        """The same, ending on that day at the latest."""
        return Period(date_from=self.date_from, date_to=min(self.last, day))

    @property
    def before(self) -> "Period | None":
        """The equally long period that ends the day before this one; None without both ends."""
        if self.date_from is None or self.date_to is None:
            return None
        length = self.date_to - self.date_from + DAY
        return Period(date_from=self.date_from - length, date_to=self.date_from - DAY)

    def query(self) -> dict[str, str]:
        """As parameters of an address."""
        given = {"date_from": self.date_from, "date_to": self.date_to}
        return {name: day.isoformat() for name, day in given.items() if day}

    @property
    def key(self) -> str:
        return f"{self.date_from or ''}_{self.date_to or ''}"

    def __str__(self) -> str:
        if self.is_all_time:
            return "All time"
        if self.date_from is None:
            return f"Up to {self.date_to:%-d %b %Y}"
        if self.date_to is None:
            return f"From {self.date_from:%-d %b %Y}"
        return f"{self.date_from:%-d %b %Y} to {self.date_to:%-d %b %Y}"


def month_start(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after.

    >>> next_month(date(2026, 12, 5))
    datetime.date(2027, 1, 1)
    """
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def complete_months(period: Period) -> tuple[date, date]:
    """The first days of the first month that lies within, and of the first one that does not.

    They are equal where no whole month lies within.

    >>> complete_months(Period(date_from=date(2026, 1, 2), date_to=date(2026, 3, 30)))
    (datetime.date(2026, 2, 1), datetime.date(2026, 3, 1))
    """
    first = period.first if period.first.day == 1 else next_month(period.first)
    last = period.last
    if last == LATEST:
        return first, LATEST
    end = next_month(last) if next_month(last) - DAY == last else month_start(last)
    return first, max(first, end)
