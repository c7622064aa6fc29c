"""The ways in: what is kept, what is answered, and what is refused by name."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from conversations.models import Customer, InboundEvent, Message, Room
from conversations.services.drain import drain_inbox
from funnel_site.access.models import ApiKey
from funnel_site.access.services import create_api_key
from funnels.models import Funnel
from tests.conftest import SHARED_DATA, Api, Deliver

ROOM = {
    "room_id": "f3fcadbe-23a6-4013-8b63-123456789abc",
    "start_time": "2025-04-20T10:00:00",
    "channel": "whatsapp",
    "phone_number": "08123456789",
}
MESSAGE = {
    "phone_number": "08123456789",
    "room_id": "f3fcadbe-23a6-4013-8b63-123456789abc",
    "message": "Hi, I want a trial session!",
    "channel": "whatsapp",
    "sender": "customer",
    "booking_date": "2025-04-21T10:00:00",
    "transaction_date": "2025-04-22T12:00:00",
    "transaction_value": 150000,
}


def counts() -> tuple[int, int, int, int]:
    return (
        InboundEvent.objects.count(),
        Message.objects.count(),
        Room.objects.count(),
        Customer.objects.count(),
    )


# --- Rooms ----------------------------------------------------------------------------------------
def test_the_academy_room_body_makes_a_room(api: Api) -> None:
    answer = api.post("/api/rooms/", ROOM)

    assert answer.status_code == 201
    assert answer.json()["room_id"] == ROOM["room_id"]
    assert answer.json()["start_time"] == "2025-04-20T10:00:00+07:00"
    room = Room.objects.get()
    assert room.customer is not None
    assert room.customer.phone_number == "+628123456789"


def test_the_same_room_again_changes_nothing(api: Api) -> None:
    api.post("/api/rooms/", ROOM)
    before = Room.objects.values().get()

    answer = api.post("/api/rooms", {**ROOM, "room_id": str(ROOM["room_id"]).upper()})

    assert answer.status_code == 200
    assert Room.objects.values().get() == before


@pytest.mark.parametrize("change", [{"phone_number": "08123456780"}, {"channel": "instagram"}])
def test_a_room_stated_otherwise_is_a_conflict(api: Api, change: dict[str, str]) -> None:
    api.post("/api/rooms/", ROOM)

    answer = api.post("/api/rooms/", {**ROOM, **change})

    assert (answer.status_code, answer.json()["code"]) == (409, "room_conflict")
    assert Room.objects.get().channel == "whatsapp"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"room_id": None}, "room_id"),
        ({"room_id": ""}, "room_id"),
        ({"room_id": 5}, "room_id"),
        ({"room_id": "x" * 129}, "room_id"),
        ({"room_id": "a\tb"}, "room_id"),
        ({"room_id": "00000000-0000-0000-0000-000000000000"}, "room_id"),
        ({"room_id": "{f3fcadbe-23a6-4013-8b63-123456789abc}"}, "room_id"),
        ({"room_id": "urn:uuid:f3fcadbe-23a6-4013-8b63-123456789abc"}, "room_id"),
        ({"room_id": "f3fcadbe-23a6-4013-8b63-123456789ab"}, "room_id"),
        ({"start_time": ""}, "start_time"),
        ({"start_time": None}, "start_time"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": "1969-01-01T00:00:00"}, "start_time"),
        ({"start_time": "2025-04-20T10:00:00+99:00"}, "start_time"),
        ({"start_time": (now() + timedelta(days=3650)).isoformat()}, "start_time"),
        ({"end_time": "2025-04-19T10:00:00"}, "end_time"),
        ({"channel": "smoke"}, "channel"),
        ({"channel": ["whatsapp"]}, "channel"),
        ({"phone_number": "1234567"}, "phone_number"),
        ({"phone_number": "+" + "1" * 16}, "phone_number"),
    ],
)
def test_a_wrong_room_field_is_named_and_changes_nothing(
    api: Api, change: dict[str, Any], field: str
) -> None:
    answer = api.post("/api/rooms/", {**ROOM, **change})

    assert (answer.status_code, answer.json().get("field")) == (400, field)
    assert counts() == (0, 0, 0, 0)


# --- Messages -------------------------------------------------------------------------------------
def test_the_academy_message_body_becomes_a_whole_funnel(api: Api, keywords: None) -> None:
    api.post("/api/rooms/", ROOM)

    answer = api.post("/api/messages/", MESSAGE)
    drain_inbox()

    assert (answer.status_code, answer.json()["duplicate"]) == (202, False)
    funnel = Funnel.objects.get()
    assert funnel.booking_date is not None
    assert funnel.booking_date.isoformat() == "2025-04-21T03:00:00+00:00"
    assert (funnel.stage, int(funnel.transaction_value or 0), funnel.currency) == (
        "transaction",
        150000,
        "IDR",
    )
    outcome = api.get(f"/api/events/{answer.json()['event_id']}").json()
    assert outcome["state"] == "processed"
    assert outcome["messages"][0]["room_id"] == ROOM["room_id"]


def test_the_same_message_again_is_a_duplicate_for_ever(api: Api) -> None:
    body = {**MESSAGE, "message_id": "m1", "sent_at": "2025-04-20T10:00:00+07:00"}
    first = api.post("/api/messages/", body)
    drain_inbox()
    InboundEvent.objects.update(received_at=now() - timedelta(days=400))

    again = api.post("/api/messages", dict(reversed(list(body.items()))))
    drain_inbox()

    assert (again.status_code, again.json()) == (
        200,
        {"event_id": first.json()["event_id"], "duplicate": True},
    )
    assert Message.objects.count() == 1


def test_the_same_id_with_another_text_is_a_conflict_that_staff_see(api: Api) -> None:
    api.post("/api/messages/", {**MESSAGE, "message_id": "m1"})

    answers = [
        api.post("/api/messages/", {**MESSAGE, "message_id": "m1", "message": "other"})
        for _ in range(2)
    ]
    drain_inbox()

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "conflict")] * 2
    assert Message.objects.get().body == MESSAGE["message"]
    assert InboundEvent.objects.get(state="failed").error_code == "conflict"


def test_an_idempotency_key_makes_a_repeat_a_duplicate(api: Api) -> None:
    keyed = {"Idempotency-Key": "k1"}
    answers = [api.post("/api/messages/", MESSAGE, **keyed) for _ in range(3)]
    drain_inbox()

    assert [one.status_code for one in answers] == [202, 200, 200]
    assert Message.objects.count() == 1


def test_without_id_and_time_every_request_is_a_new_message(api: Api) -> None:
    for _ in range(2):
        api.post("/api/messages/", {"phone_number": "08123456789", "message": "ok"})
    drain_inbox()

    assert Message.objects.count() == 2
    assert Room.objects.count() == 1


def test_without_id_but_with_a_time_the_content_is_the_key(api: Api) -> None:
    body = {"phone_number": "08123456789", "message": "ok", "sent_at": "2025-04-20T10:00:00"}
    answers = [api.post("/api/messages/", body) for _ in range(2)]
    drain_inbox()

    assert [one.status_code for one in answers] == [202, 200]
    assert Message.objects.get().flags == "tz_assumed weak_key"


def test_a_list_is_answered_item_by_item_and_the_good_ones_go_in(api: Api) -> None:
    items: list[Any] = [
        {"phone_number": "08123456789", "message": f"m {n}", "message_id": f"m{n}"}
        for n in range(1_000)
    ]
    items[10] = {"phone_number": "QWERTY", "message": "x"}
    items[500] = "no object"
    items[999] = {"phone_number": "08123456789"}

    answer = api.post("/api/messages/", items)
    drain_inbox()

    body = answer.json()
    assert answer.status_code == 207
    assert [(body[n]["status"], body[n].get("field", "")) for n in (0, 10, 500, 999)] == [
        (202, ""),
        (400, "phone_number"),
        (400, ""),
        (400, "message"),
    ]
    assert [one["index"] for one in body] == list(range(1_000))
    assert Message.objects.count() == 997


def test_a_list_may_not_hold_more_than_a_thousand(api: Api) -> None:
    answer = api.post("/api/messages/", [{}] * 1_001)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_items")
    assert counts() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"phone_number": None}, "phone_number"),
        ({"phone_number": "   "}, "phone_number"),
        ({"phone_number": 8123456789}, "phone_number"),
        ({"phone_number": "٠٨١٢٣٤٥٦٧٨٩"}, "phone_number"),
        ({"phone_number": "1" * 10_000}, "phone_number"),
        ({"phone_number": "++628123456789"}, "phone_number"),
        ({"phone_number": "62812a"}, "phone_number"),
        ({"phone_number": "0812'; DROP TABLE message;--"}, "phone_number"),
        ({"room_id": 5}, "room_id"),
        ({"message": ""}, "message"),
        ({"message": "x" * 4_097}, "message"),
        ({"message": ["x"]}, "message"),
        ({"channel": "smoke"}, "channel"),
        ({"channel": None}, "channel"),
        ({"sender": "system"}, "sender"),
        ({"sender": 1}, "sender"),
        ({"booking_date": "2025-02-30"}, "booking_date"),
        ({"booking_date": 1745200000}, "booking_date"),
        ({"booking_date": "0000-01-01T00:00:00"}, "booking_date"),
        ({"booking_date": "0001-01-01T00:00:00+14:00"}, "booking_date"),
        ({"transaction_date": "9999-12-31T23:59:59-14:00"}, "transaction_date"),
        ({"sent_at": "2016-12-31T23:59:60Z"}, "sent_at"),
        ({"sent_at": (now() + timedelta(days=2)).isoformat()}, "sent_at"),
        ({"booking_date": "2035-01-01", "transaction_date": "2024-01-01"}, "transaction_date"),
        *(
            ({"transaction_value": value}, "transaction_value")
            for value in (
                -5,
                "-0",
                "1_000",
                "١٥٠",
                "150,000",
                True,
                "NaN",
                "1e9999999",
                10**15,
                0.001,
            )
        ),
        ({"currency": "rupiah"}, "currency"),
        ({"message_id": "a\nb"}, "message_id"),
        ({"media": "x"}, "media"),
    ],
)
def test_a_wrong_message_field_is_named_and_changes_nothing(
    api: Api, change: dict[str, Any], field: str
) -> None:
    answer = api.post("/api/messages/", {**MESSAGE, **change})

    assert (answer.status_code, answer.json().get("field")) == (400, field)
    assert answer["Content-Type"] == "application/problem+json"
    assert counts() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "written",
    [
        "08123456789",
        "+62 812-3456-789",
        "628123456789",
        "whatsapp:+628123456789",
        "\u200b08123456789",
        "\u202e08123456789",
        "０８１２３４５６７８９",
    ],
)
def test_a_number_is_one_customer_however_it_is_written(api: Api, written: str) -> None:
    api.post("/api/messages/", {"phone_number": "08123456789", "message": "a"})

    assert api.post("/api/messages/", {"phone_number": written, "message": "b"}).status_code == 202
    drain_inbox()
    assert Customer.objects.get().phone_number == "+628123456789"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "{{7*7}} %s",
        "=cmd|' /C calc'!A1",
        "a" + "\u0301" * 500,
        "😀" * 4_096,
    ],
)
def test_any_text_is_kept_as_it_is(api: Api, text: str) -> None:
    assert api.post("/api/messages/", {**MESSAGE, "message": text}).status_code == 202
    drain_inbox()

    assert Message.objects.get().body == text


def test_what_is_not_ours_to_take_is_not_bound(api: Api) -> None:
    extra = {"id": 1, "is_staff": True, "status": "read", "customer_id": 7, "_connector": "OR"}

    assert api.post("/api/messages/", {**MESSAGE, **extra}).status_code == 202
    drain_inbox()
    assert Message.objects.get().status == ""


def test_a_message_for_somebody_elses_room_is_refused(api: Api) -> None:
    api.post("/api/rooms/", ROOM)

    answer = api.post("/api/messages/", {**MESSAGE, "phone_number": "08129999999"})

    assert (answer.status_code, answer.json()["code"]) == (409, "room_customer_mismatch")
    assert InboundEvent.objects.count() == 0


def test_a_message_after_the_rooms_end_is_refused_and_an_earlier_one_is_filed(api: Api) -> None:
    api.post("/api/rooms/", {**ROOM, "end_time": "2025-04-21T10:00:00"})

    late = api.post("/api/messages/", {**MESSAGE, "sent_at": "2025-04-21T10:00:01"})
    early = api.post("/api/messages/", {**MESSAGE, "sent_at": "2025-04-21T09:00:00"})
    drain_inbox()

    assert (late.status_code, late.json()["code"]) == (409, "room_closed")
    assert early.status_code == 202
    assert Room.objects.get().status == "resolved"


# --- Bodies ---------------------------------------------------------------------------------------
BODIES: list[tuple[bytes, int, str]] = [
    (b'{"phone_number":"0812', 400, "invalid_json"),
    (b"\xef\xbb\xbf{}", 400, "invalid_json"),
    ('{"a":1}'.encode("utf-16-le"), 400, "invalid_json"),
    (b'{"message":"\xff"}', 400, "invalid_json"),
    (b"[]", 400, "empty_list"),
    (b"null", 400, "not_an_object"),
    (b'"x"', 400, "not_an_object"),
    (b"1", 400, "not_an_object"),
    (b'{"phone_number":"1","phone_number":"2"}', 400, "duplicate_key"),
    (b'{"transaction_value":NaN}', 400, "invalid_json"),
    (b'{"transaction_value":-Infinity}', 400, "invalid_json"),
    (b'{"transaction_value":1e999}', 400, "invalid_json"),
    (b'{"transaction_value":' + b"9" * 5_000 + b"}", 400, "invalid_json"),
    (b'{"message":18446744073709551616}', 400, "invalid_json"),
    (b"[" * 60_000, 400, "too_deep"),
    (b'{"a":' * 12_000, 400, "too_deep"),
    (b'{"message":"\\u0000"}', 400, "bad_text"),
    (b'{"message":"\\ud800"}', 400, "bad_text"),
    (json.dumps({str(n): 1 for n in range(5_000)}).encode(), 400, "too_many_fields"),
    (b"   ", 400, "empty_body"),
    (b"x" * (9 * 2**20), 413, "too_large"),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES)
def test_a_body_that_is_no_good_json_is_refused(
    api: Api, body: bytes, status: int, code: str
) -> None:
    answer = api.post("/api/messages/", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert counts() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/json; charset=bogus"}, 415),
        ({"content_type": "application/json; charset=utf-7"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Content-Length": "10737418240"}, 413),
        ({"Content-Length": "abc"}, 400),
        ({"Content-Length": "-5"}, 400),
    ],
)
@pytest.mark.parametrize("path", ["/api/messages/", "/api/rooms/", "/webhooks/messages"])
def test_a_transport_that_would_lose_bytes_is_refused(
    api: Api, path: str, headers: dict[str, str], status: int
) -> None:
    environ = {
        "CONTENT_TYPE": headers.get("content_type", "application/json"),
        "HTTP_AUTHORIZATION": f"Api-Key {api.key}",
    }
    names = {"Content-Length": "CONTENT_LENGTH", "Content-Encoding": "HTTP_CONTENT_ENCODING"}
    for name, value in headers.items():
        if name != "content_type":
            environ[names.get(name, "HTTP_TRANSFER_ENCODING")] = value

    answer = api.client.generic("POST", path, json.dumps(MESSAGE), **environ)  # type: ignore[arg-type]

    assert answer.status_code == status
    assert counts() == (0, 0, 0, 0)


# --- Keys -----------------------------------------------------------------------------------------
PATHS = ["/api/messages/", "/api/rooms/", "/webhooks/messages", "/webhook", "/api/keywords/sync"]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_key_every_door_is_closed(client: Client, db: None, path: str) -> None:
    answer = client.post(path, data=json.dumps(MESSAGE), content_type="application/json")

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert counts() == (0, 0, 0, 0)


@pytest.mark.parametrize("path", PATHS)
def test_a_key_of_another_scope_is_refused(client: Client, db: None, path: str) -> None:
    secret = create_api_key(name="cards only", scopes=["cards"])[1]

    assert Api(client, secret).post(path, MESSAGE).status_code == 403


def test_a_revoked_expired_or_cut_key_is_refused(client: Client, db: None) -> None:
    key, secret = create_api_key(name="a", scopes=["ingest"])
    assert Api(client, secret[:-1]).post("/api/messages/", MESSAGE).status_code == 401
    ApiKey.objects.filter(pk=key.pk).update(expiry_date=now() - timedelta(days=1))
    assert Api(client, secret).post("/api/messages/", MESSAGE).status_code == 401
    ApiKey.objects.filter(pk=key.pk).update(expiry_date=None, revoked=True)
    assert Api(client, secret).post("/api/messages/", MESSAGE).status_code == 401
    assert client.post(f"/api/messages/?key={secret}", MESSAGE).status_code == 401


def test_a_key_is_kept_hashed_and_its_last_use_is_noted(api: Api, client: Client) -> None:
    api.post("/api/messages/", MESSAGE)

    key = ApiKey.objects.get()
    assert api.key.split(".")[1] not in key.hashed_key
    assert key.last_used_at is not None


def test_too_many_requests_of_one_key_are_told_when_to_come_again(api: Api, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3

    answers = [api.post("/api/messages/", MESSAGE) for _ in range(5)]

    assert [one.status_code for one in answers][-1] == 429
    assert int(answers[-1]["Retry-After"]) <= 60


# --- Signed webhooks ------------------------------------------------------------------------------
CRM = {
    "room_id": "r_1",
    "channel": "whatsapp",
    "sender": {"type": "customer", "phone": "08123456789"},
    "message": {"id": "m_1", "text": "halo kak"},
    "timestamp": "2025-04-20T10:00:00",
}


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
    {"timestamp": int(time.time()) + 600},
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
