"""Figures that add up what happened: revenue, categories, satisfaction, and the funnel by channel."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max, Min, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils.timezone import now

from customer360.models import SalesDay, SatisfactionDay
from customer360.periods import Period, month_start, next_month
from customer360.selectors.answers import Answer, Built, money
from funnel_site.lib.parameters import span
from funnels.report import ReportQuery
from funnels.selectors import report_totals


def _sales(period: Period) -> QuerySet[SalesDay]:
    return SalesDay.objects.filter(day__range=(period.first, period.last))


def monthly_revenue(period: Period, built: Built, limit: int) -> Answer:
    """Revenue by month and currency, the site's currency first, months without a sale as 0."""
    found: list[Any] = list(
        _sales(period)
        .annotate(month=TruncMonth("day"))
        .values("month", "currency")
        .annotate(total=Sum("revenue"), number=Sum("orders"), from_=Min("day"), to=Max("day"))
        .order_by("currency", "month")
    )
    sums = {(one["currency"], one["month"]): one for one in found}
    currencies = sorted({one["currency"] for one in found}, key=_ours_first)
    rows = []
    for currency in currencies:
        for month in _months(found, period, built):
            one = sums.get((currency, month))
            rows.append(
                {
                    "month": month.isoformat(),
                    "currency": currency,
                    "revenue": money(one["total"] if one else 0),
                    "orders": one["number"] if one else 0,
                    "is_partial": built.as_of is not None
                    and built.as_of < next_month(month) - timedelta(days=1),
                }
            )
    return Answer(figure="monthly_revenue", period=period, rows=rows)


def _ours_first(currency: str) -> tuple[bool, str]:
    return currency != settings.CURRENCY, currency


def _months(found: list[Any], period: Period, built: Built) -> Iterator[date]:
    """Every month from the first sale, or the period's beginning, to its end."""
    if not found:
        return
    first = min(one["from_"] for one in found)
    last = max(one["to"] for one in found)
    if period.date_from:
        first = max(period.date_from, min(first, period.date_from))
    if built.as_of:
        last = max(last, min(period.last, built.as_of))
    month = month_start(first)
    while month <= last:
        yield month
        month = next_month(month)


def product_category_performance(period: Period, built: Built, limit: int) -> Answer:
    """Revenue by category and currency, the greatest first."""
    found = (
        _sales(period)
        .values("category", "currency")
        .annotate(total=Sum("revenue"), number=Sum("orders"))
    )
    rows = [
        {
            "category": one["category"],
            "currency": one["currency"],
            "total_revenue": money(one["total"]),
            "orders": one["number"],
        }
        for one in found
    ]
    rows.sort(
        key=lambda row: (_ours_first(row["currency"]), -row["total_revenue"], row["category"])
    )
    return Answer(figure="product_category_performance", period=period, rows=rows)


def funnel_by_channel(period: Period, built: Built, limit: int) -> Answer:
    """Leads, bookings and sales by the lead's channel, as the funnel report counts them."""
    zone = ZoneInfo(settings.TIME_ZONE)
    starts_at, ends_at = span(period.date_from, period.date_to, zone)
    totals = report_totals(ReportQuery(starts_at=starts_at, ends_at=ends_at), zone)
    rows = []
    for one in totals["by_channel"]:
        share = one["lead_to_transaction"]
        rows.append(
            {
                "channel": one["channel"],
                "leads": one["leads"],
                "bookings": one["bookings"],
                "transactions": one["transactions"],
                "lead_to_transaction": None if share is None else round(100 * share, 2),
            }
        )
    rows.sort(key=lambda row: (-row["leads"], row["channel"]))
    return Answer(figure="funnel_by_channel", period=period, rows=rows, values={"read_at": now()})


def customer_satisfaction(period: Period, built: Built, limit: int) -> Answer:
    """The mean score, how many signals it rests on, and how they spread over the scale."""
    found = dict(
        SatisfactionDay.objects.filter(day__range=(period.first, period.last))
        .values_list("score")
        .annotate(number=Sum("signals"))
    )
    signals = sum(found.values())
    total = sum(score * number for score, number in found.items())
    return Answer(
        figure="customer_satisfaction",
        period=period,
        rows=[{"score": score, "signals": found.get(score, 0)} for score in range(1, 11)]
        if signals
        else [],
        values={
            "avg_satisfaction_score": round(total / signals, 2) if signals else None,
            "signals": signals,
        },
    )
