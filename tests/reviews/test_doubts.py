"""Messages of which nobody knows whether they left: found in Twilio's list, or left to a person."""

import time
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from conversations import twilio_gateway
from conversations.models import Message, Room, Sending
from conversations.services.doubts import MOST_LOOKS
from conversations.services.reconciling import reconcile_statuses
from conversations.services.sending import send_message
from tests.reviews.making import only_sending, sent
from tests.twilio_server import LocalTwilio
from tests.twilio_server.server import hang_up, slow

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_that_had_left_is_found_by_its_words_and_gets_its_id(
    twilio: LocalTwilio, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_message(room=room, text="hello")
    monkeypatch.setattr(twilio_gateway, "TIMEOUT", 0.5)
    twilio.faults.append(slow)
    message = send_message(room=room, text="hello")
    monkeypatch.undo()
    deadline = time.monotonic() + 10
    while len(twilio.messages) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    sending = Sending.objects.get(message=message)
    assert (sending.state, sending.sid) == ("unknown", "")
    assert reconcile_statuses().found == 0

    with time_machine.travel(now() + timedelta(minutes=4)):
        assert [reconcile_statuses().found, reconcile_statuses().found] == [1, 0]

    message.refresh_from_db()
    sending.refresh_from_db()
    assert message.external_id == sending.sid == list(twilio.messages)[1]
    assert (sending.state, message.status, message.error_code) == ("done", "read", "")
    assert sent(twilio) == ["hello", "hello"]


def test_one_that_is_not_there_is_left_to_a_person_who_is_told(
    twilio: LocalTwilio, room: Room
) -> None:
    twilio.faults.append(hang_up)
    send_message(room=room, text="hello")
    start, calls = now(), len(twilio.requests)

    for minutes in range(0, 300, 5):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            assert reconcile_statuses().found == 0

    assert len(twilio.requests) - calls == MOST_LOOKS
    assert (only_sending().state, only_sending().ask_at) == ("unknown", None)
    assert not twilio.messages
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    page = client.get(reverse("admin:conversations_room_change", args=[room.pk]))
    shown = page.content.decode()
    assert "Twilio&#x27;s list does not have it" in shown
    assert "Retry" in shown


def test_of_several_that_fit_none_is_taken(twilio: LocalTwilio, room: Room) -> None:
    for _ in range(2):
        send_message(room=room, text="hello")
    Sending.objects.update(state="unknown", sid="", ask_at=now())
    Message.objects.exclude(sender="customer").update(external_id="")

    assert reconcile_statuses().found == 0

    troubles = list(Sending.objects.values_list("ask_trouble", flat=True))
    assert all("several" in trouble for trouble in troubles)
