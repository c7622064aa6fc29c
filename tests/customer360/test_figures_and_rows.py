"""Every figure leads to the rows that it counts or adds up."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from customer360 import rows_page
from customer360.drill import kpi_link, row_link
from customer360.metrics import FIGURES, KPIS, PICTURES, Figure
from customer360.models import ChangedDay, CustomerProfile, ProfileBuild, Purchase
from customer360.periods import Period
from customer360.selectors import rows
from customer360.selectors.answers import Answer, Built, current_build
from customer360.selectors.figures import answer
from customer360.selectors.rows import RowQuery, sale_rows, signal_rows
from tests.customer360.shop import AS_OF
from tests.customer360.staff_lists import DASHBOARD, Lists, context

PERIODS = [
    Period(),
    Period(date_from=date(2025, 12, 1), date_to=AS_OF),
    Period(date_from=date(2026, 1, 10), date_to=date(2026, 2, 28)),
    Period(date_to=date(2026, 1, 31)),
    Period(date_from=date(2026, 2, 1)),
]


def check_kpi(figure: Figure, found: Answer, lists: Lists, address: str) -> None:
    value, values = found.values[figure.key], found.values
    if figure.key == "total_customers":
        assert lists.count(address) == value
    elif figure.key == "total_lifetime_value":
        assert lists.totals(address).total == value
    elif figure.key == "average_order_value":
        rows = lists.totals(address)
        assert (rows.total, rows.orders) == (values["revenue"], values["orders"])
    elif figure.key == "retention_rate":
        shown = lists.read(address)
        assert (shown["kept"], shown["base"]) == (values["retained"], values["retention_base"])
        for month in shown["months"]:
            assert lists.count(month["link"]) == month["kept"]
    else:
        assert lists.count(address) == values["repeat_buyers"]


def check_row(figure: Figure, row: dict[str, Any], lists: Lists, address: str) -> None:
    if figure.key in ("monthly_revenue", "product_category_performance"):
        rows = lists.totals(address)
        assert rows.total == row.get("revenue", row.get("total_revenue"))
        assert rows.orders == row["orders"]
    elif figure.key == "customer_satisfaction":
        assert lists.totals(address).count == row["signals"]
    elif figure.key == "top_customers":
        profile = lists.read(address)["profile"]
        assert profile.total_lifetime_value == row["total_lifetime_value"]
    elif figure.key == "funnel_by_channel":
        assert lists.count(address) == row["leads"]
    else:
        assert lists.count(address) == row["count"]


@pytest.mark.parametrize("period", PERIODS, ids=str)
def test_every_figure_leads_to_rows_that_add_up_to_it(
    staff: Client, shop: ProfileBuild, period: Period
) -> None:
    lists, built = Lists(staff), current_build()
    walked = set()

    kpis = answer("kpis", period, built=built)
    for figure in KPIS:
        check_kpi(figure, kpis, lists, kpi_link(figure.key, period, "IDR"))
        walked.add(figure.key)
    for figure in PICTURES:
        found = answer(figure.key, period, built=built)
        assert found.rows, figure.key
        for row in found.rows:
            check_row(figure, row, lists, row_link(figure.key, row, period))
        walked.add(figure.key)

    assert walked == {figure.key for figure in FIGURES}


def test_chart_parts_lead_where_their_numbers_are(staff: Client, shop: ProfileBuild) -> None:
    shown = context(staff.get(DASHBOARD))
    lists = Lists(staff)

    for part in shown["drawn"]["rfm_segmentation"]["parts"]:
        assert lists.count(part["link"]) == part["count"]
    for part in shown["drawn"]["customer_segments"]["parts"]:
        if part["name"]:
            assert lists.count(part["link"]) == part["value"]
    for line in shown["drawn"]["funnel_by_channel"]["lines"]:
        for value, link in zip(line["values"], line["links"], strict=True):
            assert lists.count(link) == value
    gauge = lists.read(shown["drawn"]["customer_satisfaction"]["link"])["rows"]
    assert (
        round(float(gauge.total) / gauge.count, 2)
        == shown["drawn"]["customer_satisfaction"]["value"]
    )


def test_the_lifetime_values_of_all_profiles_are_the_figure(shop: ProfileBuild) -> None:
    found = answer("kpis", Period(), built=current_build()).values

    by_profile = sum(one.total_lifetime_value for one in CustomerProfile.objects.all())
    assert by_profile == found["total_lifetime_value"]
    assert found["total_customers"] == CustomerProfile.objects.count()


def test_tomorrows_purchase_and_dollars_are_no_revenue_of_today(shop: ProfileBuild) -> None:
    rows = sale_rows(RowQuery(period=Period()), current_build(), size=1_000).page

    assert all(row["day"] <= AS_OF for row in rows)
    assert Decimal("999.00") not in {row["amount"] for row in rows}
    assert {"Refund", "Purchase"} <= {row["kind"] for row in rows}
    months = answer("monthly_revenue", Period(), built=current_build()).rows
    assert {row["currency"] for row in months} == {"IDR", "USD"}


@pytest.mark.parametrize("kind", ["sales", "signals"])
def test_a_long_list_takes_the_builds_sums_and_shows_the_same_pages(
    staff: Client, shop: ProfileBuild, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever may be counted, the rows are those in the order of the whole list."""
    read = {"sales": sale_rows, "signals": signal_rows}[kind]
    query, built = RowQuery(period=Period()), current_build()
    whole = read(query, built, size=1_000)
    assert not whole.is_more

    monkeypatch.setattr(rows, "COUNTED", 5)
    parts = [read(query, built, page=page, size=3) for page in range(1, 2 + whole.count // 3)]

    assert [row for part in parts for row in part.page] == whole.page
    assert all(part.is_more and not part.differs for part in parts)
    assert {(part.orders, part.total) for part in parts} == {(whole.orders, whole.total)}
    monkeypatch.setattr(rows_page, "COUNTED", 5)
    page = staff.get(DASHBOARD.replace("dashboard", kind)).content.decode()
    assert f"The sums are those of build {built.id}" in page


def test_a_long_list_reads_no_older_days_than_its_page(
    shop: ProfileBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    fetch = rows._fetch

    def noted(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        asked.append(values)
        return fetch(statement, values)

    monkeypatch.setattr(rows, "_fetch", noted)
    built = current_build()

    found = sale_rows(RowQuery(period=Period()), built, size=3)

    assert asked[-1]["first"] == found.page[-1]["day"].isoformat()
    Purchase.objects.all().delete()
    gone = sale_rows(RowQuery(period=Period()), built, size=3)
    assert len(gone.page) == min(3, gone.count)


def test_a_change_since_the_build_is_told_of_a_long_list(
    shop: ProfileBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "COUNTED", 5)
    march = RowQuery(period=Period(date_from=date(2026, 3, 1)))
    ChangedDay.objects.create(day=date(2026, 2, 1))

    assert sale_rows(RowQuery(period=Period()), current_build()).differs
    assert not rows.has_changed(march)


def test_without_a_build_lists_are_empty(staff: Client, db: None) -> None:
    query = RowQuery(period=Period())

    assert sale_rows(query, Built()).count == signal_rows(query, Built()).count == 0
    for page in ("sales", "signals", "retention"):
        assert staff.get(DASHBOARD.replace("dashboard", page)).status_code == 200
