"""The raw archive: what goes in comes back byte for byte, and nothing is pruned that is not there."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from conversations.models import Customer, InboundEvent, Message, RawFile, Room
from conversations.services.archiving import archive_raw, replay_raw
from conversations.services.drain import drain_inbox
from conversations.services.inbox import Delivery, store_deliveries
from conversations.services.raw_files import DamagedFileError

pytestmark = pytest.mark.django_db
OLD = datetime(2025, 1, 2, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.RAW_STORAGE_URL = str(tmp_path / "archive")
    return tmp_path / "archive"


@pytest.fixture
def bodies(db: None) -> dict[str, bytes]:
    made = {
        f"m{number}": orjson.dumps(
            {
                "message_id": f"m{number}",
                "phone_number": f"08123456{number:04d}",
                "message": "halo ✓",
                "sent_at": "2025-01-02T10:00:00+07:00",
            }
        )
        for number in range(7)
    }
    made["broken"] = b"\xff\x00 no text"
    store_deliveries(
        source="api",
        deliveries=[Delivery(key=key, body=body, headers={"A": "b"}) for key, body in made.items()],
        received_at=OLD,
    )
    drain_inbox()
    return made


def test_old_processed_bodies_leave_and_their_keys_stay(
    bodies: dict[str, bytes], folder: Path
) -> None:
    assert archive_raw(batch=3) == 7

    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.gz"))
    assert len(names) == RawFile.objects.count() == 3
    assert all(name.startswith("raw/dt=2025-01-03/source=api/") for name in names)
    left = InboundEvent.objects.exclude(body=b"").values_list("dedupe_key", flat=True)
    assert list(left) == ["broken"], "a dead letter stays where staff can see it"
    again = store_deliveries(
        source="api", deliveries=[Delivery(key="m1", body=bodies["m1"])], received_at=OLD
    )
    assert again[0].is_duplicate
    assert archive_raw() == 0


def test_empty_tables_are_rebuilt_from_the_archive(bodies: dict[str, bytes]) -> None:
    before = list(Message.objects.order_by("external_id").values_list("external_id", "body"))
    archive_raw()
    InboundEvent.objects.filter(dedupe_key="broken").delete()
    Message.objects.all().delete()
    Room.objects.all().delete()
    Customer.objects.all().delete()
    InboundEvent.objects.all().delete()

    *_, totals = replay_raw()
    rows = InboundEvent.objects.values_list("dedupe_key", "body")
    assert {key: bytes(body) for key, body in rows} == {
        key: body for key, body in bodies.items() if key != "broken"
    }
    drain_inbox()

    after = list(Message.objects.order_by("external_id").values_list("external_id", "body"))
    assert (totals.files, totals.restored) == (1, 7)
    assert after == before


def test_a_replay_over_full_tables_changes_no_message(bodies: dict[str, bytes]) -> None:
    archive_raw()
    messages = list(Message.objects.order_by("pk").values())
    out = io.StringIO()

    call_command("replay_raw", stdout=out)

    assert "7 back in line" in out.getvalue()
    assert InboundEvent.objects.filter(state="processed").count() == 7
    # Which delivery brought a message is the same, too.
    assert list(Message.objects.order_by("pk").values()) == messages


def test_a_damaged_file_is_named_and_the_command_fails(
    bodies: dict[str, bytes], folder: Path
) -> None:
    archive_raw()
    path = next(folder.rglob("*.gz"))
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(DamagedFileError, match="not whole"):
        list(replay_raw())
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("replay_raw")


def test_where_the_archive_cannot_be_written_nothing_is_pruned(
    bodies: dict[str, bytes], settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.RAW_STORAGE_URL = str(tmp_path / "file")

    with pytest.raises(CommandError, match="cannot be written"):
        call_command("archive_raw")

    assert not InboundEvent.objects.filter(body=b"").exists()


def test_recent_deliveries_stay(bodies: dict[str, bytes]) -> None:
    assert archive_raw(older_than_days=100_000 // 10) == 0
