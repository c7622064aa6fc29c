"""Whatever order, batching, repetition or number of workers: the same set of messages ends the same."""

import json
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conversations.models import InboundEvent
from conversations.services.drain import drain_batch, drain_inbox
from conversations.services.inbox import Delivery, store_deliveries
from tests.conftest import Site
from tests.snapshots import snapshot

START = datetime(2025, 4, 1, 2, 0, tzinfo=UTC)
TEXTS = (
    "halo kak",
    "Hi, I want a trial session!",
    "SPARKS TRIAL",
    "oke makasih",
    "mau booking besok jam 3",
    "sudah transfer 150rb",
    "sudah transfer 1.500.000",
    "belum bayar ya kak",
    "transfer ke rek 1234567890 sebesar 250rb",
)
PHONES = ("08123450001", "+62 812-3450-002", "628123450003")


@st.composite
def message_sets(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Sets of messages of a few rooms and people, over some months, with and without facts."""
    messages = []
    for number in range(draw(st.integers(1, 14))):
        room = draw(st.integers(0, 3))
        sent_at = START + timedelta(
            minutes=draw(st.sampled_from((0, 1, 5, 60, 1_500, 50_000, 90_000)))
        )
        body: dict[str, Any] = {
            "message_id": f"m{number:02}",
            "room_id": f"room-{room}",
            "sent_at": sent_at.isoformat(),
            "message": draw(st.sampled_from(TEXTS)),
            "sender": draw(st.sampled_from(("customer", "customer", "agent", "bot"))),
            "channel": "whatsapp",
            "name": draw(st.sampled_from(("", "Ayu", "Budi"))),
        }
        # A person of a room has one number and one user id; either may be left out.
        keys = draw(st.sampled_from(("phone", "user", "both", "both")))
        person = room % 3 if draw(st.booleans()) else (room + 1) % 3
        if keys != "user":
            body["phone_number"] = PHONES[person]
        if keys != "phone":
            body["user_id"] = f"ID.{person}"
        if draw(st.booleans()) and number % 3 == 0:
            body["transaction_date"] = (sent_at + timedelta(days=1)).isoformat()
            body["transaction_value"] = draw(st.sampled_from((150_000, 99_999.5, 0)))
        if draw(st.booleans()) and number % 4 == 0:
            body["booking_date"] = (sent_at + timedelta(days=2)).isoformat()
        messages.append(body)
    return messages


class _UndoError(Exception):
    """Take everything back at the end of one arrangement."""


def end_state(messages: list[dict[str, Any]], batch: int) -> dict[str, Any]:
    """What the tables hold after these deliveries, drained in batches of this size; then undone."""
    found: dict[str, Any] = {}
    try:
        with transaction.atomic():
            for number, body in enumerate(messages):
                store_deliveries(
                    source="api",
                    deliveries=[Delivery(key=f"d{number}", body=json.dumps(body).encode())],
                    received_at=START + timedelta(days=100, seconds=number),
                )
                if number % 3 == 0:
                    drain_batch(batch=batch)
            drain_inbox(batch=batch)
            assert not InboundEvent.objects.filter(state="failed").exists()
            found = snapshot()
            raise _UndoError  # noqa: TRY301
    except _UndoError:
        return found


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(messages=message_sets(), data=st.data())
def test_any_order_batching_and_repetition_ends_in_the_same_tables(
    keywords: None, messages: list[dict[str, Any]], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(messages), max_size=5))
    shuffled = data.draw(st.permutations(messages + again))
    batch = data.draw(st.sampled_from((1, 2, 5, 500)))

    assert end_state(list(shuffled), batch) == end_state(messages, 500)


def many_messages(count: int, *, rooms: int, seed: int) -> list[dict[str, Any]]:
    """A crowd: many rooms, several messages each, some of them twice."""
    rng = random.Random(seed)
    messages = []
    for number in range(count):
        room = rng.randrange(rooms)
        sent_at = START + timedelta(minutes=rng.randrange(200_000))
        messages.append(
            {
                "message_id": f"m{number}",
                "room_id": f"room-{room}",
                "phone_number": f"08120000{room:04}",
                "user_id": f"ID.{room}",
                "sent_at": sent_at.isoformat(),
                "message": rng.choice(TEXTS),
                "sender": rng.choice(("customer", "customer", "agent")),
                "channel": "whatsapp",
            }
        )
    return messages


def write_lines(path: Path, messages: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(body) + "\n" for body in messages))
    return str(path)


@pytest.mark.postgresql
def test_four_processes_at_once_end_in_the_same_tables_as_one(
    make_site: Callable[[], Site], tmp_path: Path
) -> None:
    messages = many_messages(2_000, rooms=60, seed=1)
    alone, crowd = make_site(), make_site()
    alone.run("ingest_messages", write_lines(tmp_path / "all.jsonl", messages))
    shuffled = messages + messages[:200]
    random.Random(2).shuffle(shuffled)
    parts = [write_lines(tmp_path / f"{n}.jsonl", shuffled[n::4]) for n in range(4)]

    workers = [crowd.start("run_inbox") for _ in range(3)]
    senders = [crowd.start("ingest_messages", part) for part in parts]
    codes = [sender.wait(timeout=120) for sender in senders]
    for worker in workers:
        worker.terminate()
        worker.wait(timeout=60)
    crowd.run("run_inbox", "--once")

    assert codes == [0, 0, 0, 0]
    assert crowd.snapshot() == alone.snapshot()


def test_twenty_killed_workers_lose_and_double_nothing(
    make_site: Callable[[], Site], tmp_path: Path
) -> None:
    messages = many_messages(3_000, rooms=80, seed=3)
    calm, stormy = make_site(), make_site()
    calm.run("ingest_messages", write_lines(tmp_path / "all.jsonl", messages))
    rng = random.Random(4)

    sender = stormy.start("ingest_messages", "--no-drain", str(tmp_path / "all.jsonl"))
    for _ in range(20):
        worker = stormy.start("run_inbox")
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(timeout=rng.uniform(0.2, 0.8))
        worker.kill()
        worker.wait()
    assert sender.wait(timeout=120) == 0
    stormy.run("run_inbox", "--once")

    assert stormy.snapshot() == calm.snapshot()
    assert len(stormy.snapshot()["messages"]) == len(messages)


def test_received_times_are_those_of_the_first_delivery(keywords: None) -> None:
    body = json.dumps({"message_id": "a", "phone_number": PHONES[0], "message": "halo"}).encode()
    first = now() - timedelta(hours=2)
    store_deliveries(source="api", deliveries=[Delivery(key="a", body=body)], received_at=first)
    store_deliveries(source="api", deliveries=[Delivery(key="a", body=body)], received_at=now())
    drain_inbox()

    assert InboundEvent.objects.get().messages.get().sent_at == first
