"""Sending against a local Twilio that judges by the published description and calls back."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from conversations.models import Customer, Line, Message, MessageTemplate, Room, Sending
from conversations.selectors import service_window
from conversations.services import posting
from conversations.services.consent import note_consent
from conversations.services.sending import (
    SendingRefusedError,
    send_message,
    send_template,
)
from tests.reviews.conftest import BASE, Say
from tests.reviews.making import only_sending, sent
from tests.twilio_posts import (
    ACCOUNT,
    CUSTOMER,
    OURS,
    TOKEN,
    encode,
    signature,
)
from tests.twilio_server import Callbacks, LocalTwilio
from tests.twilio_server.contract import is_available, problem_of_request
from tests.twilio_server.server import busy

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_published_description_is_what_the_server_judges_by() -> None:
    if not is_available():
        pytest.skip("Twilio's OpenAPI description is not here")

    good = {"To": [CUSTOMER], "From": [OURS], "Body": ["hi"], "StatusCallback": [BASE]}
    wrong = [
        {"Text": ["hi"]},
        {"ContentSid": ["HX1"]},
        {"Body": ["a", "b"]},
        {"StatusCallback": ["/x"]},
    ]

    assert problem_of_request(good) == ""
    assert all(problem_of_request({**good, **one}) for one in wrong)


def test_an_answer_leaves_once_and_is_part_of_the_room(twilio: LocalTwilio, room: Room) -> None:
    author = get_user_model().objects.create(username="ana")

    message = send_message(room=room, text=" We have it in blue. ", author=author)

    [made] = twilio.messages.values()
    form = made["form"]
    assert (form["From"], form["To"], form["Body"]) == (OURS, CUSTOMER, "We have it in blue.")
    assert form["StatusCallback"] == f"{BASE}/webhooks/twilio/status?m={message.pk}&n=1"
    message.refresh_from_db()
    assert (message.external_id, message.status) == (made["sid"], "queued")
    assert (message.sender, message.room) == ("agent", room)
    sending = only_sending()
    assert (sending.state, sending.author, sending.sid) == ("done", author, made["sid"])
    room.refresh_from_db()
    assert room.bot_paused_until is not None


@pytest.mark.parametrize("seed", range(5))
def test_callbacks_shuffled_doubled_and_lost_end_at_the_same_status(
    settings: Any, room: Room, client: Client, seed: int
) -> None:
    with LocalTwilio({ACCOUNT: TOKEN}, callbacks=Callbacks.WILD, seed=seed) as server:
        settings.TWILIO_API_BASE_URL = server.base_url
        calls: list[tuple[str, dict[str, str]]] = []
        # The callbacks are kept, and delivered when all have come.
        server.carry = lambda address, form, _: calls.append((address, form))
        message = send_message(room=room, text="hello")
        server.settle()
    for address, form in calls:
        _deliver(client, address, form)

    message.refresh_from_db()
    assert message.status == "read"


def _deliver(client: Client, address: str, form: dict[str, str]) -> None:
    response = client.post(
        address.removeprefix(BASE),
        data=encode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature(address, list(form.items()))},
    )
    assert response.status_code == 204


def test_the_same_form_sends_once(twilio: LocalTwilio, room: Room) -> None:
    first = send_message(room=room, text="hello", token="form-1")
    second = send_message(room=room, text="hello", token="form-1")
    third = send_message(room=room, text="hello", token="form-2")

    assert first == second != third
    assert sent(twilio) == ["hello", "hello"]


def test_two_answers_leave_in_the_order_in_which_they_were_written(
    twilio: LocalTwilio, room: Room
) -> None:
    twilio.faults.append(busy)
    send_message(room=room, text="first")
    send_message(room=room, text="second")
    assert sent(twilio) == []

    Sending.objects.update(due_at=now())
    posting.send_owed()

    assert sent(twilio) == ["first", "second"]


def test_who_has_opted_out_of_another_channel_is_written_to(
    twilio: LocalTwilio, room: Room
) -> None:
    note_consent(customer=Customer.objects.get(), change="out", channel="sms")

    send_message(room=room, text="hello")

    assert sent(twilio) == ["hello"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("empty", "empty"),
        ("too_long", "too_long"),
        ("opted_out", "opted_out"),
        ("blocked", "blocked"),
        ("late", "window_closed"),
        ("no_address", "no_address"),
        ("not_set_up", "not_set_up"),
    ],
)
def test_what_may_not_be_sent_is_refused_at_once(
    twilio: LocalTwilio, room: Room, settings: Any, change: str, code: str
) -> None:
    customer = Customer.objects.get()
    text = {"empty": " \n", "too_long": "x" * 1_601}.get(change, "hello")
    if change == "opted_out":
        note_consent(customer=customer, change="out", channel="whatsapp")
    if change == "blocked":
        Customer.objects.update(blocked_at=now())
    if change == "late":
        Room.objects.update(last_inbound_at=now() - timedelta(hours=24))
    if change == "no_address":
        Room.objects.update(reply_address="")
    if change == "not_set_up":
        settings.TWILIO_AUTH_TOKEN = ""
    room.refresh_from_db()

    with pytest.raises(SendingRefusedError) as refusal:
        send_message(room=room, text=text)

    assert refusal.value.code == code
    assert refusal.value.words
    assert not twilio.requests
    assert not Message.objects.filter(sender="agent").exists()


def test_a_template_goes_out_after_the_window_and_fills_its_places(
    twilio: LocalTwilio, room: Room
) -> None:
    line = Line.objects.create(address=OURS, name="Main", starts="always")
    template = MessageTemplate.objects.create(
        name="ask", content_sid="HX" + "a" * 32, body="Hi {{1}}, how do you like your {{2}}?"
    )
    Room.objects.update(last_inbound_at=now() - timedelta(days=3))
    customer = Customer.objects.get()

    message = send_template(
        customer=customer, line=line, template=template, variables={"1": "Ana", "2": "phone"}
    )
    with pytest.raises(SendingRefusedError) as refusal:
        send_template(customer=customer, line=line, template=template, variables={"1": "Ana"})

    [made] = twilio.messages.values()
    assert made["form"]["ContentSid"] == template.content_sid
    assert made["form"]["ContentVariables"] == '{"1":"Ana","2":"phone"}'
    assert "Body" not in made["form"]
    assert message.body == "Hi Ana, how do you like your phone?"
    assert refusal.value.code == "template_variables"


def test_a_template_opens_a_room_for_who_has_never_written(twilio: LocalTwilio) -> None:
    line = Line.objects.create(address=OURS, name="Main")
    template = MessageTemplate.objects.create(
        name="ask", content_sid="HX" + "a" * 32, body="Hi there"
    )
    customer = Customer.objects.create(
        phone_number="+628111111111", first_seen_at=now(), last_seen_at=now()
    )

    message = send_template(customer=customer, line=line, template=template, variables={})

    [made] = twilio.messages.values()
    assert made["form"]["To"] == "whatsapp:+628111111111"
    assert message.room.customer == customer


def test_the_window_is_that_of_the_last_inbound_message(twilio: LocalTwilio, say: Say) -> None:
    with time_machine.travel(now()) as clock:
        say("Hi")
        room = Room.objects.get()
        assert service_window(room).is_open
        clock.shift(timedelta(hours=23, minutes=59))
        send_message(room=room, text="still here")
        assert service_window(room).time_left == pytest.approx(
            timedelta(minutes=1), abs=timedelta(seconds=5)
        )
        clock.shift(timedelta(minutes=1))
        assert not service_window(room).is_open


def test_many_workers_send_each_message_once(
    twilio: LocalTwilio, room: Room, settings: Any
) -> None:
    settings.CELERY_BROKER_URL = "memory://nobody-listens"
    texts = [f"message {number}" for number in range(12)]
    for text in texts:
        send_message(room=room, text=text)

    def work() -> None:
        try:
            for _ in range(30):
                posting.send_owed()
        finally:
            connection.close()

    if connection.vendor == "sqlite":
        work()
    else:
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sent(twilio) == texts


def test_a_worker_that_was_lost_leaves_an_unknown_and_no_second_message(
    twilio: LocalTwilio, room: Room
) -> None:
    twilio.faults.append(busy)
    send_message(room=room, text="hello")
    Sending.objects.update(state="claimed", claimed_at=now() - timedelta(minutes=5))

    posting.send_owed()

    assert (only_sending().state, sent(twilio)) == ("unknown", [])


def test_sending_does_not_exceed_its_pace(twilio: LocalTwilio, room: Room, settings: Any) -> None:
    settings.TWILIO_MESSAGES_PER_SECOND = 2
    began = time.monotonic()
    for number in range(5):
        send_message(room=room, text=f"message {number}")

    assert time.monotonic() - began >= 1.0
    assert len(sent(twilio)) == 5


def test_a_number_in_a_messaging_service_is_sent_for_by_it(twilio: LocalTwilio, room: Room) -> None:
    Line.objects.create(
        address=OURS, name="Main", starts="always", messaging_service_sid="MG" + "b" * 32
    )

    message = send_message(room=room, text="hello")

    message.refresh_from_db()
    assert next(iter(twilio.messages.values()))["form"]["MessagingServiceSid"] == "MG" + "b" * 32
    assert message.status == "queued"
