"""The churn model's honesty: what it foresaw beside what happened, and no number where it is unfit."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from conversations.models import Customer
from customer360 import tasks
from customer360.models import CustomerRecord, ModelCheck, Product, Purchase
from customer360.scores import DAY, calibration, lifetimes
from customer360.services.building import build_profiles
from customer360.services.checking import check_model
from tests.customer360.shop import AS_OF, build_shop

PAGE = "/admin/customer360/customerprofile/model/"
CUT = AS_OF - timedelta(days=90)


def simulated(customers: int, *, weeks: float, ahead: float) -> Any:
    """Purchase weeks by MBG/NBD itself: r 1, alpha 8, a 1, b 3; a first purchase somewhere before."""
    rng = np.random.default_rng(7)
    for _ in range(customers):
        rate, leaves = rng.gamma(1.0, 1 / 8.0), rng.beta(1.0, 3.0)
        start = rng.uniform(0, weeks - 1)
        at, bought = start, [start]
        while rng.uniform() > leaves:
            at += rng.exponential(1 / rate)
            if at > weeks + ahead:
                break
            bought.append(at)
        yield bought


def test_on_data_of_its_own_kind_the_model_foresees_what_is_seen() -> None:
    weeks, days = 60.0, 90
    x, t_x, big_t, seen = [], [], [], []
    for bought in simulated(6_000, weeks=weeks, ahead=days * DAY):
        before = [at for at in bought if at <= weeks]
        x.append(len(before) - 1)
        t_x.append(before[-1] - before[0])
        big_t.append(weeks - before[0])
        seen.append(len(bought) - len(before))

    fit, bands = calibration.calibrated(x, t_x, big_t, seen, days=days)

    assert sum(band.customers for band in bands) == 6_000
    expected = sum(band.expected * band.customers for band in bands)
    assert expected == pytest.approx(sum(seen), rel=0.08)
    for band in bands:
        assert band.low <= band.alive <= band.high
        assert band.bought <= band.alive + 0.05
        assert band.expected == pytest.approx(band.seen, abs=0.15)
    shares = [band.bought for band in bands]
    assert shares == sorted(shares)
    assert fit.model == "MBG/NBD"


def test_too_few_repeat_buyers_have_no_table() -> None:
    with pytest.raises(lifetimes.NotFittedError):
        calibration.calibrated([0, 1], [0, 3], [9, 9], [0, 1], days=90)


@pytest.fixture
def regulars(db: None) -> None:
    """150 customers of whom most come back, some before and some within the last 90 days."""
    product = Product.objects.create(external_id="1", category="Tea")
    rng, purchases = np.random.default_rng(3), []
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    for place in range(150):
        person = Customer.objects.create(
            name=f"C{place}", first_seen_at=moment, last_seen_at=moment
        )
        record = CustomerRecord.objects.create(external_id=str(place), customer=person)
        day = date(2025, 1, 1) + timedelta(days=int(rng.integers(0, 200)))
        for _ in range(int(rng.integers(1, 9))):
            if day > AS_OF:
                break
            purchases.append(
                Purchase(
                    external_id=f"{place}-{day}",
                    record=record,
                    product=product,
                    purchase_date=day,
                    quantity=1,
                    total_amount=10,
                    currency="IDR",
                )
            )
            day += timedelta(days=int(rng.integers(1, 90)))
    Purchase.objects.bulk_create(purchases)


def test_a_check_counts_what_happened_in_the_days_held_out(regulars: None) -> None:
    build_profiles(mode="full", as_of=AS_OF)

    check = check_model()

    assert (check.as_of, check.days, check.note) == (AS_OF, 90, "")
    bought = Purchase.objects.filter(purchase_date__lte=CUT)
    known = set(bought.values_list("record__customer", flat=True))
    assert check.customers == len(known) == sum(band["customers"] for band in check.bands)
    seen = Purchase.objects.filter(
        purchase_date__gt=CUT, purchase_date__lte=AS_OF, record__customer__in=known
    )
    total = sum(band["seen"] * band["customers"] for band in check.bands)
    assert total == pytest.approx(seen.count(), abs=0.5)
    buyers = seen.values("record__customer").distinct().count()
    share = sum(band["bought"] * band["customers"] for band in check.bands)
    assert share == pytest.approx(buyers, abs=0.5)


def test_staff_read_the_table_and_what_the_scores_rest_on(
    admin_client: Client, regulars: None
) -> None:
    build_profiles(mode="full", as_of=AS_OF)
    assert "Not checked yet" in admin_client.get(PAGE).content.decode()

    page: Any = admin_client.post(reverse("admin:customer360_model_check"), follow=True)

    text = page.content.decode()
    assert 'id="calibration"' in text
    assert "MBG/NBD" in text
    assert "Fitted as of" in text
    assert len(page.context["bands"]) == len(ModelCheck.objects.get().bands)
    dashboard = admin_client.get(reverse("admin:customer360_dashboard")).content.decode()
    assert f'<a href="{PAGE}">MBG/NBD fitted on' in dashboard


def test_without_a_model_there_is_no_number(admin_client: Client) -> None:
    assert "No profile is scored yet" in admin_client.get(PAGE).content.decode()
    build_shop(8)
    tasks.check_model()

    text = admin_client.get(PAGE).content.decode()

    check = ModelCheck.objects.get()
    assert (check.bands, check.parameters) == ([], {})
    assert check.note in text
    assert 'id="calibration"' not in text
    assert "no number is stated" in text


def test_looking_and_checking_take_their_permissions(client: Client, db: None) -> None:
    user = User.objects.create_user("ana", is_staff=True)
    client.force_login(user)
    assert client.get(PAGE).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_customerprofile"))

    assert client.get(PAGE).status_code == 200
    assert client.post(f"{PAGE}check/").status_code == 403
    assert client.get(f"{PAGE}check/").status_code == 405
    assert not ModelCheck.objects.exists()
