"""Whatever happens to the sources, a build of the changed customers ends as one of all does."""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Customer
from customer360.models import (
    BuildChange,
    BuyerMonth,
    ChangedCustomer,
    CustomerDay,
    CustomerProfile,
    ProfileCell,
    Purchase,
    SalesDay,
    SatisfactionDay,
)
from customer360.profile_sql import MONTHS_KEPT
from customer360.services import rescoring
from customer360.services.building import build_profiles
from customer360.services.summaries import KEYS, SUMS
from funnels.models import Funnel
from tests.conftest import Site
from tests.customer360.world import AS_OF, CAMPAIGNS, PEOPLE, PRODUCTS, World

people = st.integers(0, PEOPLE - 1)
days = st.integers(-40, 500)
steps = st.one_of(
    st.tuples(
        st.just("buy"),
        people,
        st.integers(0, PRODUCTS - 1),
        days,
        st.sampled_from([1, 2, -1]),
        st.integers(0, 90_000),
        st.sampled_from(["IDR", "IDR", "USD"]),
    ),
    st.tuples(st.just("correct"), st.integers(0, 60), days, st.integers(0, 90_000)),
    st.tuples(st.just("delete"), st.integers(0, 60)),
    st.tuples(st.just("contact"), people, st.integers(0, PRODUCTS - 1), days, st.integers(1, 10)),
    st.tuples(st.just("uncontact"), st.integers(0, 20)),
    st.tuples(st.just("respond"), people, st.integers(0, CAMPAIGNS - 1), st.booleans()),
    st.tuples(st.just("visit"), people, days, st.integers(0, 900)),
    st.tuples(
        st.just("rename"), st.integers(0, PRODUCTS - 1), st.sampled_from(["Tea", "Milk", ""])
    ),
    st.tuples(
        st.just("audience"), st.integers(0, CAMPAIGNS - 1), st.sampled_from(["all", "seniors"])
    ),
    st.tuples(st.just("join"), people, people),
    st.tuples(st.just("undo")),
    st.tuples(st.just("chat"), people, days),
    st.tuples(st.just("pay"), people, days, st.integers(0, 90_000)),
    st.tuples(st.just("unpay"), st.integers(0, 10)),
    st.tuples(st.just("review"), people, days, st.sampled_from([None, 1, 3, 5])),
    st.tuples(st.just("unreview"), st.integers(0, 5)),
    st.tuples(st.just("newcomer")),
    st.tuples(st.just("build")),
)


def snapshot() -> dict[str, list[str]]:
    """Profiles and summaries as sorted plain values, without the builds' numbers."""
    columns = [
        field.attname
        for field in CustomerProfile._meta.concrete_fields
        if field.attname != "build_id"
    ]
    rows: dict[str, Any] = {
        "profiles": CustomerProfile.objects.values_list(*columns),
        "cells": ProfileCell.objects.values_list(*KEYS, *SUMS),
        "sales": SalesDay.objects.values_list(
            "day",
            "category",
            "brand",
            "currency",
            "orders",
            "refunds",
            "quantity",
            "sold",
            "revenue",
        ),
        "moods": SatisfactionDay.objects.values_list("day", "score", "signals"),
        "months": BuyerMonth.objects.values_list("month", "buyers", "new_buyers", "kept_buyers"),
        "days": CustomerDay.objects.values_list("day", "new_customers", "new_buyers"),
    }
    return {
        name: sorted(json.dumps(row, default=str) for row in found) for name, found in rows.items()
    }


Figures = dict[tuple[str, ...], tuple[int, Decimal]]


def figures() -> Figures:
    """What a build's notes speak of: sales and signals by month, customers by segment and risk."""
    sums: Figures = {}

    def add(key: tuple[str, ...], number: int, amount: Any) -> None:
        was = sums.get(key, (0, Decimal(0)))
        sums[key] = was[0] + number, was[1] + Decimal(str(amount))

    for day, name, currency, number, amount in SalesDay.objects.values_list(
        "day", "category", "currency", "orders", "revenue"
    ):
        add(("sales", f"{day:%Y-%m}", name, currency), number, amount)
    for day, score, number in SatisfactionDay.objects.values_list("day", "score", "signals"):
        add(("satisfaction", f"{day:%Y-%m}", "", ""), number, score * number)
    for segment, risk, value in CustomerProfile.objects.values_list(
        "customer_segment", "churn_risk", "total_lifetime_value"
    ):
        add(("segment", "", segment, ""), 1, value)
        add(("churn", "", risk, ""), 1, value)
    return sums


def less(after: Figures, before: Figures) -> Figures:
    zero = (0, Decimal(0))
    found = {}
    for key in {*after, *before}:
        (one, much), (other, less_) = after.get(key, zero), before.get(key, zero)
        if one != other or much != less_:
            found[key] = one - other, much - less_
    return found


def noted() -> Figures:
    """What all builds have noted of their differences, added up."""
    sums: Figures = {}
    for one in BuildChange.objects.all():
        key = (one.kind, f"{one.month:%Y-%m}" if one.month else "", one.name, one.currency)
        was = sums.get(key, (0, Decimal(0)))
        sums[key] = was[0] + one.number, was[1] + one.amount
    return {key: value for key, value in sums.items() if value != (0, 0)}


@contextmanager
def undone() -> Iterator[None]:
    """A database as it was before, after each example."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def act(world: World, story: list[tuple[Any, ...]]) -> None:
    for name, *values in story:
        getattr(world, name)(*values)


def check_equality(story: list[tuple[Any, ...]]) -> None:
    with undone():
        world = World()
        build_profiles(mode="full", as_of=AS_OF)
        before = figures()
        act(world, story)
        build = build_profiles(mode="changed", as_of=AS_OF)
        changed = snapshot()
        assert build.mode == "changed"
        assert noted() == less(figures(), before)
        assert not ChangedCustomer.objects.exists()
        build_profiles(mode="full", as_of=AS_OF)
        assert snapshot() == changed
        check_counts()
    connection.needs_rollback = False


def check_counts() -> None:
    """Each purchase counts once, and as Python counts it."""
    orders: dict[int, list[tuple[date, Decimal, str]]] = defaultdict(list)
    value: dict[int, Decimal] = defaultdict(Decimal)
    for one in Purchase.objects.filter(purchase_date__lte=AS_OF).select_related("record"):
        owner = one.record.customer_id
        if one.quantity > 0:
            orders[owner].append((one.purchase_date, one.total_amount, one.currency))
        if one.currency == "IDR":
            value[owner] += one.total_amount
    for sale in Funnel.objects.exclude(transaction_date=None):
        assert sale.transaction_date is not None
        assert sale.customer_id is not None
        day = (sale.transaction_date + timedelta(hours=7)).date()
        if day <= AS_OF:
            orders[sale.customer_id].append((day, sale.transaction_value or Decimal(), "IDR"))
            value[sale.customer_id] += sale.transaction_value or 0
    profiles = {row.pk: row for row in CustomerProfile.objects.all()}
    assert set(profiles) == set(Customer.objects.values_list("pk", flat=True))
    for pk, row in profiles.items():
        bought = {day for day, _, _ in orders[pk]}
        assert row.total_purchases == len(orders[pk])
        assert row.total_lifetime_value == value[pk]
        assert (row.first_purchase_date, row.last_purchase_date, row.purchase_days) == (
            min(bought, default=None),
            max(bought, default=None),
            len(bought),
        )
        months = {12 * (AS_OF.year - d.year) + AS_OF.month - d.month for d in bought}
        assert row.purchase_months == sum(1 << month for month in months if month < MONTHS_KEPT)
        assert (row.recency_score is None) == (not bought)


@pytest.mark.django_db
@settings(
    max_examples=int(os.environ.get("PROFILE_EXAMPLES", "15")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=st.lists(steps, max_size=12))
def test_changed_ends_as_full_when_everybody_is_scored(story: list[tuple[Any, ...]]) -> None:
    check_equality(story)


@pytest.mark.django_db
@settings(
    max_examples=int(os.environ.get("PROFILE_EXAMPLES", "15")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=st.lists(steps, max_size=12))
def test_changed_ends_as_full_when_only_the_changed_are_scored(
    story: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "FEW_BUYERS", 0)
    monkeypatch.setattr(rescoring, "CHANGED_SHARE", 1e9)
    check_equality(story)


def test_taken_back_and_put_in_again_the_apps_before_it_take_messages(
    make_site: Callable[[], Site],
) -> None:
    site = make_site()
    body = '{"phone_number": "08123456789", "message": "halo", "channel": "whatsapp"}\n'
    site.run("migrate", "customer360", "zero", "--verbosity", "0")
    assert "new 1" in site.run("ingest_messages", "-", stdin=body.encode())
    site.run("migrate", "--verbosity", "0")
    assert "new 1" in site.run("ingest_messages", "-", stdin=body.replace("halo", "lagi").encode())
    site.run("build_profiles", "--full")
