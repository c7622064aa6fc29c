"""From a figure, or one row of it, to the list of rows that it counts or adds up."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from customer360.periods import Period, next_month
from funnel_site.lib.parameters import span

PROFILES = "admin:customer360_customerprofile_changelist"


def profiles_link(period: Period, **wanted: Any) -> str:
    """The list of profiles, filtered; a period means the last purchase."""
    query = {name: value for name, value in wanted.items() if value is not None}
    if period.date_from:
        query["last_purchase_date_from"] = period.date_from.isoformat()
    if period.date_to:
        query["last_purchase_date_to"] = period.date_to.isoformat()
    return _address(PROFILES, query)


def sales_link(period: Period, **wanted: Any) -> str:
    """The list of purchases and paid funnels."""
    return _address("admin:customer360_sales", {**period.query(), **wanted})


def signals_link(period: Period, **wanted: Any) -> str:
    """The list of satisfaction signals."""
    return _address("admin:customer360_signals", {**period.query(), **wanted})


def _address(name: str, query: dict[str, Any]) -> str:
    return reverse(name) + (f"?{urlencode(query)}" if query else "")


def kpi_link(key: str, period: Period, currency: str) -> str:
    """The rows behind a single figure."""
    upto = Period(date_to=period.date_to)
    if key == "total_customers":
        query = {"customer_since_to": upto.date_to.isoformat()} if upto.date_to else {}
        return _address(PROFILES, query)
    if key == "total_lifetime_value":
        return sales_link(upto, currency=currency)
    if key == "average_order_value":
        return sales_link(period, currency=currency)
    if key == "retention_rate":
        return _address("admin:customer360_retention", dict(period.query()))
    return profiles_link(period, total_purchases__gte=2)


def row_link(key: str, row: dict[str, Any], period: Period) -> str:
    """The rows behind one row of a picture."""
    return LINKS[key](row, period)


def _month_of(month: str, period: Period) -> Period:
    """The part of the month that lies in the period."""
    first = date.fromisoformat(month)
    last = next_month(first) - timedelta(days=1)
    return Period(date_from=max(first, period.first), date_to=min(last, period.last))


def funnels_link(channel: str, period: Period, **wanted: Any) -> str:
    """The list of funnels of a channel whose lead lies in the period."""
    query: dict[str, Any] = {"is_latest__exact": 1, "channel": channel, **wanted}
    starts_at, ends_at = span(period.date_from, period.date_to, ZoneInfo(settings.TIME_ZONE))
    if starts_at:
        query["leads_date__gte"] = starts_at.isoformat()
    if ends_at:
        query["leads_date__lt"] = ends_at.isoformat()
    return _address("admin:funnels_funnel_changelist", query)


SCORES = ("recency_score", "frequency_score", "monetary_score")
LINKS: dict[str, Callable[[dict[str, Any], Period], str]] = {
    "customer_segments": lambda row, period: profiles_link(
        period, customer_segment=row["customer_segment"]
    ),
    "churn_risk": lambda row, period: profiles_link(period, churn_risk__exact=row["churn_risk"]),
    "rfm_segmentation": lambda row, period: profiles_link(
        period, **{name: row[name] for name in SCORES if name in row}
    ),
    "top_customers": lambda row, period: reverse(
        "admin:customer360_customerprofile_change", args=[row["customer_id"]]
    ),
    "monthly_revenue": lambda row, period: sales_link(
        _month_of(row["month"], period), currency=row["currency"]
    ),
    "product_category_performance": lambda row, period: sales_link(
        period, category=row["category"], currency=row["currency"]
    ),
    "customer_satisfaction": lambda row, period: signals_link(period, score=row["score"]),
    "funnel_by_channel": lambda row, period: funnels_link(row["channel"], period),
}
