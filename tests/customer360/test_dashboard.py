"""The dashboard: every figure leads to rows that add up to it, every picture is a table too."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from customer360.documentation import metrics_page
from customer360.drill import kpi_link, row_link
from customer360.fields import FIELDS
from customer360.metrics import FIGURES, KPIS, PICTURES, Figure
from customer360.models import CustomerProfile, CustomerRecord, Product, ProfileBuild
from customer360.periods import Period
from customer360.scores.segments import SEGMENT_RULES
from customer360.selectors.answers import Answer, Built, current_build
from customer360.selectors.figures import answer
from customer360.selectors.rows import RowQuery, sale_rows, signal_rows
from tests.conftest import ROOT
from tests.customer360.figures_data import make_build, make_profile
from tests.customer360.shop import AS_OF, build_shop

DASHBOARD = "/admin/customer360/customerprofile/dashboard/"
PERIODS = [
    Period(),
    Period(date_from=date(2025, 12, 1), date_to=AS_OF),
    Period(date_from=date(2026, 1, 10), date_to=date(2026, 2, 28)),
    Period(date_to=date(2026, 1, 31)),
    Period(date_from=date(2026, 2, 1)),
]


@pytest.fixture
def shop(db: None) -> ProfileBuild:
    build = build_shop()
    assert build.state == "done", build.error
    return build


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def context(response: Any) -> dict[str, Any]:
    """What the page was drawn from."""
    assert response.status_code in (200, 400), response.status_code
    data: dict[str, Any] = response.context_data
    return data


# --- A figure equals its rows -----------------------------------------------------------------------
class Lists:
    """What the lists behind figures say: how many rows, and what they add up to."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def read(self, address: str) -> Any:
        response = self.client.get(address)
        assert response.status_code == 200, address
        return context(response)

    def count(self, address: str) -> int:
        return int(self.read(address)["cl"].result_count)

    def totals(self, address: str) -> Any:
        """The shown totals, held against the very rows, page by page."""
        shown = self.read(address)
        rows = list(self.all_rows(address))
        assert shown["rows"].count == len(rows)
        assert shown["rows"].total == sum(
            (Decimal(row["amount"] if "amount" in row else row["score"]) for row in rows),
            Decimal(0),
        )
        return shown["rows"]

    def all_rows(self, address: str) -> Iterator[dict[str, Any]]:
        while True:
            shown = self.read(address)
            yield from shown["rows"].page
            if "next" not in shown["links"]:
                return
            address = address.partition("?")[0] + shown["links"]["next"]


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


def test_without_a_build_lists_are_empty(staff: Client, db: None) -> None:
    query = RowQuery(period=Period())

    assert sale_rows(query, Built()).count == signal_rows(query, Built()).count == 0
    for page in ("sales", "signals", "retention"):
        assert staff.get(DASHBOARD.replace("dashboard", page)).status_code == 200


# --- The page -----------------------------------------------------------------------------------------
def test_every_picture_has_a_heading_a_definition_a_table_and_an_export(
    staff: Client, shop: ProfileBuild
) -> None:
    page = staff.get(DASHBOARD)
    text = page.content.decode()

    for figure in FIGURES:
        assert f">{figure.title}</h2>" in text
        assert f"What is {figure.title}?" in text
    for picture in context(page)["pictures"]:
        assert f'id="table-{picture["key"]}"' in text
        assert reverse("admin:customer360_export", args=[picture["key"]]) in text
        for row in picture["table"]:
            assert row["link"].replace("&", "&amp;") in text
    assert text.count('role="img"') == len(context(page)["drawn"])
    assert f">build {shop.pk}, as of 20 Mar 2026</a>" in text
    assert "By the simple rule, too few for a model" in text


def test_the_page_has_no_inline_script_or_style(staff: Client, shop: ProfileBuild) -> None:
    text = staff.get(DASHBOARD).content.decode()
    ours = text[text.index('class="c3"') : text.index('id="c3-data"')]

    assert "style=" not in ours
    assert "<script" not in ours.replace(
        '<script id="c3-data" type="application/json">', ""
    ).replace("<script ", "", 1)
    assert " onclick" not in ours


def test_customer_texts_are_escaped_everywhere(staff: Client, shop: ProfileBuild) -> None:
    Product.objects.filter(external_id="0").update(category="</script><img src=x onerror=alert(1)>")
    CustomerRecord.objects.update(first_name="<b>bold</b>")
    from customer360.services.building import build_profiles

    build_profiles(mode="full", as_of=AS_OF)

    text = staff.get(DASHBOARD).content.decode()

    assert "<img src=x" not in text
    assert "<b>bold" not in text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"date_from": "yesterday"}, "date_from"),
        ({"date_to": "2026-02-31"}, "date_to"),
        ({"date_from": "2026-03-01", "date_to": "2026-01-01"}, "date_from is after date_to"),
    ],
)
def test_a_wrong_date_is_named_and_the_usual_period_shown(
    staff: Client, shop: ProfileBuild, query: Any, says: str
) -> None:
    page = staff.get(DASHBOARD, query)

    assert page.status_code == 400
    assert says in page.content.decode()
    assert context(page)["period"].date_to == AS_OF
    for other in ("sales", "signals", "retention"):
        answer_ = staff.get(DASHBOARD.replace("dashboard", other), query)
        assert (answer_.status_code, says in answer_.content.decode()) == (400, True)


def test_empty_date_fields_mean_the_usual_period(staff: Client, shop: ProfileBuild) -> None:
    page = staff.get(DASHBOARD, {"date_from": "", "date_to": ""})

    assert page.status_code == 200
    assert str(context(page)["period"]) == "21 Mar 2025 to 20 Mar 2026"


def test_an_empty_site_says_what_to_load(staff: Client, db: None) -> None:
    text = staff.get(DASHBOARD).content.decode()

    assert "Nothing is built yet" in text
    assert "load_cdp" in text
    assert "build_profiles" in text
    for table in ("customer_info", "purchase_transactions", "customer_service", "ingest_messages"):
        assert table in text


def test_a_build_without_rows_has_no_number_made_up(staff: Client, db: None) -> None:
    make_build()

    text = staff.get(DASHBOARD).content.decode()

    assert "Nothing is built yet" not in text
    assert "No customer in this period" in text


@pytest.mark.parametrize(
    "page", ["dashboard/", "sales/", "signals/", "retention/", "dashboard/kpis.csv"]
)
def test_pages_need_the_permission(client: Client, db: None, page: str) -> None:
    address = f"/admin/customer360/customerprofile/{page}"
    assert client.get(address).status_code == 302
    user = User.objects.create_user("ana", is_staff=True)
    client.force_login(user)
    assert client.get(address).status_code == 403

    wanted = ["view_customerprofile", *(["export_customerprofile"] if page.endswith("csv") else [])]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))

    assert client.get(address).status_code == 200


def test_the_dashboard_asks_a_fixed_number_of_questions(
    staff: Client, shop: ProfileBuild, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(25):
        staff.get(DASHBOARD)
    with django_assert_max_num_queries(12):
        staff.get(DASHBOARD)


# --- Export -------------------------------------------------------------------------------------------
def exported(client: Client, key: str, **query: str) -> list[dict[str, str]]:
    response = client.get(reverse("admin:customer360_export", args=[key]), query)
    assert response.status_code == 200
    assert f"build-{current_build().id}" in response["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_an_export_has_the_dictionarys_columns_and_what_is_shown(
    staff: Client, shop: ProfileBuild
) -> None:
    for figure in PICTURES:
        rows = exported(staff, figure.key, range="all")
        found = answer(figure.key, Period(), built=current_build())
        assert list(rows[0]) == [column.key for column in figure.columns]
        assert len(rows) == len(found.rows)
    total = sum(Decimal(row["revenue"]) for row in exported(staff, "monthly_revenue", range="all"))
    found = answer("monthly_revenue", Period(), built=current_build())
    assert total == sum(row["revenue"] for row in found.rows)
    kpis = {row["figure"]: row for row in exported(staff, "kpis")}
    assert list(kpis) == [figure.key for figure in KPIS]
    assert kpis["total_lifetime_value"]["unit"] == "IDR"


def test_formulas_are_defused_and_nothing_is_none(staff: Client, shop: ProfileBuild) -> None:
    response = staff.get(
        reverse("admin:customer360_export", args=["product_category_performance"]), {"range": "all"}
    )
    text = response.content.decode()

    assert "'=cmd" in text
    assert "\n=cmd" not in text
    assert "None" not in text


def test_an_unknown_export_is_404_and_a_wrong_date_400(staff: Client, shop: ProfileBuild) -> None:
    assert staff.get("/admin/customer360/customerprofile/dashboard/secrets.csv").status_code == 404
    address = reverse("admin:customer360_export", args=["kpis"])
    assert staff.get(address, {"date_from": "x"}).status_code == 400


def test_profiles_are_exported_with_the_fields_of_the_dictionary(
    staff: Client, shop: ProfileBuild
) -> None:
    from customer360.profile_resource import ProfileResource

    CustomerProfile.objects.filter(recency_score=None).first()
    data = ProfileResource().export(CustomerProfile.objects.all())

    assert data.headers == ["customer_id", "name", "phone_number", *(one.key for one in FIELDS)]
    assert len(data) == CustomerProfile.objects.count()
    assert "None" not in data.csv


# --- One customer's page --------------------------------------------------------------------------------
def test_a_customers_page_tells_scores_churn_and_purchases(
    staff: Client, shop: ProfileBuild
) -> None:
    record = CustomerRecord.objects.get(external_id="4")
    page = staff.get(reverse("admin:customer360_customerprofile_change", args=[record.customer_id]))
    text = page.content.decode()

    assert "Among the buyers" in text
    assert "4 orders, last " in text
    assert "by the simple rule" in text
    assert context(page)["sales"].count == 5
    for field in FIELDS:
        assert f">{field.title}</dt>" in text


def test_who_never_bought_has_a_page_without_numbers(staff: Client, shop: ProfileBuild) -> None:
    profile = make_profile("Never")

    text = staff.get(
        reverse("admin:customer360_customerprofile_change", args=[profile.pk])
    ).content.decode()

    assert "has not bought yet" in text
    assert "No order yet" in text
    assert "No purchase" in text


def test_profiles_are_found_by_phone_in_any_format_and_by_source_id(
    staff: Client, shop: ProfileBuild
) -> None:
    lists = Lists(staff)
    address = "/admin/customer360/customerprofile/?q="

    assert lists.count(f"{address}0811-000-0004") == 1
    assert lists.count(f"{address}First") == 0
    assert lists.count(f"{address}Customer 23") == 1


@pytest.mark.parametrize(
    "query", ["kept_in=x", "kept_in=2026-13-01", "recency_score=9", "customer_segment='or 1=1"]
)
def test_wrong_filters_break_nothing(staff: Client, shop: ProfileBuild, query: str) -> None:
    assert staff.get(f"/admin/customer360/customerprofile/?{query}").status_code in (200, 302)


# --- The dictionary and its page ------------------------------------------------------------------------
def test_the_documented_metrics_are_the_dictionary() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text() == metrics_page()


def test_every_figure_says_all_that_a_reader_asks() -> None:
    for figure in FIGURES:
        for part in ("title", "meaning", "formula", "grain", "null_rule", "period", "rows"):
            assert getattr(figure, part), (figure.key, part)
    assert len({figure.key for figure in FIGURES}) == len(FIGURES)
    columns = {one.name for one in CustomerProfile._meta.concrete_fields}
    assert {one.key for one in FIELDS} <= columns
    assert columns - {one.key for one in FIELDS} == {
        "customer",
        "purchase_months",
        "repeat_value",
        "build_id",
    }


def test_the_analysts_page_names_every_segment() -> None:
    text = (ROOT / "docs" / "analyst.md").read_text() + metrics_page()

    for rule in SEGMENT_RULES:
        assert f"| {rule.name} |" in text
    assert settings.CURRENCY == "IDR"
