"""Favourites are decided by rule, never by chance; a response rate stays between 0 and 1."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from customer360.models import (
    Campaign,
    CampaignResponse,
    CustomerProfile,
    CustomerRecord,
    Product,
    Purchase,
)
from customer360.services.building import build_profiles
from tests.customer360.shop import AS_OF, make_customer

pytestmark = pytest.mark.django_db


def make_record() -> CustomerRecord:
    return CustomerRecord.objects.create(
        external_id="1", registration_date=date(2025, 6, 1), customer=make_customer(1)
    )


def buy(record: CustomerRecord, category: str, amount: str, days_ago: int) -> None:
    product, _ = Product.objects.get_or_create(
        external_id=category, defaults={"product_name": category, "category": category}
    )
    Purchase.objects.create(
        external_id=str(Purchase.objects.count()),
        record=record,
        product=product,
        purchase_date=AS_OF - timedelta(days=days_ago),
        quantity=1,
        total_amount=Decimal(amount),
        currency="IDR",
    )


def built() -> CustomerProfile:
    build_profiles(mode="full", as_of=AS_OF)
    return CustomerProfile.objects.get()


BY_AMOUNT = [("Tea", "10.00", 1), ("Tea", "10.00", 2), ("Coffee", "20.01", 90)]
BY_NUMBER = [("Tea", "20.00", 1), ("Coffee", "10.00", 90), ("Coffee", "10.00", 91)]
BY_DAY = [("Tea", "20.00", 9), ("Coffee", "20.00", 8)]
BY_NAME = [("Tea", "20.00", 9), ("Coffee", "20.00", 9)]


@pytest.mark.parametrize("sales", [BY_AMOUNT, BY_NUMBER, BY_DAY, BY_NAME])
def test_the_favourite_is_by_amount_then_number_then_day_then_name_in_any_order(
    sales: list[tuple[str, str, int]],
) -> None:
    record = make_record()
    for order in permutations(sales):
        Purchase.objects.all().delete()
        for category, amount, days_ago in order:
            buy(record, category, amount, days_ago)
        assert built().favorite_product_category == "Coffee", order


def respond(record: CustomerRecord, campaign: Campaign, *kinds: str) -> None:
    for kind in kinds:
        CampaignResponse.objects.create(
            external_id=str(CampaignResponse.objects.count()),
            campaign=campaign,
            record=record,
            response_date=AS_OF,
            response_type=kind,
        )


def offer(number: int, audience: str = "all", *, begins_in: int = 0) -> Campaign:
    return Campaign.objects.create(
        external_id=str(number),
        start_date=AS_OF + timedelta(days=begins_in),
        channel="email",
        target_audience=audience,
    )


def test_a_response_rate_counts_campaigns_not_clicks() -> None:
    record = make_record()
    first, second = offer(1), offer(2)
    offer(3)
    offer(4, begins_in=1)
    respond(record, first, "click", "click", "purchase")
    respond(record, second, "unsubscribe")

    profile = built()

    assert (profile.campaigns_targeted, profile.campaigns_responded) == (3, 1)
    assert profile.campaign_response_rate == Decimal("0.3333")


def test_who_answers_a_campaign_for_others_was_reached_by_it() -> None:
    record = make_record()
    respond(record, offer(1, "seniors"), "click")

    assert built().campaign_response_rate == 1


def test_without_a_campaign_there_is_no_rate() -> None:
    make_record()
    offer(1, "seniors")

    profile = built()

    assert profile.campaigns_targeted == 0
    assert profile.campaign_response_rate is None
