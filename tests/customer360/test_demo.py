"""The demo year: the same each time, coherent, and with somebody in every picture."""

from datetime import date
from typing import Any

import pytest

from customer360.demo import demo_rows
from customer360.models import CustomerProfile, ProfileCell, SetAsideRow
from customer360.services.building import build_profiles
from customer360.services.loading import load_rows
from customer360.source_rows import SHAPES, Defaults

DAY = date(2026, 6, 30)
PHONES = [f"+62812000{n:05}" for n in range(300)]


def test_the_same_year_each_time() -> None:
    assert demo_rows(PHONES, day=DAY) == demo_rows(PHONES, day=DAY)


def test_nothing_happens_before_the_registration_or_after_the_day() -> None:
    rows = demo_rows(PHONES, day=DAY)
    since = {row["customer_id"]: row["registration_date"] for row in rows["customer_info"]}
    days = {
        "purchase_transactions": "purchase_date",
        "customer_service": "interaction_date",
        "campaign_responses": "response_date",
        "website_behavior": "visit_date",
    }

    for table, column in days.items():
        assert all(since[row["customer_id"]] <= row[column] <= DAY for row in rows[table])


@pytest.mark.django_db
def test_every_row_goes_in_and_every_segment_and_risk_has_somebody(settings: Any) -> None:
    defaults = Defaults(region="ID", currency="IDR")
    for table, rows in demo_rows(PHONES, day=DAY).items():
        load_rows(table=table, rows=rows, name="demo", defaults=defaults)
    build = build_profiles(as_of=DAY)

    assert list(demo_rows([], day=DAY)) == list(SHAPES)
    assert not SetAsideRow.objects.exists()
    assert build.fit.model == "mbg_nbd"
    assert set(CustomerProfile.objects.values_list("churn_risk", flat=True)) == {
        "low",
        "medium",
        "high",
        "no_purchase",
    }
    assert ProfileCell.objects.values("customer_segment").distinct().count() >= 9
