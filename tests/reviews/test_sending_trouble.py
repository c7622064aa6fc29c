"""Sending where something goes wrong: what is repeated, what never is, and what staff may do."""

from typing import Any

import pytest
from django.utils.timezone import now

from conversations import twilio_gateway
from conversations.models import Customer, Message, Room, Sending
from conversations.selectors import may_retry
from conversations.services import posting
from conversations.services.consent import note_consent
from conversations.services.sending import (
    SendingRefusedError,
    retry_sending,
    send_message,
)
from tests.reviews.conftest import Post
from tests.reviews.making import only_sending, sent
from tests.twilio_posts import (
    ACCOUNT,
    CUSTOMER,
    OURS,
    new_sid,
    status_form,
)
from tests.twilio_server import LocalTwilio
from tests.twilio_server.server import broken, busy, hang_up, not_json, slow

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_changes_between_writing_and_sending_holds_it_back(
    twilio: LocalTwilio, room: Room
) -> None:
    twilio.faults.append(busy)
    send_message(room=room, text="hello")
    note_consent(customer=Customer.objects.get(), change="out")

    Sending.objects.update(due_at=now())
    posting.send_owed()

    sending = only_sending()
    assert (sending.state, sending.message.status) == ("refused", "failed")
    assert sending.message.error_code == "opted_out"
    assert sent(twilio) == []


def test_a_busy_twilio_is_asked_again_later_and_not_at_once(
    twilio: LocalTwilio, room: Room
) -> None:
    twilio.faults += [busy, busy]
    send_message(room=room, text="hello")
    assert (only_sending().state, len(twilio.requests)) == ("owed", 1)
    assert only_sending().due_at > now()
    assert posting.send_owed() == 0

    for _ in range(2):
        Sending.objects.update(due_at=now())
        posting.send_owed()

    assert sent(twilio) == ["hello"]
    assert only_sending().tries == 2


def test_a_twilio_that_cannot_be_reached_is_given_up_after_some_tries(
    settings: Any, room: Room
) -> None:
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:9"
    send_message(room=room, text="hello")
    for _ in range(10):
        Sending.objects.filter(state="owed").update(due_at=now())
        posting.send_owed()

    sending = only_sending()
    assert (sending.state, sending.message.status, sending.tries) == ("refused", "failed", 5)


@pytest.mark.parametrize("fault", [broken, hang_up, not_json, slow])
def test_what_may_have_left_is_never_repeated_by_a_machine(
    twilio: LocalTwilio, room: Room, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    monkeypatch.setattr(twilio_gateway, "TIMEOUT", 0.5)
    twilio.faults.append(fault)
    message = send_message(room=room, text="hello")
    posting.send_owed()
    posting.send_owed()

    assert (only_sending().state, len(twilio.requests)) == ("unknown", 1)
    message.refresh_from_db()
    assert message.status == "queued"
    assert message.error_code
    assert may_retry(message)


def test_a_status_callback_tells_what_became_of_an_unknown_one(
    twilio: LocalTwilio, room: Room, post: Post
) -> None:
    twilio.faults.append(hang_up)
    message = send_message(room=room, text="hello")
    sid = new_sid()

    post(
        status_form(sid, "delivered"),
        path="/webhooks/twilio/status",
        query=f"m={message.pk}&n=1",
    )

    message.refresh_from_db()
    assert (message.external_id, message.status) == (sid, "delivered")
    assert not may_retry(message)


@pytest.mark.parametrize(("address", "code"), [("whatsapp:+1", "21211"), (CUSTOMER, "63007")])
def test_a_refusal_is_shown_and_not_repeated(
    twilio: LocalTwilio, room: Room, address: str, code: str
) -> None:
    twilio.senders = {OURS} if code == "21211" else {"whatsapp:+15005550006"}
    Room.objects.update(reply_address=address)
    room.refresh_from_db()

    message = send_message(room=room, text="hello")
    posting.send_owed()

    message.refresh_from_db()
    assert (message.status, message.error_code, len(twilio.requests)) == ("failed", code, 1)


def test_wrong_credentials_are_a_refusal(twilio: LocalTwilio, room: Room) -> None:
    twilio.accounts[ACCOUNT] = "another"

    message = send_message(room=room, text="hello")

    message.refresh_from_db()
    assert message.error_code == "20003"


def test_a_retry_is_a_new_attempt_in_the_same_bubble(
    twilio: LocalTwilio, room: Room, post: Post
) -> None:
    message = send_message(room=room, text="hello")
    first_sid = Message.objects.get(pk=message.pk).external_id
    failed = status_form(first_sid, "undelivered", ErrorCode="63012")
    post(failed, path="/webhooks/twilio/status", query=f"m={message.pk}&n=1")
    message.refresh_from_db()
    assert may_retry(message)

    retry_sending(message=message, token="again")
    retry_sending(message=message, token="again")
    post(
        status_form(first_sid, "read"), path="/webhooks/twilio/status", query=f"m={message.pk}&n=1"
    )

    message.refresh_from_db()
    assert sent(twilio) == ["hello", "hello"]
    assert message.external_id not in ("", first_sid)
    assert (message.status, message.error_code) == ("queued", "")
    attempts = message.sendings.order_by("number").values_list("number", "error_code", "sid")
    assert list(attempts) == [(1, "63012", first_sid), (2, "", message.external_id)]


@pytest.mark.parametrize("code", ["63024", "63016", "21610"])
def test_what_a_repeat_cannot_mend_is_not_repeated(
    twilio: LocalTwilio, room: Room, post: Post, code: str
) -> None:
    message = send_message(room=room, text="hello")
    sid = Message.objects.get(pk=message.pk).external_id
    post(status_form(sid, "failed", ErrorCode=code), path="/webhooks/twilio/status")

    with pytest.raises(SendingRefusedError) as refusal:
        retry_sending(message=message)

    assert refusal.value.code == "not_retryable"
