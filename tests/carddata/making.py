"""Partners' files for tests, and what the tables hold after them."""

from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from carddata.models import CardEvent, CardSighting, CardStatus, Partner, PartnerFile
from carddata.services import importing, reading
from carddata.services.files import import_file
from carddata.services.importing import run
from carddata.services.partners import configure_partners
from carddata.services.undoing import redo_import, undo_import

HEADER = "ID ,Card ID,User contact,Timestamp,Comment"
COUNTS = ("read", "loaded", "duplicate", "rejected")
COURIER: dict[str, Any] = {
    "name": "Courier",
    "file_pattern": "courier*",
    "columns": {
        "consignment_no": ["ID"],
        "card_id": ["Card ID"],
        "contact": ["User contact"],
        "timestamp": ["Timestamp"],
        "status": ["Comment"],
    },
    "timestamp_formats": ["%d-%m-%Y %H:%M", "iso8601"],
    "time_zone": "Asia/Dubai",
    "phone_region": "AE",
    "status_map": {
        "DELIVERED": "delivered",
        "Returned": "returned",
        "Picked up": "picked_up",
        "On the way": "in_transit",
        "User not available": "delivery_failed",
    },
}


def courier(**changes: Any) -> Partner:
    """A partner whose one file layout has every column."""
    configure_partners()
    return Partner.objects.update_or_create(
        name="Courier", defaults=deepcopy({**COURIER, **changes})
    )[0]


def line(
    card: str = "ZYW7631",
    time: str = "13-11-2023 16:00",
    word: str = "DELIVERED",
    contact: str = "0545576586",
    number: str = "A073",
) -> str:
    return f"{number},{card},{contact},{time},{word}"


def text_of(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def take(folder: Path, content: bytes, *, name: str = "courier.csv", **options: Any) -> PartnerFile:
    """Write a file, import it, and check that every row is accounted for."""
    path = folder / name
    path.write_bytes(content)
    file = import_file(path, **options).file
    file.refresh_from_db()
    assert file.read == file.loaded + file.duplicate + file.rejected
    assert file.rejects.filter(closed="").count() <= file.rejected
    return file


def counts(file: PartnerFile) -> tuple[int, ...]:
    """read, loaded, duplicate, rejected."""
    return tuple(getattr(file, name) for name in COUNTS)


def reasons(file: PartnerFile) -> list[tuple[int, str]]:
    return list(file.rejects.order_by("line").values_list("line", "reason"))


def event_rows() -> set[tuple[Any, ...]]:
    """Every event, without the keys and lines that depend on the order of arrival."""
    fields = ("card_id", "occurred_at", "status", "weight", "content", "contact", "word", "comment", "consignment_no")  # fmt: skip
    rows = list(CardEvent.objects.values_list(*fields))
    assert len(rows) == len(set(rows))
    return set(rows)


def status_rows() -> dict[str, tuple[Any, ...]]:
    """Every card's current status, and the proof that it is the greatest of its events."""
    order = ("occurred_at", "weight", "content")
    best = dict(CardEvent.objects.order_by(*order).values_list("card_id", "pk"))
    fields = ("card_id", "event_id", "partner_id", "event__file__partner_id", "status", *order, "contact", "comment")  # fmt: skip
    found = {}
    for card_id, event, partner, events_partner, *said in CardStatus.objects.values_list(*fields):
        assert event == best.pop(card_id)
        assert partner == events_partner
        found[card_id] = tuple(said)
    assert not best
    return found


def nothing_is_left() -> bool:
    return not (
        CardEvent.objects.exists() or CardStatus.objects.exists() or CardSighting.objects.exists()
    )


def undo(file: PartnerFile) -> PartnerFile:
    assert undo_import(file_id=file.pk, begin=False)
    return run(file_id=file.pk)


def redo(file: PartnerFile) -> PartnerFile:
    assert redo_import(file_id=file.pk, begin=False)
    return run(file_id=file.pk)


def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two rows, so that a small file has many."""
    monkeypatch.setattr(importing, "read_chunks", partial(reading.read_chunks, size=2))


BAD_ROWS = {
    "bad_card_id": line(card="Robert'); DROP TABLE carddata_cardevent;--"),
    "bad_contact": line(contact="call me"),
    "damaged_contact": line(contact="5.45577E+08"),
    "bad_timestamp": line(time="31-02-2023 10:00"),
    "future_timestamp": line(time="31-12-2099 10:00"),
    "text_too_long": line(word="x" * 201),
    "wrong_cell_count": "A1,ZYW1",
    "unclosed_quote": 'A1,"ZYW1,0545576586,13-11-2023 10:00,x',
    "bad_quotes": 'A1,"ZYW1"x,0545576586,13-11-2023 10:00,x',
    "nul_byte": line(word="x\x00y"),
    "line_too_long": line(word="x" * 10_000_000),
}
