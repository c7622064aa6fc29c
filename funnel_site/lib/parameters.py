"""What an address asks for after its question mark: each parameter read once, each wrong one named."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.http import QueryDict

from funnel_site.lib.problems import Problem

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
LONGEST_SPAN = timedelta(days=3_660)


class Parameters:
    """Query parameters, each read by name; what is left over is refused."""

    def __init__(self, given: QueryDict, *, repeatable: frozenset[str], known: frozenset[str]):
        for name in given:
            if name not in known:
                raise Problem(
                    400, "unknown_parameter", "There is no such parameter.", field=name[:64]
                )
            if name not in repeatable and len(given.getlist(name)) > 1:
                raise Problem(400, "repeated", "Give this parameter once.", field=name)
        self.given = given

    def text(self, name: str, *, default: str = "") -> str:
        value = self.given.get(name)
        if value is None:
            return default
        if not value or "\x00" in value or len(value) > 2_000:
            raise Problem(400, "invalid", "This parameter cannot be read.", field=name)
        return str(value)

    def choice(self, name: str, choices: tuple[str, ...], *, default: str) -> str:
        value = self.text(name, default=default)
        if value not in choices:
            raise Problem(400, "unknown", f"Not one of: {', '.join(choices)}.", field=name)
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        word = self.choice(name, ("0", "1", "true", "false"), default="1" if default else "0")
        return word in ("1", "true")

    def whole_number(self, name: str, *, default: int, most: int) -> int:
        value = self.text(name, default=str(default))
        is_number = value.isascii() and value.isdigit() and len(value) <= 18
        if not is_number or not 1 <= int(value) <= most:
            raise Problem(400, "invalid", f"A whole number from 1 to {most}.", field=name)
        return int(value)

    def day(self, name: str) -> date | None:
        value = self.text(name)
        if not value:
            return None
        try:
            day = date.fromisoformat(value) if DAY.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None or not 2000 <= day.year < 2100:
            raise Problem(400, "invalid_date", "A day as YYYY-MM-DD from 2000 to 2099.", field=name)
        return day

    def moment(self, name: str, zone: ZoneInfo) -> datetime | None:
        value = self.text(name).replace(" ", "+")
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        except (ValueError, OverflowError) as error:
            raise Problem(400, "invalid_time", "An ISO 8601 time.", field=name) from error
        if not 2000 <= moment.year < 2100:
            raise Problem(400, "invalid_time", "A time from 2000 to 2099.", field=name)
        return moment

    def days(self) -> tuple[date | None, date | None]:
        """`date_from` and `date_to`, in their order and at most ten years apart."""
        date_from, date_to = self.day("date_from"), self.day("date_to")
        if date_from and date_to and date_from > date_to:
            raise Problem(400, "wrong_order", "date_from is after date_to.", field="date_from")
        if date_from and date_to and date_to - date_from > LONGEST_SPAN:
            raise Problem(400, "too_long", "At most ten years.", field="date_from")
        return date_from, date_to


def span(
    date_from: date | None, date_to: date | None, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """Whole local days, both ends included, as moments: the first within, the second not."""
    starts_at = datetime.combine(date_from, time(), zone) if date_from else None
    ends_at = datetime.combine(date_to + timedelta(days=1), time(), zone) if date_to else None
    return starts_at, ends_at
