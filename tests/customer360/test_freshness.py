"""Every figure says its build, its day and up to which rows; no page mixes two builds."""

import csv
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from conversations.models import Customer
from customer360.metrics import FIGURES
from customer360.models import CustomerProfile, ProfileBuild, Purchase
from customer360.periods import Period
from customer360.selectors.answers import current_build, has_news
from customer360.selectors.figures import answer
from customer360.selectors.marks import PURCHASES, SOURCES
from customer360.services.building import build_profiles
from tests.conftest import Api
from tests.customer360.shop import AS_OF, build_shop
from tests.customer360.staff_lists import DASHBOARD, Lists, context

SALES = "/admin/customer360/customerprofile/sales/"


def one_more(number: str, *, ago: int = 3) -> Purchase:
    """A purchase like the first in the site's own currency."""
    like = Purchase.objects.filter(currency="IDR", quantity=1).order_by("pk")[0]
    return Purchase.objects.create(
        external_id=number,
        record=like.record,
        product=like.product,
        purchase_date=AS_OF - timedelta(days=ago),
        quantity=1,
        total_amount=Decimal("77.00"),
        currency="IDR",
    )


def test_a_builds_marks_are_the_newest_rows_it_has_read(shop: ProfileBuild) -> None:
    marks = {mark.key: mark for mark in current_build().marks}

    assert set(marks) == {source.key for source in SOURCES}
    newest = Purchase.objects.latest("pk")
    assert (marks[PURCHASES].newest, marks[PURCHASES].day) == (newest.pk, newest.purchase_date)
    assert marks["customers"].newest == Customer.objects.latest("pk").pk
    assert (marks["reviews"].newest, marks["reviews"].day) == (0, None)
    known = {source.key for source in SOURCES}
    assert all(set(figure.sources) <= known for figure in FIGURES)


def test_every_card_says_its_build_its_day_and_its_sources(
    staff: Client, shop: ProfileBuild
) -> None:
    page = staff.get(DASHBOARD)
    text = page.content.decode()

    shown = context(page)
    for card in (*shown["kpis"], *shown["pictures"]):
        figure = card["figure"]
        assert [mark.key for mark in card["marks"]] == [
            source.key for source in SOURCES if source.key in figure.sources
        ]
        start = text.index(f"What is {figure.title}?")
        definition = text[start : text.index("</details>", start)]
        if figure.sources:
            assert f"build {shop.pk}, as of 20 Mar 2026; read up to" in definition
        else:
            assert "read live at" in text
    # The build stands on each of the eight elements that are of it: key figures and seven pictures.
    lines = text.split('class="c3-export"')[1:]
    assert sum(f"build {shop.pk}, as of 20 Mar 2026" in line[:900] for line in lines) == 8


def test_the_api_says_the_same_marks(api: Api, shop: ProfileBuild) -> None:
    newest = Purchase.objects.latest("pk")
    for path in ("kpis", "churn_risk", "monthly_revenue"):
        build = api.get(f"/api/{path}").json()["build"]
        assert build["sources"][PURCHASES] == {
            "newest_row": newest.pk,
            "day": newest.purchase_date.isoformat(),
        }


def test_rows_that_came_since_are_told_until_the_next_build(
    staff: Client, shop: ProfileBuild
) -> None:
    assert not has_news()
    told = f"come or changed since build {shop.pk}"
    assert told not in staff.get(SALES, {"currency": "IDR"}).content.decode()

    one_more("since")

    assert "the next build counts them" in staff.get(DASHBOARD).content.decode()
    assert told in staff.get(SALES, {"currency": "IDR"}).content.decode()
    assert told not in staff.get(SALES, {"currency": "USD"}).content.decode()
    build_profiles(as_of=AS_OF)
    assert "the next build counts them" not in staff.get(DASHBOARD).content.decode()


@pytest.mark.parametrize(
    ("kind", "query"),
    [("sales", {"currency": "IDR"}), ("sales", {"category": ""}), ("signals", {"score": "1"})],
)
def test_a_lists_file_holds_its_rows_in_its_order(
    staff: Client, shop: ProfileBuild, kind: str, query: dict[str, str]
) -> None:
    address = SALES.replace("sales", kind)
    shown = list(
        Lists(staff).all_rows(f"{address}?{'&'.join('='.join(one) for one in query.items())}")
    )

    response: Any = staff.get(address, {**query, "format": "csv"})

    text = b"".join(response.streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["customer_id"] for row in rows] == [str(row["customer_id"]) for row in shown]
    assert [row["day"] for row in rows] == [str(row["day"]) for row in shown]
    assert "None" not in text
    assert f"-build-{shop.pk}-" in response["Content-Disposition"]


def test_a_file_of_rows_takes_the_right_to_export(client: Client, shop: ProfileBuild) -> None:
    user = User.objects.create_user("ana", is_staff=True)
    client.force_login(user)
    user.user_permissions.set(Permission.objects.filter(codename="view_customerprofile"))
    assert client.get(SALES, {"format": "csv"}).status_code == 403
    assert "format=csv" not in client.get(SALES).content.decode()

    user.user_permissions.add(Permission.objects.get(codename="export_customerprofile"))

    response: Any = client.get(SALES, {"format": "csv"})
    text = b"".join(response.streaming_content).decode()
    # Who may not see people exports no name either.
    assert "Customer 3" not in text
    assert "C. *" not in text
    assert client.get(SALES, {"format": "exe"}).status_code == 400


# --- One moment ---------------------------------------------------------------------------------------
@contextmanager
def meanwhile(marker: str, deed: Callable[[], Any]) -> Iterator[list[str]]:
    """Do something on another connection just before the first statement with these words."""
    seen: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, state: Any) -> Any:
        if marker in sql and not seen:
            seen.append(sql)
            other = threading.Thread(target=_apart, args=(deed,))
            other.start()
            other.join()
        return execute(sql, params, many, state)

    with connection.execute_wrapper(watch):
        yield seen


def _apart(deed: Callable[[], Any]) -> None:
    try:
        deed()
    finally:
        connection.close()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_build_that_ends_while_a_page_is_read_is_on_the_next_page(client: Client) -> None:
    first = build_shop(12)
    client.force_login(User.objects.create_superuser("root"))
    before = context(client.get(DASHBOARD))
    one_more("x")
    cache.clear()

    with meanwhile("customer360_salesday", lambda: build_profiles(as_of=AS_OF)) as seen:
        shown = context(client.get(DASHBOARD))

    assert seen
    assert shown["built"].id == first.pk
    assert shown["drawn"]["monthly_revenue"] == before["drawn"]["monthly_revenue"]
    assert [kpi["value"] for kpi in shown["kpis"]] == [kpi["value"] for kpi in before["kpis"]]
    after = context(client.get(DASHBOARD))
    assert after["built"].id > first.pk
    assert after["drawn"]["monthly_revenue"] != before["drawn"]["monthly_revenue"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_row_that_comes_while_sources_are_read_is_in_all_sums_or_in_none() -> None:
    build_shop(12)
    one_more("first")

    with meanwhile("TABLE customer360_new_sales", lambda: one_more("during")) as seen:
        build_profiles(mode="full", as_of=AS_OF)

    assert seen
    for expected in (1, 2):
        total = CustomerProfile.objects.aggregate(total=Sum("total_lifetime_value"))["total"]
        found = answer("kpis", Period(), built=current_build()).values["total_lifetime_value"]
        assert total == found
        marked = {mark.key: mark.newest for mark in current_build().marks}[PURCHASES]
        newer = Purchase.objects.filter(pk__gt=marked)
        assert newer.count() == 2 - expected
        build_profiles(as_of=AS_OF)


def test_addresses_are_as_documented() -> None:
    assert reverse("admin:customer360_sales") == SALES
