"""Figures that count customers: segments, risks, scores, the top ones, and one customer's profile."""

from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery, Sum

from customer360.models import ChurnLevel, CustomerProfile, CustomerRecord, ProfileCell
from customer360.periods import Period
from customer360.scores.segments import SEGMENTS
from customer360.selectors.answers import Answer, Built, money, share
from funnel_site.lib.masking import shown_name


def _cells(period: Period) -> QuerySet[ProfileCell]:
    if period.is_all_time:
        return ProfileCell.objects.all()
    return ProfileCell.objects.filter(last_purchase_date__range=(period.first, period.last))


def _profiles(period: Period) -> QuerySet[CustomerProfile]:
    if period.is_all_time:
        return CustomerProfile.objects.all()
    return CustomerProfile.objects.filter(last_purchase_date__range=(period.first, period.last))


def _by(name: str, period: Period, order: tuple[str, ...]) -> list[dict[str, Any]]:
    """Customers and their value by one column of the cells, in the order of its known values."""
    found = list(
        _cells(period)
        .values(name)
        .annotate(count=Sum("customers"), value=Sum("total_lifetime_value"))
        .filter(count__gt=0)
        .order_by(name)
    )
    whole = sum(one["count"] for one in found)
    found.sort(key=lambda one: order.index(one[name]) if one[name] in order else len(order))
    return [
        {
            name: one[name],
            "count": one["count"],
            "share": share(one["count"], whole),
            "total_lifetime_value": money(one["value"]),
        }
        for one in found
    ]


def customer_segments(period: Period, built: Built, limit: int) -> Answer:
    """Customers by segment, in the segments' own order."""
    return Answer(
        figure="customer_segments",
        period=period,
        rows=_by("customer_segment", period, SEGMENTS),
    )


def churn_risk(period: Period, built: Built, limit: int) -> Answer:
    """Customers by churn risk, from low to high."""
    rows = _by("churn_risk", period, tuple(ChurnLevel.values))
    return Answer(
        figure="churn_risk",
        period=period,
        rows=[{**row, "label": ChurnLevel(row["churn_risk"]).label} for row in rows],
    )


def rfm_segmentation(period: Period, built: Built, limit: int) -> Answer:
    """Customers by their three scores: at most 125 rows."""
    names = ("recency_score", "frequency_score", "monetary_score")
    found = (
        _cells(period)
        .filter(recency_score__gt=0)
        .values(*names, "customer_segment")
        .annotate(count=Sum("customers"))
        .filter(count__gt=0)
        .order_by(*names)
    )
    return Answer(
        figure="rfm_segmentation",
        period=period,
        rows=[
            {
                **{name: one[name] for name in names},
                "count": one["count"],
                "customer_segment": one["customer_segment"],
            }
            for one in found
        ],
    )


def top_customers(period: Period, built: Built, limit: int) -> Answer:
    """The customers who have brought the most, with the names that a source has for them."""
    first_record = CustomerRecord.objects.filter(customer=OuterRef("pk")).order_by("pk")
    rows = (
        _profiles(period)
        .filter(total_purchases__gt=0)
        .annotate(
            first_name=Subquery(first_record.values("first_name")[:1]),
            last_name=Subquery(first_record.values("last_name")[:1]),
        )
        .order_by("-total_lifetime_value", "pk")
        .values_list(
            "pk",
            "first_name",
            "last_name",
            "customer__name",
            "total_lifetime_value",
            "total_purchases",
            "customer_segment",
        )[:limit]
    )
    return Answer(
        figure="top_customers",
        period=period,
        rows=[
            {
                "customer_id": number,
                # Who is known from chat alone has one name, not two.
                "first_name": shown_name(first or ("" if last else name)),
                "last_name": shown_name(last or ""),
                "total_lifetime_value": money(value),
                "currency": settings.CURRENCY,
                "total_purchases": purchases,
                "customer_segment": segment,
            }
            for number, first, last, name, value, purchases, segment in rows
        ],
    )


def profile_of(customer_id: int) -> CustomerProfile | None:
    """One customer's profile with the customer; None where there is none."""
    return CustomerProfile.objects.select_related("customer").filter(pk=customer_id).first()
