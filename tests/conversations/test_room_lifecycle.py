"""Open, pending, snoozed, resolved: by staff's hands, by the clock, and by messages in any order."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now

from conversations.models import Room
from conversations.room_states import MOVES, may_move
from conversations.seen import RoomSeen
from conversations.services.drain import drain_batch, drain_inbox
from conversations.services.inbox import Delivery, store_deliveries
from conversations.services.lifecycle import move_rooms, wake_snoozed
from tests.conftest import Api
from tests.customer360.desk import refresh, waiting_room
from tests.reviews.making import make_customer, make_message, make_room
from tests.snapshots import snapshot

pytestmark = pytest.mark.django_db
START = datetime(2025, 4, 1, 3, tzinfo=UTC)
RESOLVED = START + timedelta(days=2)


@pytest.fixture
def user() -> User:
    return User.objects.create_user("sari", is_staff=True)


def body(number: int, days: float, *, room: str = "", sender: str = "customer") -> dict[str, Any]:
    """A message of one customer, so many days after START; without a room unless one is named."""
    return {
        "message_id": f"m{number:02}",
        "phone_number": "08123450001",
        "message": "halo kak",
        "sender": sender,
        "channel": "whatsapp",
        "sent_at": (START + timedelta(days=days)).isoformat(),
        **({"room_id": room} if room else {}),
    }


def take(bodies: Sequence[dict[str, Any]], batch: int = 500) -> None:
    for place, one in enumerate(bodies):
        store_deliveries(
            source="api",
            deliveries=[
                Delivery(key=f"{one['message_id']}-{place}", body=json.dumps(one).encode())
            ],
            received_at=START + timedelta(days=100),
        )
        if place % 3 == 0:
            drain_batch(batch=batch)
    drain_inbox(batch=batch)


def resolve(room: Room, user: User, at: datetime = RESOLVED) -> None:
    """As if staff had resolved it at that moment."""
    assert move_rooms(seen=[RoomSeen.of(room)], to="resolved", user=user).done
    Room.objects.filter(pk=room.pk).update(closed_at=at, resolved_at=at, changed_at=at)


def ends(first: dict[str, Any], rest: Sequence[dict[str, Any]], user: User, batch: int) -> Any:
    """What the tables hold when the rest comes after the first was resolved; then undone."""
    with transaction.atomic():
        take([first])
        resolve(Room.objects.get(), user)
        take(rest, batch)
        rooms = Room.objects.order_by("started_at").values_list(
            "status", "waiting_since", "resolved_at", "closed_at", "snoozed_at", "last_message_at"
        )
        found = snapshot(), list(rooms)
        transaction.set_rollback(True)
    return found


def arrangements(messages: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    rng = random.Random(5)
    orders = []
    for _ in range(12):
        order = messages + rng.sample(messages, 2)
        rng.shuffle(order)
        orders.append(order)
    return orders


@pytest.mark.parametrize("room", ["", "crm-7"])
def test_what_comes_after_a_resolution_ends_the_same_in_any_order(user: User, room: str) -> None:
    first = body(0, 0, room=room)
    # Late ones, those of the seven days, with an answer among them, and those of later. A session
    # bears the name of its first delivery: the later ones have one message each.
    days = (0.5, 1.4, 3, 3.02, 5.5, 8.9, 12, 15)
    rest = [body(number, day, room=room) for number, day in enumerate(days, start=1)]
    rest.append(body(20, 5.51, room=room, sender="agent"))

    expected = ends(first, rest, user, 500)

    for place, order in enumerate(arrangements(rest)):
        assert ends(first, order, user, (1, 3, 500)[place % 3]) == expected
    assert len(expected[1]) == (1 if room else 3)


def test_what_was_sent_before_the_resolution_is_filed_and_opens_nothing(user: User) -> None:
    take([body(0, 0)])
    resolve(Room.objects.get(), user)

    # Once near its messages, once in the silence before staff resolved it, once a duplicate.
    take([body(1, 0.2), body(2, 1.9), body(0, 0)])

    room = Room.objects.get()
    assert (room.status, room.closed_at, room.messages.count()) == ("resolved", RESOLVED, 3)


@pytest.mark.parametrize(
    ("days", "rooms"),
    [(2.001, ["open"]), (8.9, ["open"]), (9.1, ["resolved", "open"]), (30, ["resolved", "open"])],
)
def test_a_message_opens_a_resolved_room_for_seven_days_then_a_new_one(
    user: User, days: float, rooms: list[str]
) -> None:
    take([body(0, 0)])
    resolve(Room.objects.get(), user)
    take([body(1, days)])

    found = list(Room.objects.order_by("started_at"))

    assert [room.status for room in found] == rooms
    assert found[-1].waiting_since is not None
    assert found[0].resolved_by == user


def test_the_number_of_days_is_a_setting(user: User, settings: Any) -> None:
    settings.ROOM_REOPEN_DAYS = 1
    take([body(0, 0)])
    resolve(Room.objects.get(), user, START + timedelta(hours=1))
    # Within 24 hours of its messages, and yet too long after its resolution.
    take([body(1, 0.9), body(2, 1.05)])

    rooms = Room.objects.order_by("started_at")
    assert [(room.status, room.messages.count()) for room in rooms] == [("open", 3)]

    resolve(rooms[0], user, START + timedelta(days=1.06))
    take([body(3, 2.07)])
    assert [room.messages.count() for room in Room.objects.order_by("started_at")] == [3, 1]


def test_a_room_that_its_system_closed_stays_closed_and_one_that_staff_resolved_takes_messages(
    api: Api, user: User
) -> None:
    take([body(0, 0, room="crm-1")])
    room = Room.objects.get()
    resolve(room, user)

    answer = api.post("/api/messages/", body(1, 3, room="crm-1"))
    drain_inbox()

    assert answer.status_code == 202
    room.refresh_from_db()
    assert room.status == "open"


def test_a_snoozed_room_wakes_by_a_later_message_or_by_the_clock(user: User) -> None:
    by_message, by_clock, sleeping = (waiting_room(number) for number in (1, 2, 3))
    for room, until in (
        (by_message, None),
        (by_clock, now() - timedelta(seconds=1)),
        (sleeping, now() + timedelta(hours=1)),
    ):
        moved = move_rooms(seen=[RoomSeen.of(room)], to="snoozed", user=user, until=until)
        assert moved.done == [room.pk]
    make_message(by_message, sent_at=now() - timedelta(minutes=3), body="late")
    refresh(by_message)
    assert by_message.status == "snoozed"

    make_message(by_message, sent_at=now() + timedelta(seconds=1))
    refresh(by_message)
    assert wake_snoozed() == 1

    states = {room.pk: room.status for room in Room.objects.all()}
    assert states == {by_message.pk: "open", by_clock.pk: "open", sleeping.pk: "snoozed"}
    assert wake_snoozed() == 0


def test_only_the_moves_of_the_table_are_made(user: User) -> None:
    for number, before in enumerate(MOVES, start=1):
        for place, after in enumerate(MOVES):
            room = waiting_room(number * 10 + place)
            Room.objects.filter(pk=room.pk).update(status=before)
            room.refresh_from_db()
            moved = move_rooms(seen=[RoomSeen.of(room)], to=after, user=user)
            assert (moved.done == [room.pk]) == may_move(before, after), (before, after)
            assert (moved.refused == [room.pk]) != may_move(before, after)
            room.refresh_from_db()
            assert room.status == (after if may_move(before, after) else before)
            assert room.version == (1 if may_move(before, after) else 0)


def test_what_has_changed_since_it_was_seen_stays_as_it_is(user: User) -> None:
    room = waiting_room(1)
    seen = RoomSeen.of(room)
    Room.objects.filter(pk=room.pk).update(last_message_at=now())
    assert move_rooms(seen=[seen], to="resolved", user=user).stale == [room.pk]
    room.refresh_from_db()
    Room.objects.filter(pk=room.pk).update(version=1)
    assert move_rooms(seen=[RoomSeen.of(room)], to="resolved", user=user).stale == [room.pk]
    assert Room.objects.get().status == "open"


def test_of_a_customers_two_sessions_one_alone_is_live(user: User) -> None:
    room = waiting_room(1)
    resolve(room, user, now())
    newer = make_room(make_customer(1), external_id="newer")
    room.refresh_from_db()
    assert move_rooms(seen=[RoomSeen.of(room)], to="open", user=user).refused == [room.pk]
    assert Room.objects.get(pk=room.pk).status == "resolved"
    resolve(newer, user, now())
    assert move_rooms(seen=[RoomSeen.of(room)], to="open", user=user).done == [room.pk]


@pytest.mark.parametrize("bot_first", [True, False])
def test_a_dialogue_with_the_bot_is_pending_until_something_else_is_said(bot_first: bool) -> None:
    room = make_room(make_customer(1), last_inbound_at=START)
    room.messages.all().delete()

    def talk_with_the_bot() -> None:
        make_message(room, sent_at=START, is_for_bot=True)
        make_message(room, sender="bot", sent_at=START + timedelta(seconds=1))
        refresh(room)

    other = START + timedelta(minutes=1)
    if bot_first:
        talk_with_the_bot()
        assert room.status == "pending"
    Room.objects.update(first_customer_message_at=other)
    make_message(room, sent_at=other)
    refresh(room)
    assert room.status == "open"
    if not bot_first:
        talk_with_the_bot()
    assert (room.status, room.waiting_since) == ("open", other)


def test_rooms_from_before_the_states_are_resolved_and_can_go_back(user: User) -> None:
    change = import_module("conversations.migrations.0012_closed_rooms_are_resolved")
    by_staff, by_silence, urgent = (waiting_room(number) for number in (1, 2, 3))
    at = now()
    Room.objects.filter(pk=by_staff.pk).update(status="closed", closed_at=at, resolved_by=user)
    Room.objects.filter(pk=by_silence.pk).update(status="closed", closed_at=at)
    Room.objects.filter(pk=urgent.pk).update(priority=1)

    for _again in range(2):
        change.resolve_closed(apps, None)

    rooms = Room.objects.in_bulk()
    assert [rooms[one.pk].status for one in (by_staff, by_silence, urgent)] == [
        "resolved",
        "resolved",
        "open",
    ]
    assert rooms[by_staff.pk].is_resolved_by_staff
    assert not rooms[by_silence.pk].is_resolved_by_staff
    assert rooms[urgent.pk].priority == Room.Priority.HIGH
    Room.objects.filter(pk=urgent.pk).update(status="snoozed")

    change.close_resolved(apps, None)

    values = Room.objects.order_by("pk").values_list("status", "priority", "resolved_by")
    assert list(values) == [("closed", 0, user.pk), ("closed", 0, None), ("open", 1, None)]
