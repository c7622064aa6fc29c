"""The dashboard's page and its exports: every picture is a table too."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from customer360.fields import FIELDS
from customer360.metrics import FIGURES, KPIS, PICTURES
from customer360.models import CustomerProfile, CustomerRecord, Product, ProfileBuild
from customer360.periods import Period
from customer360.selectors.answers import current_build
from customer360.selectors.figures import answer
from tests.customer360.figures_data import make_build
from tests.customer360.shop import AS_OF
from tests.customer360.staff_lists import DASHBOARD, context


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
