"""A build's small tables made by hand, so that figures are tested without the build."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from conversations.models import Customer
from customer360.models import (
    BuyerMonth,
    CustomerDay,
    CustomerProfile,
    ProfileBuild,
    ProfileCell,
    SalesDay,
    SatisfactionDay,
)

AS_OF = date(2026, 3, 20)
PATHS = (
    "kpis",
    "customer_segments",
    "monthly_revenue",
    "top_customers",
    "product_category_performance",
    "customer_satisfaction",
    "churn_risk",
    "rfm_segmentation",
)
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)


def make_build(**values: Any) -> ProfileBuild:
    return ProfileBuild.objects.create(
        **{
            "mode": "full",
            "state": "done",
            "as_of": AS_OF,
            "finished_at": datetime.now(UTC),
            "currency": "IDR",
            **values,
        }
    )


def make_profile(name: str, **values: Any) -> CustomerProfile:
    customer = Customer.objects.create(name=name, first_seen_at=NOON, last_seen_at=NOON)
    return CustomerProfile.objects.create(
        **{
            "customer": customer,
            "customer_since": date(2026, 1, 1),
            "customer_segment": "No purchase yet",
            "value_tier": "none",
            "churn_risk": "no_purchase",
            "build_id": 1,
            **values,
        }
    )


# Two customers who bought and one who never did; a month with refunds; two currencies.
CELLS = (
    (date(2026, 3, 10), 5, 5, 5, "Champions", "high", "low", 1, 1, 3, "600.00"),
    (date(2025, 9, 1), 1, 1, 3, "Lost", "medium", "high", 1, 0, 1, "150.50"),
    (None, 0, 0, 0, "No purchase yet", "none", "no_purchase", 1, 0, 0, "0"),
)
SALES = (
    (date(2025, 9, 1), "Tea", "IDR", 1, 0, "150.50"),
    (date(2026, 1, 15), "Tea", "IDR", 1, 0, "300.00"),
    (date(2026, 1, 31), "Coffee", "IDR", 1, 0, "400.00"),
    (date(2026, 3, 10), "", "IDR", 1, 1, "-100.00"),
    (date(2026, 3, 10), "Tea", "USD", 1, 0, "20.00"),
)
MOODS = ((date(2026, 1, 5), 10, 1), (date(2026, 3, 1), 4, 3))
MONTHS = (
    (date(2025, 12, 1), 4, 4, 0),
    (date(2026, 1, 1), 5, 2, 3),
    (date(2026, 2, 1), 2, 0, 2),
    (date(2026, 3, 1), 1, 0, 1),
)
DAYS = (
    (date(2025, 8, 1), 2, 0),
    (date(2025, 9, 1), 0, 1),
    (date(2026, 1, 15), 0, 1),
    (date(2026, 3, 1), 1, 0),
)


def make_summaries() -> None:
    """The small tables of a build, filled with the rows above."""
    _make_cells()
    for day, category, currency, orders, refunds, revenue in SALES:
        SalesDay.objects.create(
            day=day,
            category=category,
            currency=currency,
            orders=orders,
            refunds=refunds,
            quantity=1,
            sold=Decimal(revenue),
            revenue=Decimal(revenue),
        )
    for day, score, signals in MOODS:
        SatisfactionDay.objects.create(day=day, score=score, signals=signals)
    for month, buyers, new, kept in MONTHS:
        BuyerMonth.objects.create(month=month, buyers=buyers, new_buyers=new, kept_buyers=kept)
    for day, customers, buyers in DAYS:
        CustomerDay.objects.create(day=day, new_customers=customers, new_buyers=buyers)


def _make_cells() -> None:
    names = (
        "last_purchase_date",
        "recency_score",
        "frequency_score",
        "monetary_score",
        "customer_segment",
        "value_tier",
        "churn_risk",
        "customers",
        "repeat_customers",
        "total_purchases",
        "total_lifetime_value",
    )
    for values in CELLS:
        row: dict[str, Any] = dict(zip(names, values, strict=True))
        row["total_lifetime_value"] = Decimal(str(row["total_lifetime_value"]))
        ProfileCell.objects.create(**row, churn_risk_score=Decimal("0.5"))
