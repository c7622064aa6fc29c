"""The queue: who waits first, nobody takes a room twice, many at once, filters that stay."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from conversations.models import Message, Room, SavedFilter
from conversations.seen import RoomSeen
from conversations.services.desk import take_room
from conversations.services.drain import drain_inbox
from customer360.selectors.queue import QueueQuery, neighbours, queue_page
from tests.conftest import Api
from tests.customer360.desk import refresh, waiting_room
from tests.reviews.making import make_message

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE = "/admin/customer360/customerprofile/queue/"


@pytest.fixture
def user() -> User:
    return User.objects.create_superuser("root", password="x")


@pytest.fixture
def staff(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def order(query: QueueQuery, user: Any) -> list[int]:
    seen: list[int] = []
    cursor = ""
    while True:
        rooms, cursor = queue_page(query, user, cursor=cursor)
        seen += [room.pk for room in rooms]
        if not cursor:
            return seen


def test_a_room_waits_since_the_first_message_that_nothing_followed(api: Api) -> None:
    start = now() - timedelta(hours=3)
    said = [("customer", 0), ("agent", 1), ("customer", 2), ("customer", 3)]
    bodies = [
        {
            "message_id": f"m{place}", "room_id": "r", "phone_number": "08123450001", "message": "halo",
            "sender": sender, "channel": "whatsapp",
            "sent_at": (start + timedelta(minutes=minute)).isoformat(),
        }
        for place, (sender, minute) in enumerate(said)
    ]  # fmt: skip
    # The answer comes last, long after what follows it.
    for body in (bodies[0], bodies[3], bodies[2], bodies[1]):
        assert api.post("/api/messages/", body).status_code < 300
        drain_inbox()
    room = Room.objects.get()
    third = Message.objects.get(external_id="m2")
    assert room.waiting_since == third.sent_at


def test_those_who_wait_longest_come_first_then_the_answered(user: User) -> None:
    short, long = waiting_room(1, minutes=5), waiting_room(2, minutes=50)
    answered = waiting_room(3, minutes=90)
    make_message(answered, sender="bot", sent_at=now())
    refresh(answered)
    resolved = waiting_room(4, status="resolved")
    assert order(QueueQuery(), user) == [long.pk, short.pk, answered.pk]
    assert order(QueueQuery(state="waiting"), user) == [long.pk, short.pk]
    assert order(QueueQuery(over="15"), user) == [long.pk]
    assert order(QueueQuery(state="resolved"), user) == [resolved.pk]
    assert neighbours(long, QueueQuery(), user) == (None, short)
    assert neighbours(short, QueueQuery(), user) == (long, None)
    assert neighbours(answered, QueueQuery(), user) == (None, long)


def test_a_long_queue_pages_without_gaps_or_repeats(user: User) -> None:
    rooms = [waiting_room(number, minutes=number) for number in range(1, 62)]
    for room in rooms[:5]:
        make_message(room, sender="agent", sent_at=now())
        refresh(room)
    seen = order(QueueQuery(), user)
    assert sorted(seen) == sorted(room.pk for room in rooms)
    assert seen[:56] == [room.pk for room in reversed(rooms[5:])]


def test_the_page_costs_the_same_for_many_rooms(staff: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            assert staff.get(QUEUE).status_code == 200
        return len(taken)

    waiting_room(1)
    queries()
    few = queries()
    for number in range(2, 60):
        waiting_room(number, minutes=number)
    assert queries() <= few


def test_many_are_taken_and_closed_at_once_but_not_a_colleagues(staff: Client, user: User) -> None:
    rooms = [waiting_room(number) for number in range(1, 4)]
    budi = User.objects.create_user("budi", is_staff=True)
    ticks = [f"{room.pk}:" for room in rooms]
    assert take_room(room=rooms[0], user=budi)
    said = staff.post(f"{QUEUE}change/", {"do": "take", "room": ticks}, follow=True)
    assert b"2 rooms given to root" in said.content
    assert b"1 left as they are" in said.content
    assert Room.objects.filter(assigned_to=user).count() == 2
    rooms[0].refresh_from_db()
    assert rooms[0].assigned_to_id == budi.pk
    assert order(QueueQuery(view="mine"), user) == [room.pk for room in rooms[1:]]
    # A hand-over of what is on the screen is on purpose.
    staff.post(
        f"{QUEUE}change/",
        {"do": "assign", "to": user.pk, "room": [f"{rooms[0].pk}:{budi.pk}"]},
    )
    assert Room.objects.filter(assigned_to=user).count() == 3
    held = [RoomSeen.of(room).text for room in Room.objects.order_by("pk")]
    asked = staff.post(f"{QUEUE}change/", {"do": "close", "room": held})
    assert b"Resolve 3 rooms?" in asked.content
    assert b"3 of them still wait" in asked.content
    assert not Room.objects.filter(status="resolved").exists()
    staff.post(f"{QUEUE}change/", {"do": "close", "room": held, "sure": "1"})
    assert Room.objects.filter(status="resolved", resolved_by=user).count() == 3


@pytest.mark.postgresql
def test_of_many_who_take_a_room_at_once_one_gets_it() -> None:
    room = waiting_room(1)
    users = [User.objects.create_user(f"agent{number}") for number in range(6)]

    def take(user: User) -> bool:
        try:
            return take_room(room=Room.objects.get(pk=room.pk), user=user)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(take, users)) == [False] * 5 + [True]


def test_filters_are_kept_by_name_and_forgotten(staff: Client, user: User) -> None:
    given = {"view": "mine", "state": "waiting", "channel": "whatsapp", "over": "60"}
    staff.post(f"{QUEUE}filter/", {**given, "name": "My late ones"})
    kept = SavedFilter.objects.get()
    assert QueueQuery.read(dict(part.split("=") for part in kept.query.split("&"))) == QueueQuery(
        **given
    )
    assert "My late ones" in staff.get(QUEUE).content.decode()
    other = SavedFilter.objects.create(owner=User.objects.create_user("x"), name="x", query="")
    for one in (kept, other):
        staff.post(f"{QUEUE}filter/", {"forget": one.pk})
    assert list(SavedFilter.objects.all()) == [other]


@pytest.mark.parametrize(
    "text", ["view=x", "after=zzz", "state=1&over=9&channel=no", "after=a:b:c"]
)
def test_a_strange_address_is_the_default_view(staff: Client, text: str) -> None:
    waiting_room(1)
    assert b"Person 1" in staff.get(f"{QUEUE}?{text}").content


def test_the_queue_is_closed_to_those_without_the_right() -> None:
    client = Client()
    client.force_login(User.objects.create_user("x", is_staff=True))
    assert client.get(QUEUE).status_code == 403
    assert client.post(f"{QUEUE}change/", {"do": "close"}).status_code == 403
