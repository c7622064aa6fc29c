"""What Twilio's doors do with forms that are not as they should be."""

from typing import Any

import pytest
from django.test import Client

from conversations.models import (
    Customer,
    InboundEvent,
    Message,
    Room,
)
from conversations.services.drain import drain_inbox
from conversations.services.inbox import replay_events
from reviews.models import ReviewSession
from tests.reviews.conftest import INBOUND, STATUS, Post, Say
from tests.twilio_posts import message_form, new_sid, replies_in, status_form


@pytest.mark.parametrize("path", [INBOUND, STATUS])
def test_only_posts_of_forms(client: Client, db: None, path: str) -> None:
    got = client.get(path)
    json = client.post(path, data="{}", content_type="application/json")
    multipart = client.post(path, data={"From": "x"})
    latin = client.post(
        path, data=b"A=1", content_type="application/x-www-form-urlencoded; charset=iso-8859-1"
    )

    assert (got.status_code, got["Allow"]) == (405, "POST")
    assert [one.status_code for one in (json, multipart, latin)] == [415, 415, 415]
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize(("size", "status"), [(64 * 2**10, 403), (64 * 2**10 + 1, 413)])
def test_the_size_limit_on_both_sides(client: Client, db: None, size: int, status: int) -> None:
    response = client.post(
        INBOUND, data=b"A=" + b"x" * (size - 2), content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code == status


def test_too_many_fields_are_refused(client: Client, db: None) -> None:
    body = "&".join(f"a{number}=" for number in range(2_100)).encode()

    response = client.post(INBOUND, data=body, content_type="application/x-www-form-urlencoded")

    assert response.status_code in (400, 413)


def test_json_at_the_shared_address_is_the_crms(deliver: Any) -> None:
    response = deliver({"text": "halo", "phone": "+628123456789", "room_id": "R1"}, path="/webhook")

    assert response.status_code == 202


UNUSABLE: dict[str, dict[str, Any]] = {
    "no From": {"From": None},
    "empty From": {"From": " "},
    "From without a number": {"From": "whatsapp:"},
    "From with letters": {"From": "whatsapp:+abc"},
    "a number of thirty digits": {"From": "whatsapp:+" + "1" * 30},
    "two Froms": {"From": ["whatsapp:+628123456789", "whatsapp:+628123456780"]},
    "no To": {"To": None},
    "no MessageSid": {"MessageSid": None},
    "short MessageSid": {"MessageSid": "SM1"},
    "MessageSid in lower case": {"MessageSid": "sm" + "0" * 32},
    "MessageSid with a line break": {"MessageSid": "SM" + "0" * 32 + "\r\n"},
    "MessageSid with a NUL": {"MessageSid": "SM\x00" + "0" * 32},
    "two Bodies": {"Body": ["a", "b"]},
    "the same Body twice": {"Body": ["a", "a"]},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_signed_form_that_cannot_be_used_is_a_dead_letter_and_no_more(
    post: Post, name: str
) -> None:
    response = post(message_form(**UNUSABLE[name]))

    assert response.status_code == 200
    assert replies_in(response.content) == []
    assert InboundEvent.objects.get().state == "failed"
    assert not any(model.objects.exists() for model in (Customer, Room, Message, ReviewSession))


BODIES = {
    "NULs": "\x00\x00\x00",
    "emoji": "👍🏽👨‍👩‍👧‍👦",
    "right to left": "\u202eمرحبا בעולם\u202c",
    "long": "x" * 1_700,
    "very long": "ab " * 4_000,
    "not UTF-8": "caf\udce9",
    "TwiML": "</Message><Redirect>http://evil.example</Redirect>",
    "terminal": "\x1b[31mERROR\nroot: \x07",
    "noncharacters": "\ufffe\uffff\U0001fffe",
    "braces": "{product} {0} {name.__class__} %s $name",
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("turn", range(4))
def test_any_text_at_any_step_gets_a_kind_answer(post: Post, turn: int, name: str) -> None:
    for text in ("Hi", "iPhone 15", "John")[:turn]:
        post(message_form(text))
    text = BODIES[name].encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    response = post(message_form(text))

    [reply] = replies_in(response.content)
    assert 0 < len(reply) <= 1_600
    assert response.content.count(b"<Message") == 1


@pytest.mark.parametrize("number", ["x", "-1", "999999", "", None, "1.5", "٣"])
def test_a_count_of_attachments_that_is_none_is_no_obstacle(post: Post, number: Any) -> None:
    response = post(message_form("Hi", NumMedia=number))

    assert len(replies_in(response.content)) == 1
    assert Message.objects.get(sender="customer").media == []


def test_a_sender_without_a_number_is_a_customer_with_a_user_id(say: Say) -> None:
    address = "whatsapp:US.13491208655302741918"

    assert say("Hi", From=address, WaId=None)
    say("and now with my number", ExternalUserId=address)

    customer = Customer.objects.get()
    assert customer.phone_number == "+628123456789"
    assert ReviewSession.objects.filter(ended_at=None).count() == 1


def test_answers_go_to_the_address_as_it_came(say: Say) -> None:
    say("Hi", From="whatsapp:+5215512345678")

    assert Customer.objects.get().phone_number == "+525512345678"
    assert Room.objects.get().reply_address == "whatsapp:+5215512345678"


def test_a_number_that_no_country_has_is_kept(say: Say) -> None:
    assert say("Hi", From="whatsapp:+15550101")

    assert Customer.objects.get().phone_number == "+15550101"


def test_a_dead_letter_can_be_replayed_without_a_second_effect(post: Post) -> None:
    post(message_form(From=None))
    post(message_form("Hi"))

    replay_events(InboundEvent.objects.all())
    drain_inbox()

    assert InboundEvent.objects.filter(state="failed").count() == 1
    assert Message.objects.count() == 2


def test_replaying_processed_deliveries_gives_the_same_dialogue(post: Post) -> None:
    """As when archives are fed back: same messages, same replies, nothing sent."""
    for text in ("Hi", "iPhone 15"):
        post(message_form(text))
    told = list(Message.objects.in_order().values_list("sender", "body"))
    ReviewSession.objects.all().delete()
    Message.objects.all().delete()
    InboundEvent.objects.update(state="pending")
    from reviews.models import BotAnswer

    BotAnswer.objects.all().delete()

    drain_inbox()

    assert list(Message.objects.in_order().values_list("sender", "body")) == told


def test_a_blocked_customer_is_kept_and_not_answered(say: Say) -> None:
    say("Hi")
    Customer.objects.update(blocked_at="2026-01-01T00:00Z")

    assert say("iPhone 15") == ""
    assert Message.objects.filter(sender="customer").count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"MessageStatus": None, "SmsStatus": None},
        {"MessageSid": None},
        {"MessageSid": "SM1"},
        {"MessageStatus": "exploded"},
        {"MessageStatus": "\x00\n"},
        {"MessageSid": "SM\x00"},
        {"ErrorCode": "\x00"},
        {"MessageSid": ["SM" + "0" * 32, "SM" + "1" * 32]},
        {"ErrorCode": "9" * 40, "ErrorMessage": "x" * 5_000},
        {"RawDlrDoneDate": "nonsense", "Price": "x", "PriceUnit": None},
        {"From": None, "To": None},
    ],
)
def test_a_status_that_cannot_be_used_is_accepted_and_changes_nothing(
    post: Post, fields: dict[str, Any]
) -> None:
    response = post(status_form(new_sid(), "delivered", **fields), path=STATUS)

    assert (response.status_code, response.content) == (204, b"")
    assert not Message.objects.exists()
