"""Likely duplicates with their reasons, and segments with who entered and left when."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localdate, now

from conversations.models import Customer, CustomerIdentity, SharedValue
from conversations.services.joining import join_by_hand
from conversations.services.parting import undo_join
from customer360.models import (
    CustomerProfile,
    CustomerRecord,
    DuplicateCandidate,
    Segment,
    SegmentMembership,
)
from customer360.segment_rules import CONDITIONS, ConditionError, lookups
from customer360.services.duplicates import LARGEST_BLOCK, call_not_same, find_duplicates
from customer360.services.segments import refresh_segment, refresh_segments, take_snapshot
from customer360.tasks import find_duplicates as find_task
from customer360.tasks import refresh_segments as refresh_task

pytestmark = pytest.mark.django_db
DAY = date(2025, 4, 1)


def person(number: int, *, phone: str = "", email: str = "", **record: Any) -> Customer:
    customer = Customer.objects.create(
        name=f"C{number}", phone_number=phone, first_seen_at=now(), last_seen_at=now()
    )
    if phone:
        CustomerIdentity.objects.create(
            customer=customer, kind="phone", value=phone, first_seen_at=now()
        )
    CustomerRecord.objects.create(external_id=str(number), customer=customer, email=email, **record)
    return customer


def pairs() -> dict[tuple[int, int], tuple[int, list[str]]]:
    return {
        (pair.one_id, pair.other_id): (pair.score, pair.reasons)
        for pair in DuplicateCandidate.objects.filter(state="open")
    }


def test_each_rule_finds_its_pair_with_the_reason() -> None:
    born: dict[str, Any] = {"date_of_birth": date(1990, 2, 3)}
    a = person(1, first_name="Ayu", last_name="Lestari", **born)
    b = person(2, first_name="AYU ", last_name="lestari", **born)
    c = person(3, phone="+6281234567890")
    d = person(4, phone="+6591234567890"[:4] + "34567890")
    e = person(5, email="ayu.lestari@a.id")
    f = person(6, email="Ayu.Lestari@b.id".lower())
    person(7, first_name="Ayu", last_name="Lestari", date_of_birth=date(1991, 2, 3))

    assert find_duplicates() == 3
    assert pairs() == {
        (a.pk, b.pk): (60, ["Same name and day of birth"]),
        (c.pk, d.pk): (40, ["Phone numbers with the same last 8 digits"]),
        (e.pk, f.pk): (30, ["Same name before the @ of their e-mail"]),
    }


def test_reasons_add_up_to_at_most_100() -> None:
    same: dict[str, Any] = {
        "first_name": "Ayu",
        "last_name": "L",
        "date_of_birth": DAY,
        "email": "ayu.lestari@shop.id",
    }
    one = person(1, phone="+6281234567890", **same)
    other = person(2, phone="+6581234567890"[:3] + "9934567890", **same)
    find_duplicates()

    score, reasons = pairs()[one.pk, other.pk]
    assert score == 100
    assert len(reasons) == 4


def test_common_values_and_offices_and_shared_numbers_say_nothing() -> None:
    for number in range(LARGEST_BLOCK + 1):
        person(number, email=f"budi.santoso@shop{number}.id")
    person(50, email="contact@a.id")
    person(51, email="contact@b.id")
    person(52, email="ayu@a.id")
    person(53, email="ayu@b.id")
    person(54, phone="+6281299999999")
    person(55, phone="+6581299999999"[:3] + "8199999999"[:2] + "99999999")
    SharedValue.objects.create(kind="phone", value="+6281299999999")

    assert find_duplicates() == 0


def test_not_the_same_is_remembered_and_what_is_no_longer_alike_leaves() -> None:
    one, other = person(1, email="ayu.lestari@a.id"), person(2, email="ayu.lestari@b.id")
    person(3, email="budi.santoso@a.id")
    person(4, email="budi.santoso@b.id")
    user = User.objects.create_user("agent")
    assert find_duplicates() == 2
    said = DuplicateCandidate.objects.filter(one=one)
    assert call_not_same(candidates=said, decided_by=user) == 1
    CustomerRecord.objects.filter(external_id="4").update(email="")

    assert find_duplicates() == 0
    kept = DuplicateCandidate.objects.get()
    assert (kept.other_id, kept.state, kept.decided_by) == (other.pk, "not_same", user)


def test_a_joined_pair_leaves_the_list() -> None:
    one, other = person(1, email="ayu.lestari@a.id"), person(2, email="ayu.lestari@b.id")
    find_duplicates()
    join_by_hand(keep=one.pk, absorb=other.pk, reason="same", made_by=None)

    assert not DuplicateCandidate.objects.exists()
    assert find_task() == 0


def test_looking_takes_as_many_queries_for_many_as_for_few() -> None:
    numbers = []
    for count in (4, 40):
        for number in range(count):
            person(1_000 * count + number, email=f"person{count}x{number // 2}@s{number % 2}.id")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            find_duplicates()
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


# --- Segments -------------------------------------------------------------------------------------
def profile(number: int, **fields: Any) -> CustomerProfile:
    customer = Customer.objects.create(name=f"P{number}", first_seen_at=now(), last_seen_at=now())
    values = {
        "customer_segment": "Champions",
        "value_tier": "high",
        "churn_risk": "low",
        "build_id": 1,
        **fields,
    }
    return CustomerProfile.objects.create(customer=customer, **values)


def stays(segment: Segment) -> list[tuple[int, date, date | None]]:
    return list(
        SegmentMembership.objects.filter(segment=segment)
        .order_by("customer_id", "pk")
        .values_list("customer_id", "entered_on", "left_on")
    )


def test_who_enters_leaves_and_comes_back_is_dated() -> None:
    one, two = profile(1), profile(2, customer_segment="Lost")
    segment = Segment.objects.create(name="Best", conditions={"segment": "Champions"})
    assert refresh_segment(segment=segment, today=DAY) == 1
    CustomerProfile.objects.update(customer_segment="Lost")
    CustomerProfile.objects.filter(pk=two.pk).update(customer_segment="Champions")
    second = DAY + timedelta(days=1)
    refresh_segment(segment=segment, today=second)
    CustomerProfile.objects.update(customer_segment="Champions")
    third = DAY + timedelta(days=2)
    assert refresh_segment(segment=segment, today=third) == 2

    assert stays(segment) == [
        (one.pk, DAY, second),
        (one.pk, third, None),
        (two.pk, second, None),
    ]
    again = stays(segment)
    assert refresh_segments(today=third) == 1
    assert stays(segment) == again


def test_a_snapshot_stays_as_it_was() -> None:
    one, two = profile(1), profile(2)
    segment = Segment.objects.create(name="Best", conditions={"segment": "Champions"})
    snapshot = take_snapshot(segment=segment, name="Best, April", made_by=None)
    assert snapshot.customers == 2
    CustomerProfile.objects.filter(pk=two.pk).update(customer_segment="Lost")
    refresh_task()

    segment.refresh_from_db()
    assert segment.customers == 1
    assert [row[0] for row in stays(snapshot)] == [one.pk, two.pk]
    assert refresh_segment(segment=snapshot) == 2


def test_a_join_ends_one_of_two_stays_and_parting_brings_it_back() -> None:
    one, two = profile(1), profile(2)
    segment = Segment.objects.create(name="Best", conditions={})
    refresh_segment(segment=segment, today=DAY)
    change = join_by_hand(keep=one.pk, absorb=two.pk, reason="same", made_by=None)
    assert stays(segment) == [(one.pk, DAY, None), (one.pk, DAY, localdate())]

    undo_join(change=change)
    assert stays(segment) == [(one.pk, DAY, None), (two.pk, DAY, None)]


def test_days_since_the_last_purchase_move_with_the_day() -> None:
    profile(1, last_purchase_date=DAY)
    segment = Segment.objects.create(name="Quiet", conditions={"quiet_days": "30"})

    assert refresh_segment(segment=segment, today=DAY + timedelta(days=29)) == 0
    assert refresh_segment(segment=segment, today=DAY + timedelta(days=30)) == 1


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda one: one.key)
def test_every_condition_can_be_asked_of_profiles(condition: Any) -> None:
    text = {"choice": condition.choices[0] if condition.choices else "x", "day": "2025-04-01"}
    conditions = {condition.key: text.get(condition.kind, "1")}
    segment = Segment.objects.create(name="s", conditions=conditions)

    assert refresh_segment(segment=segment, today=DAY) == 0


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("nonsense", "1"),
        ("segment", "Nobody"),
        ("purchases_from", "-1"),
        ("purchases_from", "three"),
        ("value_from", "NaN"),
        ("value_from", "1e99"),
        ("bought_from", "2025-02-30"),
    ],
)
def test_unusable_conditions_are_refused_by_name(key: str, text: str) -> None:
    with pytest.raises(ConditionError):
        lookups({key: text}, DAY)


def test_a_refresh_takes_as_many_queries_for_many_as_for_few() -> None:
    numbers = []
    for count in (2, 30):
        for number in range(count):
            profile(number)
        segment = Segment.objects.create(name=f"s{count}", conditions={"segment": "Champions"})
        with CaptureQueriesContext(connection) as queries:
            refresh_segment(segment=segment, today=DAY)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


# --- Pages ----------------------------------------------------------------------------------------
def test_staff_save_what_the_profile_list_shows(admin_client: Client) -> None:
    profile(1)
    profile(2, churn_risk="high")
    listed = admin_client.get(
        reverse("admin:customer360_customerprofile_changelist"), {"churn_risk__exact": "high"}
    )
    add = reverse("admin:customer360_segment_add")
    assert f"{add}?churn_risk__exact=high" in listed.content.decode()
    form = admin_client.get(add, {"churn_risk__exact": "high"}).context["adminform"].form
    assert form.initial["churn_risk"] == "high"

    admin_client.post(add, {"name": "At risk", "churn_risk": "high", "bought_to": ""})
    segment = Segment.objects.get()
    assert (segment.conditions, segment.customers) == ({"churn_risk": "high"}, 1)
    change = reverse("admin:customer360_segment_change", args=[segment.pk])
    assert 'value="high" selected' in admin_client.get(change).content.decode()


def test_the_form_names_an_unusable_condition(admin_client: Client) -> None:
    answer = admin_client.post(
        reverse("admin:customer360_segment_add"), {"name": "x", "purchases_from": "many"}
    )
    assert "this value cannot be used" in answer.content.decode()
    assert not Segment.objects.exists()


def test_staff_answer_candidates_in_the_list(admin_client: Client) -> None:
    one, other = person(1, email="ayu.lestari@a.id"), person(2, email="ayu.lestari@b.id")
    find_duplicates()
    address = reverse("admin:customer360_duplicatecandidate_changelist")
    page = admin_client.get(address, follow=True).content.decode()
    assert "Same name before the @" in page
    assert f"one={one.pk}&amp;other={other.pk}" in page

    pair = DuplicateCandidate.objects.get()
    admin_client.post(
        f"{address}?state__exact=open", {"action": "not_same", "_selected_action": [pair.pk]}
    )
    pair.refresh_from_db()
    assert pair.state == "not_same"
    assert pair.decided_by is not None


def test_members_are_exported(admin_client: Client) -> None:
    profile(1)
    segment = Segment.objects.create(name="=all", conditions={})
    refresh_segment(segment=segment)
    pages = ("segmentmembership_changelist", "segment_changelist")
    for name in pages:
        assert admin_client.get(reverse(f"admin:customer360_{name}")).status_code == 200
