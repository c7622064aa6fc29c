"""Rooms and messages by the API: what is kept, what is answered, and what is refused by name."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from conversations.models import Customer, InboundEvent, Message, Room
from conversations.services.drain import drain_inbox
from funnels.models import Funnel
from tests.conftest import Api
from tests.conversations.posts import MESSAGE, ROOM, counts


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
