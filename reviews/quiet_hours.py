"""Whether it is day where a customer is, as far as their number tells."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers

Hours = tuple[int, int]
"""From the first hour on, until before the second, by the customer's clock."""
UNKNOWN = "Etc/Unknown"


def is_polite(at: datetime, phone: str, *, hours: Hours, home: ZoneInfo) -> bool:
    """Whether a number may be written to at a moment. `home` is the clock of who has no number.

    >>> at = datetime.fromisoformat("2025-05-01T09:00+07:00")
    >>> [is_polite(at, phone, hours=(8, 20), home=ZoneInfo("Asia/Jakarta"))
    ...  for phone in ("+628123456789", "+442071838750", "")]
    [True, False, True]
    """
    first, last = hours
    if (first, last) == (0, 24):
        return True
    return first <= at.astimezone(zone_of(phone, home)).hour < last


def zone_of(phone: str, home: ZoneInfo) -> ZoneInfo:
    """The zone of an E.164 number: `home` where it may be there, else the middle of the possible."""
    zones = _zones(phone)
    if not zones or home.key in zones:
        return home
    return ZoneInfo(zones[len(zones) // 2])


@lru_cache(maxsize=10_000)
def _zones(phone: str) -> Sequence[str]:
    """The zones where a number may be, from west to east; none where nobody knows."""
    # Read when the first invitation waits for the day: the table of zones is large.
    from phonenumbers.timezone import time_zones_for_number

    try:
        names = time_zones_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return ()
    moment = datetime(2025, 1, 1)  # noqa: DTZ001 - any moment, by each zone's own clock
    return sorted(
        (name for name in names if name != UNKNOWN),
        key=lambda name: (ZoneInfo(name).utcoffset(moment), name),
    )
