"""A review with stars is a satisfaction signal of its customer: in a build of all, and of the changed."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from conversations.models import Customer
from conversations.services.joining import join_customers
from customer360.models import ChangedCustomer, CustomerProfile, SatisfactionDay
from customer360.services.building import build_profiles
from reviews.models import Review
from tests.customer360.test_build_equality import snapshot
from tests.reviews.making import make_customer, make_review

AS_OF = date(2026, 3, 20)
# Already the eleventh in Jakarta.
LATE = datetime(2026, 3, 10, 20, tzinfo=UTC)
Signals = tuple[int, Decimal | None]

pytestmark = pytest.mark.django_db


def signals(customer: Customer) -> Signals:
    profile = CustomerProfile.objects.get(pk=customer.pk)
    return profile.satisfaction_signals, profile.average_satisfaction_score


def days() -> list[tuple[date, int, int]]:
    return list(
        SatisfactionDay.objects.order_by("day", "score").values_list("day", "score", "signals")
    )


def build_both_ways() -> None:
    """A build of the changed customers, which a build of all has to agree with."""
    assert build_profiles(as_of=AS_OF).mode == "changed"
    changed = snapshot()
    build_profiles(mode="full", as_of=AS_OF)
    assert snapshot() == changed


def moved_in_time(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(created_at=datetime(2026, 2, 1, 4, tzinfo=UTC))


def made_of_tomorrow(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(created_at=datetime(2026, 3, 20, 18, tzinfo=UTC))


def deleted(review: Review) -> None:
    review.delete()


@pytest.mark.parametrize(("stars", "score"), [(1, 2), (4, 8), (5, 10)])
def test_a_full_build_counts_stars_double_on_the_day_of_the_site(stars: int, score: int) -> None:
    review = make_review(rating=stars, created_at=LATE)
    build_profiles(mode="full", as_of=AS_OF)

    assert review.customer is not None
    assert signals(review.customer) == (1, Decimal(score))
    assert days() == [(date(2026, 3, 11), score, 1)]


def test_a_new_review_is_seen_by_a_build_of_the_changed() -> None:
    customer, other = make_customer(1), make_customer(2)
    build_profiles(mode="full", as_of=AS_OF)
    make_review(customer=customer, rating=4, created_at=LATE)
    make_review(customer=customer, rating=1, product_name="Case", created_at=LATE)
    make_review(customer=customer, product_name="Cable", created_at=LATE)

    assert set(ChangedCustomer.objects.values_list("customer_id", flat=True)) == {customer.pk}
    build_both_ways()
    assert signals(customer) == (2, Decimal("5.00"))
    assert signals(other) == (0, None)
    assert days() == [(date(2026, 3, 11), 2, 1), (date(2026, 3, 11), 8, 1)]


@pytest.mark.parametrize(
    ("happening", "left", "counted"),
    [
        (moved_in_time, (1, Decimal("6.00")), [(date(2026, 2, 1), 6, 1)]),
        (made_of_tomorrow, (0, None), []),
        (deleted, (0, None), []),
    ],
)
def test_a_corrected_review_is_counted_as_it_is_now(
    happening: Callable[[Review], None], left: Signals, counted: list[tuple[date, int, int]]
) -> None:
    customer = make_customer()
    review = make_review(customer=customer, rating=3, created_at=LATE)
    build_profiles(mode="full", as_of=AS_OF)
    happening(review)
    build_both_ways()

    assert signals(customer) == left
    assert days() == counted


def test_a_join_takes_the_signals_along() -> None:
    kept, absorbed = make_customer(1), make_customer(2)
    make_review(customer=kept, rating=5, created_at=LATE)
    make_review(customer=absorbed, rating=2, created_at=LATE)
    build_profiles(mode="full", as_of=AS_OF)
    join_customers(customer=kept, absorbed=absorbed, because=("crm", "test"))
    build_both_ways()

    assert signals(kept) == (2, Decimal("7.00"))
    assert not CustomerProfile.objects.filter(pk=absorbed.pk).exists()


def test_what_staff_do_with_a_review_changes_no_profile() -> None:
    review = make_review(rating=5, created_at=LATE)
    build_profiles(mode="full", as_of=AS_OF)
    Review.objects.filter(pk=review.pk).update(moderation="published", answer="Thank you!")

    assert not ChangedCustomer.objects.exists()
