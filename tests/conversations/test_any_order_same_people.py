"""Any order of the same key pairs ends in the same partition of people, limits and blocks included."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conversations.identity_rules import names_nobody
from conversations.models import Customer, CustomerIdentity, IdentityChange, SharedValue
from conversations.payloads import InboundMessage
from conversations.services.identities import CustomerBook

pytestmark = pytest.mark.django_db
START = datetime(2025, 4, 1, tzinfo=UTC)
PHONES = ("", "+6281200000001", "+6281200000002", "+6281200000003", "+6281299999999")
USERS = ("", "ID.1", "ID.2", "ID.3", "ID.4", "-")
KIOSK = PHONES[-1]


def seen(number: int, phone: str, user: str, minute: int) -> InboundMessage:
    return InboundMessage(
        text="halo",
        sender="customer",
        channel="whatsapp",
        sent_at=START + timedelta(minutes=minute),
        has_sent_at=True,
        message_id=f"m{number}",
        phone=phone,
        user_id=user,
    )


def place(messages: list[InboundMessage], size: int = 1) -> None:
    for start in range(0, len(messages), size):
        CustomerBook(messages[start : start + size]).resolve()


def partition() -> list[list[str]]:
    found: dict[int, list[str]] = {}
    for row in CustomerIdentity.objects.all():
        found.setdefault(row.customer_id, []).append(f"{row.kind}:{row.value}")
    return sorted(sorted(keys) for keys in found.values())


class _UndoError(Exception):
    pass


def people(messages: list[InboundMessage], size: int) -> Any:
    """The partition and how many customers there are, in a transaction that is taken back."""
    result: Any = None
    try:
        with transaction.atomic():
            place(messages, size)
            result = partition(), Customer.objects.count()
            raise _UndoError  # noqa: TRY301
    except _UndoError:
        return result


sightings = st.lists(
    st.tuples(st.sampled_from(PHONES), st.sampled_from(USERS), st.integers(0, 5)).filter(
        lambda pair: pair[0] or pair[1]
    ),
    min_size=1,
    max_size=9,
)


@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pairs=sightings, data=st.data())
def test_any_order_and_batching_ends_in_the_same_people(
    settings: Any, pairs: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    settings.IDENTITY_MOST_USER_IDS = 2
    SharedValue.objects.get_or_create(kind="phone", value=KIOSK)
    messages = [seen(number, *pair) for number, pair in enumerate(pairs)]
    shuffled = data.draw(st.permutations(messages))
    size = data.draw(st.sampled_from((1, 2, 9)))

    expected = people(messages, 9)
    assert people(list(shuffled), size) == expected
    assert expected[1] == len(expected[0])


def test_a_user_id_too_many_stays_alone_and_staff_see_it(settings: Any) -> None:
    settings.IDENTITY_MOST_USER_IDS = 2
    place([seen(n, PHONES[1], f"ID.{n}", n) for n in (1, 2, 3)])

    assert partition() == [
        [f"phone:{PHONES[1]}", "whatsapp_user:ID.1", "whatsapp_user:ID.2"],
        ["whatsapp_user:ID.3"],
    ]
    change = IdentityChange.objects.get(change="limit")
    assert (change.value, change.settled_at) == ("ID.3", None)


def test_the_same_excess_is_said_once(settings: Any) -> None:
    settings.IDENTITY_MOST_USER_IDS = 1
    pairs = [seen(1, PHONES[1], "ID.1", 1), seen(2, PHONES[1], "ID.2", 2)]
    place([*pairs, *pairs])

    assert IdentityChange.objects.filter(change="limit").count() == 1


def test_what_staff_mark_as_shared_joins_nobody() -> None:
    SharedValue.objects.create(kind="phone", value=KIOSK)
    place([seen(1, KIOSK, "ID.1", 1), seen(2, KIOSK, "ID.2", 2)])

    assert partition() == [["whatsapp_user:ID.1"], ["whatsapp_user:ID.2"]]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("phone", "0000000"),
        ("phone", "+6200000000".replace("62", "00")),
        ("phone", "-"),
        ("whatsapp_user", "null"),
        ("whatsapp_user", ""),
        ("email", "test@shop.id"),
        ("email", "test+7@shop.id"),
        ("email", "ayu@example.com"),
        ("email", "-"),
    ],
)
def test_values_that_stand_for_nothing(kind: str, value: str) -> None:
    assert names_nobody(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("phone", "+628123456789"),
        ("whatsapp_user", "ID.1349"),
        ("email", "ayu@shop.id"),
        ("email", "testa@shop.id"),
    ],
)
def test_values_that_are_somebody(kind: str, value: str) -> None:
    assert not names_nobody(kind, value)
