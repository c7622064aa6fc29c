"""The site's day. Reports, segments and builds keep it, whatever zone the viewer reads times in."""

from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.timezone import get_default_timezone, localdate, localtime


def site_today() -> date:
    """Today by the clock of TIME_ZONE."""
    return localdate(timezone=get_default_timezone())


def site_time(moment: datetime) -> datetime:
    """An aware moment by the clock of TIME_ZONE."""
    return localtime(moment, get_default_timezone())


def shown_moment(moment: datetime) -> str:
    """An aware moment by the viewer's clock and in their way of writing it."""
    return date_format(localtime(moment), "DATETIME_FORMAT")
