"""An agent's day in a real browser: find a caller, answer, take, close, by mouse and by keys."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from conversations.models import CannedAnswer, Message, Room
from tests.browser.driving import looks, shoot
from tests.customer360.desk import make_everything, refresh, waiting_room
from tests.reviews.making import make_message

pytestmark = pytest.mark.usefixtures("owing")
BASE = "/admin/customer360/customerprofile"


@pytest.fixture
def rooms(transactional_db: None) -> list[Room]:
    """Two people who wait; of the first every source has something to say."""
    first = waiting_room(1, minutes=90, name="Ana Maria")
    make_everything(first, None, number=2)
    return [first, waiting_room(2, minutes=20, name="Budi Santoso")]


def test_an_agent_finds_a_caller_by_phone_and_answers(
    staff: Page,
    live_server: Any,
    rooms: list[Room],
) -> None:
    CannedAnswer.objects.create(shortcut="hi", body="Halo {first_name}, ada yang bisa dibantu?")
    staff.goto(f"{live_server.url}{BASE}/queue/")
    staff.keyboard.press("/")
    staff.keyboard.type("0812-0000-0001")
    expect(staff.locator("#found li")).to_have_count(1)
    expect(staff.locator("#found")).to_contain_text("Ana Maria")
    shoot(staff, "desk-search")
    staff.keyboard.press("Enter")

    expect(staff.locator(".fs-title")).to_contain_text("Ana Maria")
    for words in ("Card ZYW00002: Delivered", "Bought Yoga mat", "Service case", "Review of"):
        expect(staff.locator("#timeline")).to_contain_text(words)
    looks(staff, "desk-customer")

    staff.keyboard.press("r")
    staff.keyboard.type("/hi ")
    expect(staff.locator("#id_body")).to_have_value("Halo Ana, ada yang bisa dibantu?")
    staff.keyboard.press("Control+Enter")

    expect(staff.locator(".fs-open-room .fs-agent")).to_contain_text("Halo Ana")
    expect(staff.locator(".fs-room-state")).to_contain_text("Mine")
    assert Message.objects.get(room=rooms[0], sender="agent").body.startswith("Halo Ana")

    # What the customer writes comes by itself; what is being typed stays.
    staff.fill("#id_body", "half a sen")
    make_message(rooms[0], body="makasih kak!", sent_at=now() + timedelta(seconds=1))
    refresh(rooms[0])
    expect(staff.locator(".fs-open-room")).to_contain_text("makasih kak!", timeout=10_000)
    expect(staff.locator("#timeline")).to_contain_text("makasih kak!")
    expect(staff.locator(".fs-room-state")).to_contain_text("Waits since")
    assert staff.input_value("#id_body") == "half a sen"


def test_the_queue_is_worked_by_keys_alone(
    staff: Page,
    live_server: Any,
    rooms: list[Room],
) -> None:
    Room.objects.exclude(pk__in=[room.pk for room in rooms]).update(
        status="resolved", closed_at=now()
    )
    staff.goto(f"{live_server.url}{BASE}/queue/")
    expect(staff.locator("[data-row]").first).to_contain_text("1 h 30 min")
    looks(staff, "desk-queue")
    staff.keyboard.press("?")
    expect(staff.locator(".fs-keys")).to_be_visible()
    shoot(staff, "desk-keys")
    staff.keyboard.press("Escape")
    expect(staff.locator(".fs-keys")).not_to_be_visible()

    staff.keyboard.press("j")
    staff.keyboard.press("Enter")
    expect(staff.locator(".fs-title")).to_contain_text("Ana Maria")
    staff.keyboard.press("j")
    expect(staff.locator(".fs-title")).to_contain_text("Budi Santoso")
    staff.keyboard.press("k")
    expect(staff.locator(".fs-title")).to_contain_text("Ana Maria")
    staff.keyboard.press("n")
    staff.keyboard.type("Wants a call back")
    staff.keyboard.press("Escape")
    staff.click("text=Keep the note")
    expect(staff.locator("#timeline")).to_contain_text("Wants a call back")
    staff.keyboard.press("t")
    expect(staff.locator(".fs-room-state")).to_contain_text("Mine")
    staff.keyboard.press("e")
    expect(staff.locator(".fs-room-state")).to_contain_text("Resolved")

    rooms[0].refresh_from_db()
    assert (rooms[0].status, rooms[0].assigned_to) == (
        "resolved",
        User.objects.get(username="admin"),
    )
    staff.keyboard.press("q")
    expect(staff.locator("[data-row]").first).to_contain_text("Budi Santoso")
    staff.keyboard.press("j")
    staff.keyboard.press("x")
    staff.keyboard.press("t")
    expect(staff.locator("body")).to_contain_text("1 room given to admin")
