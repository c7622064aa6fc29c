"""Deliveries signed by the CRM: what is kept, what is a repeat, what is forged."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from conversations.models import Customer, InboundEvent, Message
from conversations.services.drain import drain_inbox
from funnels.models import Funnel
from tests.conftest import SHARED_DATA, Api, Deliver
from tests.conversations.posts import BODIES, CRM, counts


@pytest.mark.parametrize("path", ["/webhooks/messages", "/webhook", "/webhook/"])
def test_a_signed_delivery_becomes_a_message(deliver: Deliver, keywords: None, path: str) -> None:
    answer = deliver(CRM, path=path)
    drain_inbox()

    assert answer.status_code == 202
    assert answer.json() | {"event_id": 0} == {
        "ok": True,
        "queued": True,
        "duplicate": False,
        "event_id": 0,
        "room_id": "r_1",
    }
    message = Message.objects.get()
    assert (message.external_id, message.body, message.room.external_id) == (
        "m_1",
        "halo kak",
        "r_1",
    )
    assert Funnel.objects.get().lead_basis == "keyword"


def test_the_bytes_are_kept_as_they_came(deliver: Deliver) -> None:
    body = b'{ "room_id":"r_1",  "text":"caf\xc3\xa9" }\n'

    deliver(body)

    assert bytes(InboundEvent.objects.get().body) == body


def test_a_delivery_again_is_a_duplicate_and_with_another_body_a_recorded_conflict(
    deliver: Deliver,
) -> None:
    deliver(CRM, webhook_id="msg_1")

    again = deliver(CRM, webhook_id="msg_1")
    other = deliver({**CRM, "room_id": "r_2"}, webhook_id="msg_1")

    assert [again.status_code, other.status_code] == [200, 200]
    assert again.json()["duplicate"]
    assert InboundEvent.objects.filter(error_code="conflict").count() == 1


def test_the_same_message_in_two_deliveries_is_one_message(deliver: Deliver) -> None:
    deliver(CRM, webhook_id="msg_1")
    deliver({**CRM, "extra": 1}, webhook_id="msg_2")
    drain_inbox()

    assert Message.objects.count() == 1


@pytest.mark.parametrize("number", [0, 1])
def test_every_secret_is_valid_while_they_are_rotated(deliver: Deliver, number: int) -> None:
    assert deliver(CRM, secret=settings.WEBHOOK_SECRETS[number]).status_code == 202


FORGERIES: list[dict[str, Any]] = [
    {"secret": "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA=="},
    {"webhook-signature": ""},
    {"webhook-signature": "v1,"},
    {"webhook-signature": "v1,not base64!"},
    {"webhook-signature": "v2,abcd"},
    {"webhook-signature": "v1a,abcd"},
    {"webhook-signature": " ".join(["v1,abcd"] * 10_000)},
    {"webhook-signature": "v1," + "00" * 32},
    {"webhook-timestamp": ""},
    {"webhook-timestamp": "abc"},
    {"webhook-timestamp": "nan"},
    {"timestamp": -1},
    {"timestamp": 2**63},
    {"timestamp": 99999999999999999999},
    {"timestamp": int(time.time()) - 301},
    {"timestamp": int(time.time()) + 86_400},
    {"webhook-id": ""},
    {"webhook_id": "a.b"},
    {"webhook_id": "x" * 300},
    {"Authorization": "Api-Key nothing", "webhook-signature": "v1,abcd"},
]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_altered_or_stale_delivery_leaves_nothing(
    deliver: Deliver, forgery: dict[str, Any]
) -> None:
    answer = deliver(CRM, **forgery)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature")
    assert counts() == (0, 0, 0, 0)


def test_a_body_changed_under_its_signature_is_refused(deliver: Deliver, client: Client) -> None:
    from tests.conftest import sign

    body = json.dumps(CRM).encode()
    moment = int(time.time())
    signature = sign(body, secret=settings.WEBHOOK_SECRETS[0], webhook_id="msg_1", timestamp=moment)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(moment),
        "webhook-signature": signature,
    }
    answer = client.post(
        "/webhooks/messages", data=body + b" ", content_type="application/json", headers=headers
    )

    assert answer.status_code == 401


def test_a_key_of_scope_ingest_serves_where_a_sender_cannot_sign(api: Api) -> None:
    answers = [api.post("/webhooks/messages", CRM) for _ in range(2)]

    assert [one.status_code for one in answers] == [202, 200]


SIGNED_NONSENSE = [
    body for body, status, code in BODIES if status == 400 and code != "not_an_object"
]


@pytest.mark.parametrize("body", [*SIGNED_NONSENSE, b"null", b'"x"', b"{}", b'{"data":null}'])
def test_signed_nonsense_is_acknowledged_and_becomes_a_dead_letter_with_a_reason(
    deliver: Deliver, body: bytes
) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        pytest.skip("the scheme signs text: what is no UTF-8 cannot be signed")

    answer = deliver(body)
    drain_inbox()

    event = InboundEvent.objects.filter(source="webhook").order_by("pk").first()
    assert event is not None
    assert (answer.status_code, bytes(event.body)) == (202, body)
    assert event.state == ("processed" if body == b"[]" else "failed") or event.messages.exists()
    assert event.error or event.state == "processed"


def test_a_delivery_of_many_messages_loses_only_the_bad_one(deliver: Deliver) -> None:
    messages: list[Any] = [
        {**CRM, "message": {"id": f"m{n}", "text": "halo"}, "room_id": f"r{n % 7}"}
        for n in range(300)
    ]
    messages[150] = {"nothing": True}

    deliver({"messages": messages})
    drain_inbox()

    assert Message.objects.count() == 299
    [dead] = InboundEvent.objects.filter(state="failed")
    assert dead.dedupe_key.endswith("#151")


def test_a_kind_of_delivery_that_carries_no_message_is_done_with(deliver: Deliver) -> None:
    deliver({"type": "lead.exploded", "data": {"lead": 1}})
    drain_inbox()

    assert InboundEvent.objects.get().state == "processed"
    assert Message.objects.count() == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"phone": "08123456789", "content": "halo kak"}, ("halo kak", "customer", True)),
        (
            {
                "id": "m_1",
                "room": "r_1",
                "channel": "whatsapp",
                "customer_phone": "0812345678",
                "sender_type": "customer",
                "text": "SPARKS TRIAL 5 MARET",
                "created_at": "2026-03-01 08:15:12",
            },
            ("SPARKS TRIAL 5 MARET", "customer", True),
        ),
        (
            {
                "roomId": "r",
                "sender": {"type": "agent", "phone": "0811111111"},
                "message": {"text": "hi"},
            },
            ("hi", "agent", False),
        ),
        (
            {"room": {"id": 77}, "source": "ig", "sender": "visitor", "text": "hm"},
            ("hm", "bot", False),
        ),
        (
            {
                "type": "message.created",
                "timestamp": 1745200000,
                "data": {"room_id": "r", "text": "x", "phone": "0812345678"},
            },
            ("x", "customer", True),
        ),
    ],
)
def test_crm_shapes_are_understood(
    deliver: Deliver, value: dict[str, Any], expected: tuple[str, str, bool]
) -> None:
    assert deliver(value).status_code == 202
    drain_inbox()

    message = Message.objects.get()
    assert (message.body, message.sender, message.customer is not None) == expected


def test_the_real_samples_go_in(deliver: Deliver) -> None:
    folder = SHARED_DATA / "messages"
    if not folder.exists():
        pytest.skip("the sample messages are not here")
    names = (
        "qiscus_bot_webhook_sample.json",
        "qiscus_new_session_webhook_sample.json",
        "seven_retail_twin_messages.json",
        "seed_mock_messages.json",
    )

    for name in names:
        assert deliver((folder / name).read_bytes()).status_code == 202
    drain_inbox()

    dead = InboundEvent.objects.filter(state="failed").values_list("error", flat=True)
    assert list(dead) == []
    assert Message.objects.count() == 7


def test_a_text_with_unusable_characters_is_cleaned_and_flagged(deliver: Deliver) -> None:
    deliver({**CRM, "message": {"id": "m", "text": "ha\u0007lo"}})
    drain_inbox()

    message = Message.objects.get()
    assert (message.body, "text_cleaned" in message.flags) == ("halo", True)


def test_a_time_in_the_future_is_not_believed(deliver: Deliver) -> None:
    deliver({**CRM, "timestamp": (now() + timedelta(days=3)).isoformat()})
    drain_inbox()

    message = Message.objects.get()
    assert message.sent_at == message.received_at
    assert "clock_suspect" in message.flags


def test_an_unusable_number_keeps_the_message_without_a_customer(deliver: Deliver) -> None:
    deliver({**CRM, "sender": {"type": "customer", "phone": "QWERTY"}}, webhook_id="a")
    deliver(
        {
            **CRM,
            "sender": {"type": "customer", "phone": "123"},
            "room_id": "r_2",
            "message": {"id": "m_2", "text": "x"},
        },
        webhook_id="b",
    )
    drain_inbox()

    assert Customer.objects.count() == 0
    assert set(Message.objects.values_list("flags", flat=True)) == {"phone_unusable tz_assumed"}


def test_get_and_others_are_not_for_this_door(client: Client, db: None) -> None:
    answer = client.get("/webhooks/messages")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (rb"a\u0000b", "ab"),
        (rb"a\ud800b", "ab"),
        (rb"a\u0000b \\u0000", r"ab \u0000"),
        (rb"\ud83d\ude00\ud83d", "😀"),
    ],
)
def test_a_signed_delivery_with_unusable_characters_is_read_without_them(
    deliver: Deliver, text: bytes, read: str
) -> None:
    body = b'{"message_id": "m1", "phone": "08123456789", "message": "' + text + b'"}'
    assert deliver(body).status_code == 202
    drain_inbox()
    assert Message.objects.get().body == read
    assert not InboundEvent.objects.filter(state="failed").exists()
