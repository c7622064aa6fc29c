"""Why did yesterday's number change? What a build notes of its differences, and the page that tells."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from customer360.models import BuildChange, CustomerProfile, CustomerRecord, ProfileBuild, Purchase
from customer360.periods import Period
from customer360.selectors.answers import current_build
from customer360.selectors.changes import comparable_builds, compare, yesterdays
from customer360.selectors.figures import answer
from customer360.services.building import build_profiles
from customer360.services.comparing import KEPT, forget_old_changes
from tests.customer360.shop import AS_OF, build_shop

pytestmark = pytest.mark.django_db
LATE = date(2025, 12, 10)
PAGE = "/admin/customer360/customerprofile/changes/"


@pytest.fixture
def first() -> ProfileBuild:
    return build_shop()


def buy(day: date, amount: str, *, number: str, who: str = "7", currency: str = "IDR") -> Purchase:
    known = Purchase.objects.select_related("product").first()
    assert known is not None
    return Purchase.objects.create(
        external_id=number,
        record=CustomerRecord.objects.get(external_id=who),
        product=known.product,
        purchase_date=day,
        quantity=-1 if amount.startswith("-") else 1,
        total_amount=Decimal(amount),
        currency=currency,
    )


def months() -> dict[tuple[str, str], tuple[Decimal, int]]:
    rows = answer("monthly_revenue", Period(), built=current_build()).rows
    return {(row["month"], row["currency"]): (row["revenue"], row["orders"]) for row in rows}


@pytest.mark.parametrize("mode", ["changed", "full"])
def test_a_late_purchase_changes_its_month_and_the_build_says_so(
    first: ProfileBuild, mode: str
) -> None:
    before, profile = months(), CustomerProfile.objects.get(customer__records__external_id="7")
    buy(LATE, "500.25", number="late")
    second = build_profiles(mode=mode, as_of=AS_OF)

    after = CustomerProfile.objects.get(pk=profile.pk)
    assert after.total_lifetime_value == profile.total_lifetime_value + Decimal("500.25")
    assert after.total_purchases == profile.total_purchases + 1
    revenue, orders = before["2025-12-01", "IDR"]
    assert months()["2025-12-01", "IDR"] == (revenue + Decimal("500.25"), orders + 1)

    found = compare(first, second)
    (month,) = found.months
    assert (month.month, month.currency) == (date(2025, 12, 1), "IDR")
    assert (month.amount_before, month.amount_after) == (revenue, revenue + Decimal("500.25"))
    assert (month.new_number, month.new_amount, month.rest) == (1, Decimal("500.25"), 0)


def test_what_was_corrected_is_told_apart_from_what_is_new(first: ProfileBuild) -> None:
    corrected = Purchase.objects.filter(currency="IDR", purchase_date__month=2).latest("pk")
    Purchase.objects.filter(pk=corrected.pk).update(total_amount=corrected.total_amount + 7)
    buy(corrected.purchase_date, "40.00", number="new")
    buy(corrected.purchase_date, "-15.00", number="back")
    found = compare(first, build_profiles(as_of=AS_OF))

    (month,) = found.months
    assert (month.amount, month.number) == (Decimal("32.00"), 1)
    assert (month.new_amount, month.new_number, month.rest) == (Decimal("25.00"), 2, 7)


def test_dollars_are_a_line_of_their_own(first: ProfileBuild) -> None:
    buy(LATE, "10.00", number="d1", currency="USD")
    buy(LATE, "90.00", number="d2")
    found = compare(first, build_profiles(as_of=AS_OF))

    assert [(one.currency, one.amount) for one in found.totals] == [("IDR", 90), ("USD", 10)]


def test_customers_who_move_between_segments_add_up_to_nobody(first: ProfileBuild) -> None:
    for number in range(6):
        buy(AS_OF, "9000", number=f"n{number}", who="5")
    found = compare(first, build_profiles(as_of=AS_OF))

    assert found.segments
    assert sum(one.number for one in found.segments) == 0
    now_ = {one.name: one.number_after for one in found.segments}
    for name, number in now_.items():
        assert CustomerProfile.objects.filter(customer_segment=name).count() == number


def test_differences_of_several_builds_add_up_and_look_back(first: ProfileBuild) -> None:
    start = months()
    buy(LATE, "100.00", number="a")
    second = build_profiles(as_of=AS_OF)
    middle = months()
    Purchase.objects.filter(external_id="a").delete()
    buy(date(2026, 1, 5), "60.00", number="b")
    third = build_profiles(mode="full", as_of=AS_OF)

    whole = {one.month: one for one in compare(first, third).months}
    assert list(whole) == [date(2026, 1, 1), date(2025, 12, 1)]
    # In December the new row and its end come to nothing, and are told all the same.
    assert (whole[date(2025, 12, 1)].amount, whole[date(2025, 12, 1)].rest) == (0, -100)
    back = compare(first, second).months[0]
    assert back.amount_before == start["2025-12-01", "IDR"][0]
    assert back.amount_after == middle["2025-12-01", "IDR"][0]


def test_nothing_changed_has_no_row(first: ProfileBuild) -> None:
    second = build_profiles(mode="full", as_of=AS_OF)

    assert second.is_compared
    assert not BuildChange.objects.exists()
    assert not first.is_compared


def test_yesterdays_is_the_last_build_of_an_earlier_day(first: ProfileBuild) -> None:
    second = build_profiles(mode="full", as_of=AS_OF)
    third = build_profiles(mode="full", as_of=AS_OF)
    assert yesterdays(comparable_builds()) == second

    ProfileBuild.objects.filter(pk=first.pk).update(finished_at=now() - timedelta(days=1))
    assert yesterdays(comparable_builds()) == first
    assert comparable_builds()[0] == third
    assert yesterdays([third]) is None


def test_old_differences_are_forgotten_and_those_builds_no_more_compared(
    first: ProfileBuild,
) -> None:
    buy(LATE, "1.00", number="x")
    second = build_profiles(as_of=AS_OF)
    ProfileBuild.objects.filter(pk=second.pk).update(finished_at=now() - 2 * KEPT)
    third = build_profiles(mode="full", as_of=AS_OF)

    forget_old_changes()

    assert not BuildChange.objects.exists()
    assert comparable_builds() == [third, second]


# --- The page -----------------------------------------------------------------------------------------
def test_the_page_leads_to_the_rows_that_came(admin_client: Client, first: ProfileBuild) -> None:
    buy(LATE, "500.25", number="late1")
    buy(LATE + timedelta(days=2), "-20.00", number="late2")
    second = build_profiles(as_of=AS_OF)
    page: Any = admin_client.get(PAGE)

    text = page.content.decode()
    assert f"Build {second.pk}" in text
    assert "December 2025" in text
    for change, link, rows in page.context["months"]:
        listed: Any = admin_client.get(rows)
        assert listed.context["cl"].result_count == change.new_number == 2
        sales: Any = admin_client.get(link)
        assert sales.context["rows"].total == change.amount_after
    for _, _, people in page.context["people"]:
        for change, _label, link in people:
            listed = admin_client.get(link)
            assert listed.context["cl"].result_count == change.number_after
    for change, link, _ in page.context["categories"]:
        sales = admin_client.get(link)
        assert sales.context["rows"].total == change.amount_after


def test_the_day_and_the_model_are_named_as_reasons(
    admin_client: Client, first: ProfileBuild
) -> None:
    build_profiles(as_of=AS_OF + timedelta(days=1))

    text = admin_client.get(PAGE).content.decode()

    assert "The day moved on" in text
    assert "999.00" in text  # the purchase of tomorrow has come due


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"before": "0", "after": "0"}, "cannot be compared"),
        ({"before": "x'", "after": ""}, "cannot be compared"),
    ],
)
def test_builds_that_are_not_there_are_named(
    admin_client: Client, first: ProfileBuild, query: Any, says: str
) -> None:
    build_profiles(mode="full", as_of=AS_OF)

    page = admin_client.get(PAGE, query)

    assert page.status_code == 400
    assert says in page.content.decode()


def test_the_later_build_first_is_refused(admin_client: Client, first: ProfileBuild) -> None:
    second = build_profiles(mode="full", as_of=AS_OF)
    page = admin_client.get(PAGE, {"before": second.pk, "after": first.pk})

    assert page.status_code == 400
    assert "The earlier build comes first" in page.content.decode()


def test_without_two_builds_there_is_nothing_to_compare(admin_client: Client) -> None:
    assert "Nothing to compare with yet" in admin_client.get(PAGE).content.decode()
    build_shop()
    assert "Nothing to compare with yet" in admin_client.get(PAGE).content.decode()
    assert reverse("admin:customer360_changes") == PAGE
