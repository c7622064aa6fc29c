"""Agents' answers from a room's page: who may, when, once, and what the page says of them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from conversations.models import (
    Customer,
    Message,
    MessageTemplate,
    Room,
    Sending,
)
from conversations.services.statuses import apply_report
from conversations.twilio_shapes import StatusReport
from tests.conversations.agents import page_of, staff
from tests.reviews.making import make_message

ACCOUNT = "AC" + "0" * 32


@pytest.fixture(autouse=True)
def _account(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = ACCOUNT
    settings.TWILIO_AUTH_TOKEN = "a token of tests"


def send(client: Client, room: Room, **fields: str) -> Any:
    values = {"token": "form-1", "body": "Halo kak, ada yang bisa dibantu?", **fields}
    return client.post(f"/admin/conversations/room/{room.pk}/answer/", values)


def test_an_answer_is_kept_as_on_its_way_and_owed(agent: Client, room: Room) -> None:
    answer = send(agent, room)

    message = Message.objects.get(sender="agent")
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"#message-{message.pk}")
    assert (message.body, message.status) == ("Halo kak, ada yang bisa dibantu?", "queued")
    sending = message.sendings.get()
    assert (sending.state, sending.author and sending.author.username) == ("owed", "agent")
    assert sending.to_address == room.reply_address
    page = page_of(agent, room)
    assert "Agent (agent)" in page
    assert "fs-delivery-waiting" in page
    assert "Sending" in page


def test_a_double_click_sends_one_message(agent: Client, room: Room) -> None:
    send(agent, room)
    send(agent, room)

    assert Message.objects.filter(sender="agent").count() == 1
    assert Sending.objects.count() == 1


def test_each_opened_form_is_another_answer(agent: Client, room: Room) -> None:
    tokens = [
        re.search(r'name="token" value="([0-9a-f]{32})"', page_of(agent, room)) for _ in range(2)
    ]

    assert tokens[0] is not None
    assert tokens[1] is not None
    assert tokens[0][1] != tokens[1][1]


@pytest.mark.parametrize("body", ["", "   ", "x" * 1_601])
def test_an_answer_that_cannot_be_sent_is_said_to_be_so(
    agent: Client, room: Room, body: str
) -> None:
    answer = send(agent, room, body=body)

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not Message.objects.filter(sender="agent").exists()


def test_1600_characters_fit(agent: Client, room: Room) -> None:
    assert send(agent, room, body="x" * 1_600).status_code == 302


STATES = [
    ("queued", "", "Sending", "waiting"),
    ("sent", "", "Sent", "waiting"),
    ("delivered", "", "Delivered", "done"),
    ("read", "", "Read", "read"),
    ("failed", "63024", "Failed: The number is not on WhatsApp", "bad"),
    ("undelivered", "99999", "Not delivered: 99999", "bad"),
    ("canceled", "", "Cancelled", "bad"),
]


@pytest.mark.parametrize(("status", "code", "words", "tone"), STATES)
def test_each_delivery_state_has_its_words_colour_and_icon(
    agent: Client, room: Room, status: str, code: str, words: str, tone: str
) -> None:
    send(agent, room)
    message = Message.objects.get(sender="agent")

    apply_report(
        StatusReport(
            account_sid=ACCOUNT,
            sid="SM" + "1" * 32,
            word=status,
            error_code=code,
            error_text="",
            message_id=message.pk,
        )
    )

    found = re.search(r'<p class="fs-delivery fs-delivery-(\w+)">(.*?)</p>', page_of(agent, room))
    assert found is not None
    assert found[1] == tone
    assert "material-symbols-outlined" in found[2]
    assert found[2].endswith(f"</span> {words}")


def test_an_attempt_of_unknown_outcome_is_not_called_failed(agent: Client, room: Room) -> None:
    send(agent, room)
    Sending.objects.update(state="unknown", error_code="no_answer")

    page = page_of(agent, room)

    assert "Unknown: it may have left, or not" in page
    assert ">Retry<" in page


def test_a_failure_that_a_repeat_can_mend_has_a_button_for_it(agent: Client, room: Room) -> None:
    send(agent, room)
    message = Message.objects.get(sender="agent")
    Sending.objects.update(state="refused")
    Message.objects.filter(pk=message.pk).update(status="failed", error_code="20429")
    assert ">Retry<" in page_of(agent, room)
    address = f"/admin/conversations/room/{room.pk}/retry/{message.pk}/"

    for _ in range(2):
        agent.post(address, {"token": "retry-1"})

    assert list(message.sendings.values_list("number", "state")) == [(1, "refused"), (2, "owed")]
    assert ">Retry<" not in page_of(agent, room)


def test_a_failure_for_good_has_its_reason_instead(agent: Client, room: Room) -> None:
    send(agent, room)
    message = Message.objects.get(sender="agent")
    Sending.objects.update(state="refused")
    Message.objects.filter(pk=message.pk).update(status="failed", error_code="63024")

    assert ">Retry<" not in page_of(agent, room)
    agent.post(f"/admin/conversations/room/{room.pk}/retry/{message.pk}/", {"token": "r"})
    assert message.sendings.count() == 1


def test_the_time_left_is_shown(agent: Client, room: Room) -> None:
    Room.objects.update(last_inbound_at=now() - timedelta(hours=18, minutes=48, seconds=30))

    page = page_of(agent, room)

    assert "You can write freely for another 5 h 12 min, until" in page
    assert "fs-good" in page


def test_the_last_two_hours_are_a_warning(agent: Client, room: Room) -> None:
    Room.objects.update(last_inbound_at=now() - timedelta(hours=23))

    page = page_of(agent, room)

    assert "for another 1 h, until" in page
    assert "fs-warn" in page


@pytest.fixture
def template(db: None) -> MessageTemplate:
    return MessageTemplate.objects.create(
        name="Ask again",
        content_sid="HX" + "a" * 32,
        body="Hi {{1}}, about your {{2}}: may we ask?",
    )


@pytest.fixture
def closed(room: Room) -> Room:
    """The customer wrote a day and a minute ago."""
    Room.objects.update(last_inbound_at=now() - timedelta(hours=24, minutes=1))
    return room


def test_after_24_hours_only_a_template_may_be_picked(
    agent: Client, closed: Room, template: MessageTemplate
) -> None:
    page = page_of(agent, closed)

    assert "WhatsApp takes only approved templates until they write again" in page
    assert 'name="body"' not in page
    assert "Ask again: Hi {{1}}" in page


def test_the_window_is_checked_again_when_the_answer_comes(
    agent: Client, closed: Room, template: MessageTemplate
) -> None:
    answer = send(agent, closed, body="typed while it closed")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "typed while it closed" in page
    assert 'name="template"' in page
    assert not Message.objects.filter(sender="agent").exists()


def test_a_template_is_sent_with_its_values(
    agent: Client, closed: Room, template: MessageTemplate
) -> None:
    values = {"token": "t1", "template": str(template.pk), "values": "Ana\nyoga class\n"}

    agent.post(f"/admin/conversations/room/{closed.pk}/answer/", values)

    message = Message.objects.get(sender="agent")
    assert message.body == "Hi Ana, about your yoga class: may we ask?"
    assert message.sendings.get().variables == {"1": "Ana", "2": "yoga class"}


@pytest.mark.parametrize("values", ["", "Ana", "Ana\nyoga\nmore"])
def test_a_template_with_too_few_or_too_many_values_is_refused(
    agent: Client, closed: Room, template: MessageTemplate, values: str
) -> None:
    fields = {"token": "t1", "template": str(template.pk), "values": values}

    answer = agent.post(f"/admin/conversations/room/{closed.pk}/answer/", fields)

    assert "This template takes 2 values" in answer.content.decode()
    assert not Sending.objects.exists()


def test_without_a_template_the_page_says_where_they_come_from(agent: Client, closed: Room) -> None:
    assert "There is no template yet" in page_of(agent, closed)


def test_an_opted_out_customer_cannot_be_written_to(agent: Client, room: Room) -> None:
    Customer.objects.update(opted_out_at=now())

    page = page_of(agent, room)
    send(agent, room)

    assert "The customer opted out on" in page
    assert 'name="body"' not in page
    assert not Message.objects.filter(sender="agent").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reply_address": ""}, "We have no WhatsApp address of this customer."),
        ({"customer": None, "reply_address": ""}, "We have no WhatsApp address of this customer."),
    ],
)
def test_a_room_without_an_address_says_so(
    agent: Client, room: Room, change: dict[str, Any], words: str
) -> None:
    Room.objects.update(**change)

    assert words in page_of(agent, room)


def test_a_site_without_an_account_says_so(agent: Client, room: Room, settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = ""
    settings.TWILIO_AUTH_TOKENS = []

    assert "Sending is not set up" in page_of(agent, room)


def test_who_may_see_a_room_may_not_answer_by_that(client: Client, room: Room) -> None:
    client.force_login(staff("view_room"))

    assert 'id="answer"' not in page_of(client, room)
    assert send(client, room).status_code == 403
    assert not Message.objects.filter(sender="agent").exists()


def test_who_may_answer_but_not_see_rooms_cannot(client: Client, room: Room) -> None:
    client.force_login(staff("add_message"))

    assert send(client, room).status_code == 403
    live = client.get(f"/admin/conversations/room/{room.pk}/live/")
    assert live.status_code == 403


@pytest.mark.parametrize("path", ["answer", "bot", "retry/1"])
def test_reading_an_address_of_an_action_does_nothing(agent: Client, room: Room, path: str) -> None:
    assert agent.get(f"/admin/conversations/room/{room.pk}/{path}/").status_code == 403


def test_an_answer_without_the_form_s_secret_is_refused(agent: Client, room: Room) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = agent.cookies

    assert send(strict, room).status_code == 403


def test_what_people_write_is_shown_as_text(agent: Client, room: Room) -> None:
    make_message(room, body="<script>alert(1)</script>")
    send(agent, room, body="<b>bold</b> & more")

    page = page_of(agent, room)

    assert "<script>alert(1)" not in page
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page


def test_an_answer_pauses_the_bot_and_the_bot_can_be_let_back(agent: Client, room: Room) -> None:
    send(agent, room)
    assert "People answer here until" in page_of(agent, room)

    agent.post(f"/admin/conversations/room/{room.pk}/bot/", {"resume": "1"})

    room.refresh_from_db()
    assert room.bot_paused_until is None
    agent.post(f"/admin/conversations/room/{room.pk}/bot/", {"pause": "1"})
    room.refresh_from_db()
    assert room.bot_paused_until is not None


def test_the_page_asks_for_what_is_new(agent: Client, room: Room) -> None:
    assert f'data-live-url="/admin/conversations/room/{room.pk}/live/"' in page_of(agent, room)
    make_message(room, body="a new message", sent_at=now())

    live = agent.get(f"/admin/conversations/room/{room.pk}/live/").content.decode()

    assert "a new message" in live
    assert "<html" not in live
    assert 'data-live="window"' in live


def test_a_long_room_opens_at_its_end_with_a_way_back(agent: Client, room: Room) -> None:
    for number in range(250):
        make_message(room, body=f"message {number}.", sent_at=now() + timedelta(seconds=number))

    page = page_of(agent, room)

    assert "message 249." in page
    assert "message 49." not in page
    earlier = re.search(r'href="(\?before=\d+)"', page)
    assert earlier is not None
    before = agent.get(f"/admin/conversations/room/{room.pk}/change/{earlier[1]}")
    text = before.content.decode()
    assert "message 49." in text
    assert "message 50." not in text
    assert 'data-live-url=""' in text


def test_the_queries_of_a_room_do_not_grow_with_its_messages(agent: Client, room: Room) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            page_of(agent, room)
        return len(queries)

    send(agent, room, token="first")
    few = count()
    for number in range(30):
        send(agent, room, token=f"form-{number}")

    assert count() == few
