"""The staff lists of the sources: they open, import by the loader's rules, and export what they import."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now
from tablib import Dataset

from conversations.models import Customer, CustomerIdentity, IdentityChange
from customer360 import resources
from customer360.models import (
    CampaignResponse,
    CustomerProfile,
    CustomerRecord,
    Product,
    ProfileBuild,
    Purchase,
    ServiceInteraction,
    WebsiteVisit,
)
from customer360.services.building import begin_build, build_profiles
from customer360.services.records import place_new_records
from funnel_site.lib.filters import common_values
from tests.customer360.shop import fill_shop

pytestmark = pytest.mark.django_db
LISTS = (
    "customerrecord",
    "product",
    "purchase",
    "serviceinteraction",
    "campaign",
    "campaignresponse",
    "websitevisit",
    "cdpload",
    "setasiderow",
    "profilebuild",
)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("boss", password="x"))
    return client


@pytest.mark.parametrize("name", LISTS)
def test_the_list_opens_in_a_fixed_number_of_queries(
    staff: Client, name: str, django_assert_max_num_queries: Any
) -> None:
    fill_shop(20)
    with django_assert_max_num_queries(16):
        response = staff.get(reverse(f"admin:customer360_{name}_changelist"))

    assert response.status_code == 200


@pytest.mark.parametrize(
    "resource",
    [
        resources.CustomerRecordResource,
        resources.ProductResource,
        resources.PurchaseResource,
        resources.ServiceInteractionResource,
        resources.CampaignResource,
        resources.CampaignResponseResource,
        resources.WebsiteVisitResource,
    ],
)
def test_an_export_imported_again_changes_nothing(resource: Any) -> None:
    fill_shop(12)
    exported = resource().export()
    result = resource().import_data(Dataset().load(exported.csv, "csv"), raise_errors=True)

    assert result.totals["new"] == result.totals["update"] == 0
    assert not result.has_errors()
    assert not result.has_validation_errors()


def test_an_imported_record_finds_its_customer_and_a_purchase_its_record() -> None:
    people = Dataset(headers=["customer_id", "first_name", "last_name", "email", "phone_number",
                              "date_of_birth", "registration_date"])  # fmt: skip
    people.append(["901", "Ayu", "W", "", "0812 9999 0001", "", "2025-01-01"])
    resources.CustomerRecordResource().import_data(people, raise_errors=True)
    assert CustomerRecord.objects.get().customer.phone_number == "+6281299990001"
    assert Customer.objects.count() == 1

    goods = Dataset(
        headers=["product_id", "product_name", "category", "brand", "price", "launch_date"]
    )
    goods.append(["7", "Tea", "Drinks", "Leaf", "10", ""])
    resources.ProductResource().import_data(goods, raise_errors=True)
    sales = Dataset(headers=["transaction_id", "customer_id", "product_id", "purchase_date",
                             "quantity", "total_amount", "store_id"])  # fmt: skip
    sales.append(["1", "901", "7", "2026-01-05", "-1", "50", ""])
    sales.append(["2", "902", "7", "2026-01-05", "1", "50", ""])
    result = resources.PurchaseResource().import_data(sales)

    assert Purchase.objects.get().total_amount == -50
    assert "customer_id: there is no such row yet" in str(result.invalid_rows[0].error)


def test_the_button_builds_and_says_so(staff: Client) -> None:
    fill_shop(5)
    page = staff.post(reverse("admin:customer360_profilebuild_build_all"), follow=True)

    told = [str(message) for message in page.context["messages"]]
    assert told == [f"{Customer.objects.count()} profiles built."]
    assert CustomerProfile.objects.count() == Customer.objects.count()


def test_a_second_build_is_refused_and_a_lost_one_is_taken_over(staff: Client) -> None:
    fill_shop(5)
    running = begin_build(mode="full")
    page = staff.post(reverse("admin:customer360_profilebuild_build_all"), follow=True)
    assert "A build is running already." in page.content.decode()

    ProfileBuild.objects.filter(pk=running.pk).update(alive_at="2020-01-01T00:00:00Z")
    build = build_profiles(mode="full")

    running.refresh_from_db()
    assert (running.state, build.state) == ("failed", "done")


def test_a_build_that_fails_leaves_the_old_profiles_and_its_work_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill_shop(8)
    build_profiles()
    before = list(CustomerProfile.objects.order_by("pk").values())
    Purchase.objects.filter(record__external_id="3").delete()
    monkeypatch.setattr("customer360.services.summaries.rebuild_customer_summaries", None)
    with pytest.raises(TypeError):
        build_profiles()
    assert list(CustomerProfile.objects.order_by("pk").values()) == before
    assert ProfileBuild.objects.first().state == "failed"  # type: ignore[union-attr]

    monkeypatch.undo()
    build_profiles()
    assert CustomerProfile.objects.get(customer__records__external_id="3").total_purchases == 0


def test_staff_undo_the_join_of_a_record(staff: Client) -> None:
    person = Customer.objects.create(
        phone_number="+6281299990001", first_seen_at=now(), last_seen_at=now()
    )
    CustomerIdentity.objects.create(
        customer=person, kind="phone", value=person.phone_number, first_seen_at=now()
    )
    place_new_records([CustomerRecord(external_id="7", phone_number=person.phone_number)])
    change = IdentityChange.objects.get(change="joined")
    asked = {"action": "part_again", "_selected_action": [change.pk]}
    page = staff.post(reverse("admin:conversations_identitychange_changelist"), asked, follow=True)

    assert "1 joins undone." in str(next(iter(page.context["messages"])))
    assert CustomerRecord.objects.get().customer != person


def test_lists_are_filtered_by_exact_text(staff: Client) -> None:
    fill_shop(20)
    for model, asked, wanted in (
        (Purchase, {"currency": "USD"}, {"currency": "USD"}),
        (Purchase, {"product__category": "Coffee"}, {"product__category": "Coffee"}),
        (Purchase, {"currency": ""}, {}),
        (Purchase, {"currency": "' or 1=1"}, {"pk": None}),
        (Product, {"category": "Tea"}, {"category": "Tea"}),
        (ServiceInteraction, {"interaction_type": "complaint"}, {"interaction_type": "complaint"}),
        (ServiceInteraction, {"satisfaction_score": "1"}, {"satisfaction_score": 1}),
        (ServiceInteraction, {"satisfaction_score": "none"}, {"satisfaction_score": None}),
        (ServiceInteraction, {"satisfaction_score": "99"}, {}),
        (CampaignResponse, {"campaign__channel": "email"}, {"campaign__channel": "email"}),
        (WebsiteVisit, {"source": "nowhere"}, {"pk": None}),
    ):
        name = model._meta.model_name
        page: Any = staff.get(reverse(f"admin:customer360_{name}_changelist"), asked)
        assert page.context["cl"].result_count == model._default_manager.filter(**wanted).count()


def test_no_list_reads_all_rows_for_its_filters(staff: Client) -> None:
    """Values are offered from the planner's statistics, or from a table's first rows."""
    fill_shop(20)
    for name in LISTS:
        with CaptureQueriesContext(connection) as asked:
            staff.get(reverse(f"admin:customer360_{name}_changelist"))
        distinct = [one["sql"] for one in asked if "SELECT DISTINCT" in one["sql"]]
        assert all("LIMIT 10000" in sql for sql in distinct), name


@pytest.mark.postgresql
def test_a_large_tables_values_are_the_planners(staff: Client) -> None:
    fill_shop(20)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customer360_purchase")
        assert common_values(Purchase, "currency") == ["IDR", "USD"]
        cursor.execute(
            "UPDATE pg_class SET reltuples = 10000000 WHERE oid = 'customer360_purchase'::regclass"
        )
    with CaptureQueriesContext(connection) as asked:
        assert common_values(Purchase, "currency") == ["IDR", "USD"]
    assert len(asked) == 1
