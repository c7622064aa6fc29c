"""One customer's profile for staff, and the dictionary that all words come from."""

import io

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.text import capfirst
from openpyxl import load_workbook

from customer360.documentation import metrics_page
from customer360.fields import FIELDS
from customer360.metrics import FIGURES
from customer360.models import CustomerProfile, CustomerRecord, ProfileBuild
from customer360.scores.segments import SEGMENT_RULES
from customer360.selectors.answers import current_build
from funnel_site.exports.models import ExportJob
from tests.conftest import ROOT
from tests.customer360.figures_data import make_profile
from tests.customer360.staff_lists import Lists, context


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


def test_a_file_of_profiles_says_which_build_it_is_of_and_what_its_columns_mean(
    staff: Client, shop: ProfileBuild
) -> None:
    address = reverse("admin:customer360_customerprofile_export")
    sent = {"format": "0", "profile": "machine"}
    book = load_workbook(io.BytesIO(staff.post(address, sent).getvalue()))
    about = [[cell.value for cell in line] for line in book["About"].iter_rows()]
    assert ["Profiles of build", str(shop.pk)] in about
    assert ["As of", str(shop.as_of)] in about
    assert [line for line in about if line[0] == "Read up to" and line[1].startswith("Purchases: ")]
    [meaning] = [text for name, text in about if name == "Column churn_risk"]
    field = next(one for one in FIELDS if one.key == "churn_risk")
    assert meaning == capfirst(f"{field.formula}; {field.null_rule}")

    staff.post(address, sent | {"format": "1"})
    job = ExportJob.objects.latest("pk")
    newer = ProfileBuild.objects.create(mode="full", state="done", as_of=shop.as_of)
    side = staff.get(reverse("admin:exports_about", args=[job.token])).content.decode()
    assert f"Profiles of build,{shop.pk}\r\n" in side, "the build of the file, not of today"
    assert current_build().id == newer.pk
