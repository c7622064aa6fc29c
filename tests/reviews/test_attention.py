"""A review with few stars puts its room before the others, once."""

from typing import Any

import pytest
from django.test import Client

from conversations.models import Line, Room
from conversations.services.attention import lower_priority
from reviews.models import Review
from tests.reviews.conftest import Post, Say
from tests.twilio_posts import OURS, message_form

ANSWERS = ("Hi", "iPhone 15", "John", "The screen broke at once")


@pytest.fixture(autouse=True)
def starring_line(db: None) -> Line:
    return Line.objects.create(
        address=OURS, name="Main", purpose="reviews", starts="always", asks_rating=True
    )


@pytest.mark.parametrize(("stars", "priority"), [("1", 3), ("⭐⭐", 3), ("3", 0), ("hm", 0)])
def test_two_stars_or_less_are_a_matter_for_somebody(say: Say, stars: str, priority: int) -> None:
    for text in ANSWERS:
        say(text)
    say(stars)
    if stars == "hm":
        say(stars)

    assert Review.objects.count() == 1
    room = Room.objects.get()
    assert (room.priority, room.status) == (priority, "open" if priority else "pending")


def test_the_same_message_again_raises_nothing_again(post: Post, say: Say) -> None:
    for text in ANSWERS:
        say(text)
    last = message_form("1")
    post(last)
    room = Room.objects.get()
    lower_priority(room=room)

    post(last)

    room.refresh_from_db()
    assert room.priority == 0
    for text in (*ANSWERS, "2"):
        say(text)
    room.refresh_from_db()
    assert room.priority == 3


def test_a_room_that_was_closed_opens_again(say: Say) -> None:
    for text in ANSWERS:
        say(text)
    Room.objects.update(status="resolved")

    say("1")

    room = Room.objects.get()
    assert (room.priority, room.status, room.closed_at) == (3, "open", None)


def test_staff_see_it_and_say_that_it_is_seen_to(say: Say, admin_client: Client) -> None:
    for text in (*ANSWERS, "1"):
        say(text)
    room = Room.objects.get()
    page: Any = admin_client.get(f"/admin/conversations/room/{room.pk}/change/")
    assert "High priority" in page.content.decode()
    found: Any = admin_client.get("/admin/conversations/room/?priority__exact=3")
    assert str(room.customer) in found.content.decode()

    admin_client.post(f"/admin/conversations/room/{room.pk}/priority/")

    room.refresh_from_db()
    assert room.priority == 0
