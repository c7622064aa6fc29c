"""The demo day and the benchmark load: the same every time, and nothing that a door would refuse."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from conversations.payloads import InboundMessage, Reading, read_message
from funnel_site.demo import demo_day
from funnel_site.demo_stream import message_stream

DAY = date(2025, 4, 21)
ZONE = ZoneInfo("Asia/Jakarta")
FIELDS = {
    "message_id",
    "room_id",
    "phone_number",
    "message",
    "channel",
    "sender",
    "sent_at",
    "name",
    "booking_date",
    "transaction_date",
    "transaction_value",
}


@pytest.fixture(scope="module")
def bodies() -> list[dict[str, Any]]:
    return list(demo_day(DAY, zone=ZONE))


def read(body: dict[str, Any]) -> InboundMessage:
    """The body as POST /api/messages/ reads it; a refusal raises."""
    received_at = datetime(2025, 4, 22, tzinfo=UTC)
    return read_message(body, Reading(zone=ZONE, region="ID", received_at=received_at))


def test_a_day_is_the_same_for_a_seed_and_another_for_another() -> None:
    first = list(demo_day(DAY, customers=50, seed=3, zone=ZONE))

    assert first == list(demo_day(DAY, customers=50, seed=3, zone=ZONE))
    assert first != list(demo_day(DAY, customers=50, seed=4, zone=ZONE))


def test_days_and_seeds_share_no_message_id() -> None:
    days = [(DAY, 1), (DAY, 2), (DAY + timedelta(days=1), 1)]

    ids = [
        body["message_id"]
        for day, seed in days
        for body in demo_day(day, customers=50, seed=seed, zone=ZONE)
    ]

    assert len(set(ids)) == len(ids)


def test_a_day_has_about_three_thousand_messages_of_six_hundred_customers(
    bodies: list[dict[str, Any]],
) -> None:
    phones = {read(body).phone for body in bodies}

    assert 2_700 <= len(bodies) <= 3_400
    assert len(phones) == 600
    assert sum(not phone.startswith("+62") for phone in phones) == 24


def test_every_message_is_one_that_the_door_takes(bodies: list[dict[str, Any]]) -> None:
    for body in bodies:
        message = read(body)
        assert body.keys() <= FIELDS
        assert message.text
        assert "{" not in message.text
        assert message.flags == ()


def test_messages_come_in_time_order_within_the_day(bodies: list[dict[str, Any]]) -> None:
    moments = [datetime.fromisoformat(body["sent_at"]) for body in bodies]

    assert moments == sorted(moments)
    assert {moment.astimezone(ZONE).date() for moment in moments} == {DAY}


def test_conversations_run_side_by_side_and_mostly_in_busy_hours(
    bodies: list[dict[str, Any]],
) -> None:
    changes = sum(one["room_id"] != following["room_id"] for one, following in pairwise(bodies))
    hours = Counter(datetime.fromisoformat(body["sent_at"]).hour for body in bodies)

    assert changes > len(bodies) * 0.7
    assert {hour for hour, _ in hours.most_common(6)} <= {9, 10, 11, 12, 19, 20, 21}


def test_a_room_has_one_customer_and_one_channel(bodies: list[dict[str, Any]]) -> None:
    rooms = defaultdict(set)
    for body in bodies:
        rooms[body["room_id"]].add((read(body).phone, body["channel"]))

    assert len(rooms) == 600
    assert all(len(whose) == 1 for whose in rooms.values())


def test_the_day_has_all_kinds_of_messages(bodies: list[dict[str, Any]]) -> None:
    texts = {body["message"] for body in bodies}

    assert {body["sender"] for body in bodies} == {"customer", "agent", "bot"}
    assert {body["channel"] for body in bodies} == {"whatsapp", "instagram", "website"}
    assert {"SPARKS TRIAL", "belum bayar ya kak, nanti sore", "not paid yet"} & texts
    assert any("rek 1234567890" in text for text in texts)
    assert any("booking_date" in body for body in bodies)
    assert any("transaction_value" in body for body in bodies)
    assert len({text.split()[0] for text in texts}) > 100


def test_stated_values_are_amounts_of_the_price_list(bodies: list[dict[str, Any]]) -> None:
    values = [body["transaction_value"] for body in bodies if "transaction_value" in body]

    assert all(150_000 <= value <= 2_500_000 for value in values)


def test_the_benchmark_load_is_deterministic_usable_and_in_order() -> None:
    load = list(message_stream(5_000, customers=40, seed=2))

    assert load == list(message_stream(5_000, customers=40, seed=2))
    assert len({body["message_id"] for body in load}) == 5_000
    assert len({read_later(body).phone for body in load}) == 40
    assert [body["sent_at"] for body in load] == sorted(body["sent_at"] for body in load)


def read_later(body: dict[str, Any]) -> InboundMessage:
    received_at = datetime(2030, 1, 1, tzinfo=UTC)
    return read_message(body, Reading(zone=ZONE, region="ID", received_at=received_at))
