"""Whatever happens to the sources, a build of the changed customers ends as one of all does."""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Customer, IdentityChange, Room
from conversations.services.joining import join_customers
from conversations.services.parting import undo_join
from customer360.models import (
    BuildChange,
    BuyerMonth,
    Campaign,
    CampaignResponse,
    ChangedCustomer,
    CustomerDay,
    CustomerProfile,
    CustomerRecord,
    Product,
    ProfileCell,
    Purchase,
    SalesDay,
    SatisfactionDay,
    ServiceInteraction,
    WebsiteVisit,
)
from customer360.profile_sql import MONTHS_KEPT
from customer360.services import rescoring
from customer360.services.building import build_profiles
from customer360.services.summaries import KEYS, SUMS
from funnels.models import Funnel
from reviews.models import Review
from tests.conftest import Site

AS_OF = date(2026, 3, 20)
PEOPLE, PRODUCTS, CAMPAIGNS = 14, 4, 3
MOMENT = datetime(2025, 9, 1, 5, tzinfo=UTC)

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
    st.tuples(st.just("rerate"), st.integers(0, 5), st.sampled_from([None, 2, 4])),
    st.tuples(st.just("unreview"), st.integers(0, 5)),
    st.tuples(st.just("newcomer")),
    st.tuples(st.just("build")),
)


class World:
    """A few customers, and what may happen to them."""

    def __init__(self) -> None:
        self.number = 0
        self.products = [
            Product.objects.create(external_id=str(n), category=name, brand=f"B{n % 2}")
            for n, name in enumerate(["Tea", "Coffee", "Milk", ""])
        ]
        self.campaigns = [
            Campaign.objects.create(
                external_id=str(n),
                start_date=AS_OF - timedelta(days=20 - 12 * n),
                channel="email",
                target_audience=who,
            )
            for n, who in enumerate(["all", "young adults", "parents"])
        ]
        self.records: list[CustomerRecord] = []
        for place in range(PEOPLE):
            self.newcomer()
            for order in range(place % 4):
                self.buy(place, order, 9 * place + 40 * order, 1, 1_000 + 317 * place, "IDR")

    def newcomer(self) -> None:
        place = len(self.records)
        person = Customer.objects.create(
            name=f"N{place}", first_seen_at=MOMENT, last_seen_at=MOMENT
        )
        self.records.append(
            CustomerRecord.objects.create(
                external_id=str(place),
                customer=person,
                date_of_birth=date(1950 + 4 * (place % 14), 5, 5),
                registration_date=date(2025, 1, 1 + place % 28),
            )
        )

    def buy(self, who: int, what: int, ago: int, quantity: int, cents: int, currency: str) -> None:
        self.number += 1
        Purchase.objects.create(
            external_id=str(self.number),
            record=self.records[who],
            product=self.products[what % PRODUCTS],
            purchase_date=AS_OF - timedelta(days=ago),
            quantity=quantity,
            total_amount=Decimal(cents if quantity > 0 else -cents) / 100,
            currency=currency,
        )

    def correct(self, which: int, ago: int, cents: int) -> None:
        Purchase.objects.filter(pk=self.nth(Purchase, which), quantity__gt=0).update(
            purchase_date=AS_OF - timedelta(days=ago), total_amount=Decimal(cents) / 100
        )

    def delete(self, which: int) -> None:
        Purchase.objects.filter(pk=self.nth(Purchase, which)).delete()

    def contact(self, who: int, what: int, ago: int, score: int) -> None:
        self.number += 1
        ServiceInteraction.objects.create(
            external_id=str(self.number),
            record=self.records[who],
            product=self.products[what],
            interaction_date=AS_OF - timedelta(days=ago),
            interaction_type="complaint" if score < 5 else "inquiry",
            satisfaction_score=score if score < 9 else None,
        )

    def uncontact(self, which: int) -> None:
        ServiceInteraction.objects.filter(pk=self.nth(ServiceInteraction, which)).delete()

    def respond(self, who: int, which: int, clicked: bool) -> None:
        self.number += 1
        CampaignResponse.objects.create(
            external_id=str(self.number),
            record=self.records[who],
            campaign=self.campaigns[which],
            response_date=AS_OF - timedelta(days=self.number % 9),
            response_type="click" if clicked else "unsubscribe",
        )

    def visit(self, who: int, ago: int, seconds: int) -> None:
        self.number += 1
        WebsiteVisit.objects.create(
            external_id=str(self.number),
            record=self.records[who],
            visit_date=AS_OF - timedelta(days=ago),
            time_spent=seconds,
        )

    def rename(self, which: int, category: str) -> None:
        Product.objects.filter(pk=self.products[which].pk).update(category=category)

    def audience(self, which: int, who: str) -> None:
        Campaign.objects.filter(pk=self.campaigns[which].pk).update(target_audience=who)

    def join(self, one: int, other: int) -> None:
        records = [CustomerRecord.objects.get(pk=self.records[n].pk) for n in (one, other)]
        if records[0].customer_id != records[1].customer_id:
            join_customers(
                customer=records[0].customer, absorbed=records[1].customer, because=("crm", "test")
            )

    def undo(self) -> None:
        for change in IdentityChange.objects.filter(change="joined"):
            if undo_join(change=change) is not None:
                return

    def chat(self, who: int, ago: int) -> None:
        self.number += 1
        Room.objects.create(
            source="crm",
            external_id=f"room-{self.number}",
            customer=CustomerRecord.objects.get(pk=self.records[who].pk).customer,
            channel="whatsapp",
            started_at=datetime.combine(AS_OF - timedelta(days=ago), MOMENT.timetz()),
        )

    def pay(self, who: int, ago: int, cents: int) -> None:
        self.chat(who, ago)
        room = Room.objects.get(external_id=f"room-{self.number}")
        Funnel.objects.create(
            room=room,
            cycle=1,
            customer=room.customer,
            stage="transaction",
            channel="ads",
            lead_basis="keyword",
            began_at=room.started_at,
            leads_date=room.started_at,
            transaction_date=room.started_at + timedelta(hours=13),
            transaction_value=Decimal(cents) / 100 if cents % 7 else None,
            currency="IDR" if cents % 7 else "",
            other_amounts={"USD": "12.50"} if cents % 3 == 0 else {},
        )

    def unpay(self, which: int) -> None:
        Funnel.objects.filter(pk=self.nth(Funnel, which)).update(
            transaction_date=None, transaction_value=None
        )

    def review(self, who: int, ago: int, stars: int | None) -> None:
        self.number += 1
        Review.objects.create(
            customer=CustomerRecord.objects.get(pk=self.records[who].pk).customer,
            user_name="A",
            product_name=f"P{self.number}",
            product_review="Good",
            rating=stars,
            created_at=datetime.combine(AS_OF - timedelta(days=ago), MOMENT.timetz()),
        )

    def rerate(self, which: int, stars: int | None) -> None:
        Review.objects.filter(pk=self.nth(Review, which)).update(rating=stars)

    def unreview(self, which: int) -> None:
        Review.objects.filter(pk=self.nth(Review, which)).delete()

    def build(self) -> None:
        build_profiles(as_of=AS_OF)

    @staticmethod
    def nth(model: Any, which: int) -> Any:
        keys = list(model.objects.order_by("pk").values_list("pk", flat=True))
        return keys[which % len(keys)] if keys else None


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
