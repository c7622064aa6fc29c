"""The figures over HTTP: what they are, and for which days."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from conversations.models import Customer
from customer360.metrics import BY_KEY
from customer360.models import CustomerRecord, ProfileBuild, SalesDay
from customer360.selectors.answers import current_build, one_snapshot
from tests.conftest import Api
from tests.customer360.figures_data import AS_OF, PATHS, make_build, make_profile, make_summaries


# --- What they are ------------------------------------------------------------------------------------
def test_kpis_have_the_seed_names_and_honest_divisions(api: Api, built: ProfileBuild) -> None:
    body = api.get("/api/kpis").json()

    assert body["total_customers"] == 3
    assert body["total_lifetime_value"] == 750.5
    # Revenue by orders: (150.50 + 300 + 400 - 100) / 4, refunds lower it, dollars stay out.
    assert body["average_order_value"] == 187.63
    # December to January 3 of 4 stayed, to February 2 of 5; March has not ended.
    assert body["retention_rate"] == round(100 * 5 / 9, 2)
    assert body["repeat_purchase_rate"] == 50.0
    assert body["currency"] == "IDR"
    assert body["build"] == {
        "id": built.pk,
        "as_of": "2026-03-20",
        "finished_at": body["build"]["finished_at"],
        "is_stale": False,
        "sources": {},
    }


def test_a_period_changes_the_kpis_and_each_says_how_it_changed(
    api: Api, built: ProfileBuild
) -> None:
    body = api.get("/api/kpis", date_from="2026-01-01", date_to="2026-01-31").json()

    assert body["total_customers"] == 2
    assert body["total_lifetime_value"] == 850.5
    assert body["average_order_value"] == 350.0
    assert body["retention_rate"] == 75.0
    assert body["change"]["total_customers"] == 0.0
    assert body["change"]["total_lifetime_value"] == round(100 * 700 / 150.5, 2)
    assert body["change"]["average_order_value"] is None
    # The month before had buyers, but December had no one to keep.
    assert body["change"]["retention_rate"] is None


def test_segments_and_risks_count_every_customer_once(api: Api, built: ProfileBuild) -> None:
    segments = api.get("/customer_segments").json()
    risks = api.get("/churn_risk/").json()

    assert [(row["customer_segment"], row["count"]) for row in segments["results"]] == [
        ("Champions", 1),
        ("Lost", 1),
        ("No purchase yet", 1),
    ]
    assert segments["data"][0]["labels"] == ["Champions", "Lost", "No purchase yet"]
    assert segments["data"][0]["values"] == [1, 1, 1]
    assert [(row["churn_risk"], row["count"]) for row in risks["results"]] == [
        ("low", 1),
        ("high", 1),
        ("no_purchase", 1),
    ]
    within = api.get("/api/customer_segments", date_from="2026-01-01").json()
    assert [row["customer_segment"] for row in within["results"]] == ["Champions"]


def test_months_without_a_sale_are_zero_and_the_last_is_partial(
    api: Api, built: ProfileBuild
) -> None:
    body = api.get("/api/monthly_revenue").json()
    ours = [row for row in body["results"] if row["currency"] == "IDR"]

    assert [(row["month"][:7], row["revenue"]) for row in ours] == [
        ("2025-09", 150.5),
        ("2025-10", 0.0),
        ("2025-11", 0.0),
        ("2025-12", 0.0),
        ("2026-01", 700.0),
        ("2026-02", 0.0),
        ("2026-03", -100.0),
    ]
    assert [row["is_partial"] for row in ours] == [False] * 6 + [True]
    assert [trace["name"] for trace in body["data"]] == ["IDR", "USD"]


def test_categories_are_sorted_by_revenue_and_never_mix_currencies(
    api: Api, built: ProfileBuild
) -> None:
    rows = api.get("/api/product_category_performance").json()["results"]

    assert [(row["category"], row["currency"], row["total_revenue"]) for row in rows] == [
        ("Tea", "IDR", 450.5),
        ("Coffee", "IDR", 400.0),
        ("", "IDR", -100.0),
        ("Tea", "USD", 20.0),
    ]


def test_satisfaction_is_weighted_by_signals(api: Api, built: ProfileBuild) -> None:
    body = api.get("/api/customer_satisfaction").json()

    assert body["avg_satisfaction_score"] == 5.5
    assert body["signals"] == 4
    assert body["data"][0]["value"] == 5.5
    nothing = api.get("/api/customer_satisfaction", date_to="2025-01-01").json()
    assert (nothing["avg_satisfaction_score"], nothing["results"]) == (None, [])


def test_rfm_is_at_most_125_rows_whatever_the_customers(api: Api, built: ProfileBuild) -> None:
    body = api.get("/api/rfm_segmentation").json()

    assert [row["customer_segment"] for row in body["results"]] == ["Lost", "Champions"]
    assert body["data"][0]["x"] == [1, 5]


def test_top_customers_are_a_bare_list_with_the_seed_names(api: Api, built: ProfileBuild) -> None:
    for number in range(7):
        profile = make_profile(
            f"Chat {number}",
            total_lifetime_value=Decimal(100 * min(number, 5)),
            total_purchases=number,
            last_purchase_date=date(2026, 1 + number % 3, 1),
        )
    CustomerRecord.objects.create(
        external_id="9", first_name="Ani", last_name="Wijaya", customer=profile.customer
    )

    rows = api.get("/api/top_customers").json()

    assert len(rows) == 5
    # Equal values: the lower id first, every time.
    assert [row["total_lifetime_value"] for row in rows] == [500, 500, 400, 300, 200]
    assert list(rows[0])[:4] == [
        "customer_id",
        "first_name",
        "last_name",
        "total_lifetime_value",
    ]
    assert (rows[0]["first_name"], rows[1]["first_name"], rows[1]["last_name"]) == (
        "Chat 5",
        "Ani",
        "Wijaya",
    )
    assert len(api.get("/api/top_customers", limit=100).json()) == 6
    march = api.get("/api/top_customers", date_from="2026-03-01").json()
    assert [row["first_name"] for row in march] == ["Chat 5", "Chat 2"]


# --- Builds ---------------------------------------------------------------------------------------------
def test_an_empty_database_answers_zeros_and_nulls(api: Api) -> None:
    kpis = api.get("/api/kpis").json()

    assert kpis["total_customers"] == kpis["total_lifetime_value"] == 0
    assert kpis["average_order_value"] is kpis["retention_rate"] is None
    assert kpis["build"]["id"] == 0
    for path in PATHS[1:]:
        body = api.get(f"/api/{path}").json()
        assert body == [] or body["results"] == [], path


def test_a_new_build_refreshes_and_until_then_the_answer_is_kept(
    api: Api, built: ProfileBuild, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = api.get("/api/product_category_performance").json()
    SalesDay.objects.all().delete()

    assert api.get("/api/product_category_performance").json() == first
    make_build()
    assert api.get("/api/product_category_performance").json()["results"] == []


def test_one_statement_a_figure_beside_the_key_and_the_build(
    api: Api, built: ProfileBuild, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api.get("/api/kpis")
    for path in PATHS:
        with django_assert_num_queries(2 if path == "kpis" else 3):
            assert api.get(f"/api/{path}").status_code == 200
        with django_assert_num_queries(2):
            api.get(f"/api/{path}")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_figures_of_one_answer_are_of_one_moment(api: Api) -> None:
    """Outside a test's transaction, where the snapshot is a transaction of its own."""
    make_summaries()
    build = make_build()
    with one_snapshot():
        assert current_build().id == build.pk
        other = threading.Thread(target=_replace_build)
        other.start()
        other.join()
        assert current_build().id == build.pk
        assert SalesDay.objects.count() == 5

    assert SalesDay.objects.count() == 0
    assert api.get("/api/kpis").json()["build"]["id"] > build.pk


def _replace_build() -> None:
    try:
        with transaction.atomic():
            SalesDay.objects.all().delete()
            make_build()
    finally:
        connection.close()


def test_an_old_build_says_so_and_a_running_one_is_not_shown(api: Api, db: None) -> None:
    old = make_build(finished_at=datetime.now(UTC) - timedelta(days=3))
    make_build(state="running")
    make_build(state="failed")

    answer = api.get("/api/kpis")

    assert answer.json()["build"]["id"] == old.pk
    assert answer.json()["build"]["is_stale"] is True
    assert answer["X-Build-Id"] == str(old.pk)
    assert answer["X-As-Of"] == AS_OF.isoformat()


# --- One customer ---------------------------------------------------------------------------------------
def test_a_profile_has_every_field_and_its_scores_in_words(api: Api, built: ProfileBuild) -> None:
    profile = make_profile(
        "Budi",
        total_purchases=3,
        purchase_days=3,
        first_purchase_date=AS_OF - timedelta(days=64),
        last_purchase_date=AS_OF - timedelta(days=40),
        total_lifetime_value=Decimal("600.00"),
        recency_score=5,
        frequency_score=4,
        monetary_score=5,
        customer_segment="Champions",
        churn_risk="low",
        churn_risk_score=Decimal("0.2143"),
        scored_by="mbg_nbd",
    )

    body = api.get(f"/api/customers/{profile.pk}/profile").json()

    assert body["customer_id"] == profile.pk
    assert body["name"] == "Budi"
    assert body["profile"]["total_lifetime_value"] == 600.0
    assert body["profile"]["average_satisfaction_score"] is None
    assert body["profile"]["last_purchase_date"] == "2026-02-08"
    assert body["words"]["churn_risk"] == (
        "3 orders, last 40 days ago, usual gap 12 days: 21% likely to be gone (MBG/NBD)"
    )
    assert "recency 5 of 5" in body["words"]["scores"]


def test_the_seed_fields_are_all_there(api: Api, built: ProfileBuild) -> None:
    body = api.get(f"/api/customers/{make_profile('Sari').pk}/profile").json()

    assert {
        "total_lifetime_value",
        "total_purchases",
        "last_purchase_date",
        "favorite_product_category",
        "favorite_brand",
        "average_order_value",
        "customer_segment",
        "recency_score",
        "frequency_score",
        "monetary_score",
        "last_interaction_date",
        "last_interaction_type",
        "average_satisfaction_score",
        "total_website_visits",
        "average_time_spent_on_site",
        "most_viewed_product_category",
        "campaign_response_rate",
        "preferred_marketing_channel",
        "churn_risk_score",
    } <= set(body["profile"])
    assert body["words"]["scores"].startswith("No scores")
    assert body["words"]["churn_risk"] == "no order yet"


def test_an_unknown_customer_is_404_with_the_id(api: Api, db: None) -> None:
    customer = Customer.objects.create(
        name="x", first_seen_at=datetime.now(UTC), last_seen_at=datetime.now(UTC)
    )

    answer = api.get("/api/customers/999999/profile")

    assert answer.status_code == 404
    assert "999999" in answer.json()["detail"]
    assert api.get(f"/api/customers/{customer.pk}/profile").status_code == 404
    assert api.get("/api/customers/abc/profile").status_code == 404


def test_every_endpoint_is_in_the_dictionary() -> None:
    endpoints = {figure.endpoint for figure in BY_KEY.values()}

    assert {f"/api/{path}" for path in PATHS} <= endpoints
