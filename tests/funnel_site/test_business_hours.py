"""Hours of work: what may be written, and what lies between two moments, on any clock."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel_site.lib.business_hours import (
    DAY,
    BusinessHours,
    business_seconds,
    read_hours,
    worked_days,
)

OFFICE = read_hours("Mon-Fri 09:00-17:00", "2025-04-18")
ROUND_THE_CLOCK = read_hours("Mon-Sun 00:00-24:00")
LONG_LUNCH = read_hours("Mon-Thu 08:00-12:00, Mon-Thu 13:30-17:00, Sat-Sun 22:00-24:00")
JAKARTA, BERLIN = ZoneInfo("Asia/Jakarta"), ZoneInfo("Europe/Berlin")
WEEKS = st.sampled_from([OFFICE, ROUND_THE_CLOCK, LONG_LUNCH])
ZONES = st.sampled_from([JAKARTA, BERLIN, ZoneInfo("America/St_Johns")])
MOMENTS = st.integers(0, 61 * DAY * 1_000).map(
    lambda step: datetime(2025, 3, 1, tzinfo=UTC) + timedelta(milliseconds=step)
)


@pytest.mark.parametrize(
    ("words", "holidays"),
    [
        ("", ""), ("always", ""), ("Mon-Fri", ""), ("09:00-17:00", ""), ("Mon-Xyz 09:00-17:00", ""),
        ("Mon 9-17", ""), ("Mon 17:00-09:00", ""), ("Mon 09:00-09:00", ""), ("Mon 09:60-10:00", ""),
        ("Mon 09:00-24:01", ""), ("Mon-Fri 09:00-17:00, Fri 16:00-18:00", ""),
        ("Mon 09:00-17:00,", ""), ("Mon 09:00-17:00", "25-12-2026"), ("Mon 09:00-17:00", "2026-02-30"),
    ],
)  # fmt: skip
def test_what_cannot_be_hours_is_refused(words: str, holidays: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the start names the variable
        read_hours(words, holidays)


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("2025-04-07 09:00", "2025-04-07 17:00", 8),
        ("2025-04-07 03:00", "2025-04-07 22:00", 8),
        ("2025-04-07 16:45", "2025-04-08 09:15", 0.5),
        ("2025-04-04 20:00", "2025-04-07 09:30", 0.5),
        ("2025-04-05 10:00", "2025-04-06 10:00", 0),
        # Good Friday is a holiday here.
        ("2025-04-17 16:00", "2025-04-21 10:00", 2),
        ("2025-04-07 12:00", "2025-04-07 09:00", 0),
    ],
)
def test_nights_weekends_and_holidays_do_not_count(begin: str, end: str, hours: float) -> None:
    moments = [datetime.fromisoformat(one).replace(tzinfo=JAKARTA) for one in (begin, end)]
    assert business_seconds(*moments, hours=OFFICE, zone=JAKARTA) == hours * 3_600


def test_a_night_in_which_clocks_change_has_its_own_length() -> None:
    day = datetime(2025, 3, 30, tzinfo=BERLIN)
    worked = business_seconds(
        day, datetime(2025, 3, 31, tzinfo=BERLIN), hours=ROUND_THE_CLOCK, zone=BERLIN
    )
    assert worked == 23 * 3_600


@given(moments=st.lists(MOMENTS, min_size=3, max_size=3), hours=WEEKS, zone=ZONES)
def test_parts_of_a_time_add_up_and_none_is_longer_than_the_clock(
    moments: list[datetime], hours: BusinessHours, zone: ZoneInfo
) -> None:
    begin, between, end = sorted(moments)
    whole = business_seconds(begin, end, hours=hours, zone=zone)
    parts = [
        business_seconds(*two, hours=hours, zone=zone) for two in pairwise((begin, between, end))
    ]

    assert sum(parts) == pytest.approx(whole, abs=1e-3)
    assert 0 <= whole <= (end - begin).total_seconds() + 1e-3
    assert business_seconds(end, begin, hours=hours, zone=zone) == (0 if begin < end else whole)
    if hours is ROUND_THE_CLOCK:
        assert whole == pytest.approx((end - begin).total_seconds(), abs=1e-3)


@given(begin=MOMENTS, weeks=st.integers(0, 4))
def test_every_whole_week_has_its_hours(begin: datetime, weeks: int) -> None:
    end = begin + timedelta(weeks=weeks)
    worked = business_seconds(begin, end, hours=LONG_LUNCH, zone=JAKARTA)
    assert worked == pytest.approx(weeks * (4 * 7.5 + 4) * 3_600, abs=1e-3)


@given(moment=MOMENTS, hours=WEEKS, zone=ZONES)
def test_the_databases_table_of_days_tells_the_same(
    moment: datetime, hours: BusinessHours, zone: ZoneInfo
) -> None:
    first = datetime(2025, 2, 27, 22, 30, tzinfo=UTC)
    days = worked_days(first, datetime(2025, 5, 2, tzinfo=UTC), hours=hours, zone=zone)
    since = datetime.combine(date(2025, 2, 27), datetime.min.time(), tzinfo=UTC)
    at = moment.timestamp()
    [day] = [one for one in days if one.day == at // DAY]

    worked = day.before + sum(max(0, min(at, closes) - opens) for opens, closes in day.spans)

    assert worked == pytest.approx(
        business_seconds(since, moment, hours=hours, zone=zone), abs=1e-3
    )
