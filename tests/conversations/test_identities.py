"""Whose message is it: numbers in every spelling, user ids without numbers, and contradictions."""

from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from django.utils.timezone import now

from conversations.models import Customer, CustomerIdentity, IdentityChange, Message, Room
from conversations.services.drain import drain_inbox
from conversations.services.inbox import Delivery, canonical, store_deliveries


def take(*bodies: dict[str, Any]) -> None:
    """Take messages in one after the other, each processed before the next comes."""
    for body in bodies:
        [_] = store_deliveries(
            source="api",
            deliveries=[Delivery(key=str(body["message_id"]), body=canonical(body))],
            received_at=now(),
        )
        drain_inbox()


def message(number: int, **fields: str) -> dict[str, Any]:
    return {
        "message_id": f"m{number}",
        "room_id": "room",
        "message": "halo",
        "sent_at": f"2025-04-01T10:0{number}:00+07:00",
        **fields,
    }


USER = {"user_id": "ID.1349"}
PHONE = {"phone_number": "08123456789"}


def test_a_sender_without_a_number_is_a_customer(db: None) -> None:
    take(message(1, **USER))

    customer = Customer.objects.get()
    assert customer.phone_number == ""
    assert customer.identities.get().value == "ID.1349"


@pytest.mark.parametrize("order", list(permutations([USER, PHONE, {**USER, **PHONE}])))
def test_user_id_and_number_become_one_customer_in_any_order(
    db: None, order: tuple[dict[str, str], ...]
) -> None:
    take(*(message(number, **keys) for number, keys in enumerate(order)))

    customer = Customer.objects.get()
    assert customer.phone_number == "+628123456789"
    assert set(customer.identities.values_list("kind", flat=True)) == {"phone", "whatsapp_user"}
    assert Message.objects.filter(customer=customer).count() == 3
    room = Room.objects.get()
    assert room.customer == customer
    assert not room.participants.exists()


def test_a_join_is_recorded_with_all_that_moved(db: None) -> None:
    take(message(1, **USER), message(2, **PHONE), message(3, **USER, **PHONE))

    change = IdentityChange.objects.get(change="joined")
    assert len(change.absorbed["moved"]["conversations.Message.customer"]) == 1
    assert change.absorbed["moved"]["conversations.CustomerIdentity.customer"]


def test_two_people_with_numbers_are_never_joined(db: None) -> None:
    take(
        message(1, **USER, **PHONE),
        message(2, phone_number="08129999999"),
        message(3, user_id="ID.1349", phone_number="08129999999"),
    )

    assert Customer.objects.count() == 2
    assert IdentityChange.objects.get().change == "conflict"
    last = Message.objects.get(external_id="m3")
    assert last.customer is not None
    assert last.customer.phone_number == "+628129999999"


def test_a_new_user_id_stands_beside_the_old_one(db: None) -> None:
    take(message(1, **USER, **PHONE), message(2, user_id="ID.2", **PHONE))

    assert Customer.objects.get().identities.count() == 3
    assert IdentityChange.objects.get().change == "replaced"


def test_national_variants_are_one_customer(db: None) -> None:
    pairs = (
        ("+5215512345678", "+525512345678"),
        ("+5491123456789", "+541123456789"),
        ("+551187654321", "+5511987654321"),
    )
    for place, (one, other) in enumerate(pairs):
        take(
            message(place * 2, phone_number=one, room_id=f"r{place}"),
            message(place * 2 + 1, phone_number=other, room_id=f"r{place}"),
        )

    assert Customer.objects.count() == 3


def test_the_name_is_the_latest_one_whatever_comes_in_last(db: None) -> None:
    with transaction.atomic():
        take(message(2, name="Ayu Lestari", **PHONE), message(1, name="Ayu", **PHONE))

    assert Customer.objects.get().name == "Ayu Lestari"


def test_what_does_not_say_whose_it_is_follows_its_room(db: None) -> None:
    unnamed = {
        "room_id": "room",
        "sender": "agent",
        "text": "hai",
        "sent_at": "2025-04-01T09:00:00",
    }
    store_deliveries(
        source="webhook",
        deliveries=[Delivery(key="w", body=canonical(unnamed))],
        received_at=now(),
    )
    drain_inbox()
    assert Message.objects.get().customer is None

    take(message(1, **PHONE))

    assert {one.customer for one in Message.objects.all()} == {Customer.objects.get()}
    assert CustomerIdentity.objects.count() == 1


# --- Sessions -------------------------------------------------------------------------------------
def loose(number: int, hours: float, **fields: str) -> dict[str, Any]:
    from datetime import UTC, datetime, timedelta

    moment = datetime(2025, 4, 1, tzinfo=UTC) + timedelta(hours=hours)
    return {
        "message_id": f"l{number}",
        "message": "x",
        "sent_at": moment.isoformat(),
        **PHONE,
        **fields,
    }


def test_messages_without_a_room_are_cut_where_the_customer_was_quiet(db: None) -> None:
    take(loose(1, 0), loose(2, 20), loose(3, 43.9), loose(4, 68))

    rooms = list(Room.objects.order_by("started_at"))
    assert [room.messages.count() for room in rooms] == [3, 1]
    assert [room.status for room in rooms] == ["resolved", "open"]


def test_a_late_message_joins_the_earlier_session_and_opens_nothing(db: None) -> None:
    take(loose(1, 0), loose(2, 40), loose(3, 20))

    rooms = list(Room.objects.order_by("started_at"))
    assert [room.messages.count() for room in rooms] == [2, 1]


def test_channels_have_sessions_of_their_own(db: None) -> None:
    take(loose(1, 0), loose(2, 1, channel="instagram"))

    assert Room.objects.filter(status="open").count() == 2


def test_one_batch_is_cut_like_one_message_at_a_time(db: None) -> None:
    bodies = [loose(4, 68), loose(2, 20), loose(3, 43.9), loose(1, 0)]
    store_deliveries(
        source="api",
        deliveries=[Delivery(key=str(body["message_id"]), body=canonical(body)) for body in bodies],
        received_at=now(),
    )
    drain_inbox()

    assert sorted(room.messages.count() for room in Room.objects.all()) == [1, 3]
