"""Files that look odd are read whole; what cannot be read is refused with one sentence."""

from pathlib import Path
from typing import Any

import pytest

from carddata.models import (
    CardEvent,
    PartnerFile,
    RejectedRow,
    StaffNotice,
)
from carddata.refusals import FileRefusedError
from carddata.services.files import import_file, partner_of
from carddata.services.partners import configure_partners
from carddata.services.previewing import preview
from tests.carddata.making import (
    HEADER,
    counts,
    courier,
    line,
    nothing_is_left,
    redo,
    take,
    text_of,
)

pytestmark = pytest.mark.django_db
State = PartnerFile.State


def whole_files() -> dict[str, tuple[bytes, tuple[int, ...]]]:
    rows = [line(card=f"ZYW{number}", word="Café") for number in range(3)]
    text = "\n".join([HEADER, *rows, ""])
    crlf = text.replace("\n", "\r\n")
    return {
        "BOM": (b"\xef\xbb\xbf" + text.encode(), (3, 3, 0, 0)),
        "UTF-16": (text.encode("utf-16"), (3, 3, 0, 0)),
        "UTF-16 without a mark": (text.encode("utf-16-le"), (3, 3, 0, 0)),
        "Latin-1": (text.encode("latin-1"), (3, 3, 0, 0)),
        "CRLF": (crlf.encode(), (3, 3, 0, 0)),
        "CR": (text.replace("\n", "\r").encode(), (3, 3, 0, 0)),
        "a CRLF mix": ((crlf + text.split("\n", 1)[1]).encode(), (6, 3, 3, 0)),
        "no final line end": (text.rstrip("\n").encode(), (3, 3, 0, 0)),
        "blank lines": (text.replace("\n", "\n\n,,,,\n").encode(), (3, 3, 0, 0)),
        "semicolons": (text.replace(",", ";").encode(), (3, 3, 0, 0)),
        "tabs": (text.replace(",", "\t").encode(), (3, 3, 0, 0)),
        "extra column": (text.replace("\n", ",x\n").encode(), (3, 3, 0, 0)),
        "header only": (f"{HEADER}\n".encode(), (0, 0, 0, 0)),
    }


@pytest.mark.parametrize("kind", whole_files())
def test_files_that_look_odd_are_read_whole(kind: str, tmp_path: Path) -> None:
    courier()
    content, wanted = whole_files()[kind]

    file = take(tmp_path, content)

    assert (file.state, counts(file)) == (State.DONE, wanted)
    if wanted[1]:
        assert set(CardEvent.objects.values_list("comment", flat=True)) == {"Café"}


def test_what_staff_should_know_of_a_file_is_noted(tmp_path: Path) -> None:
    courier()

    guessed = take(tmp_path, (f"{HEADER}\n" + line(word="Café à l'étage")).encode("latin-1"))
    extra = take(tmp_path, text_of(line() + ",x", header=HEADER + ",Colour"))
    hollow = take(tmp_path, f"{HEADER}\n".encode())

    assert "a guess" in guessed.notes[0]
    assert "Colour" in extra.notes[0]
    assert "no rows" in hollow.notes[0]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"A,B\n1,2\n", "missing_column"),
        (text_of(line(), header=HEADER.replace("Card ID", "Card number")), "missing_column"),
        (text_of(line(), header=HEADER.replace("ID ,", "CardID,")), "duplicate_column"),
        (b"x" * 10_000_000, "bad_header"),
        (b"\n\n\n", "empty"),
        (HEADER.encode("utf-16") + b"\x00\xd8\x00", "bad_encoding"),
    ],
)
def test_a_file_that_cannot_be_read_fails_whole_with_one_sentence(
    content: bytes, code: str, tmp_path: Path
) -> None:
    courier()

    file = take(tmp_path, content)

    assert (file.state, file.error_code) == (State.FAILED, code)
    assert file.error
    assert nothing_is_left()
    assert StaffNotice.objects.get().file == file


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b"PK\x03\x04" + b"x" * 100, "not_csv"), (b"\x1f\x8bxx", "not_csv")],
)
def test_what_can_be_no_csv_is_not_even_kept(content: bytes, code: str, tmp_path: Path) -> None:
    courier()

    with pytest.raises(FileRefusedError) as refusal:
        take(tmp_path, content)

    assert refusal.value.code == code
    assert not PartnerFile.objects.exists()


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path: Path, settings: Any) -> None:
    courier()
    settings.PARTNER_FILE_MAX_BYTES = 10_000
    path = tmp_path / "courier.csv"
    with path.open("wb") as file:
        file.truncate(5 * 2**30)

    with pytest.raises(FileRefusedError) as refusal:
        import_file(path)

    assert refusal.value.code == "too_large"


def test_two_gigabytes_of_nothing_stay_out_of_memory(tmp_path: Path) -> None:
    """One line of 64 MB here, for time's sake: the same path, for no line is held."""
    import tracemalloc

    courier()
    path = tmp_path / "courier.csv"
    with path.open("wb") as file:
        file.write(text_of(line()))
        for _ in range(64):
            file.write(b"x" * 2**20)
        file.write(b"\n" + line(card="ZYW2").encode())
    tracemalloc.start()

    found = import_file(path).file

    assert counts(found) == (3, 2, 0, 1)
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


def test_above_the_reject_limit_nothing_is_applied_and_mended_it_goes_in(tmp_path: Path) -> None:
    partner = courier(timestamp_formats=["%d-%m-%Y %H:%M"])
    bad = [line(card=f"B{number}", time="2023/11/13 10:00") for number in range(120)]
    good = [line(card=f"G{number}") for number in range(200)]

    file = take(tmp_path, text_of(*bad, *good))

    assert (file.state, file.error_code) == (State.FAILED, "too_many_rejects")
    assert (file.rows_total, counts(file)) == (320, (120, 0, 0, 120))
    assert nothing_is_left()
    partner.timestamp_formats.append("%Y/%m/%d %H:%M")
    partner.save()
    file = redo(file)
    assert (file.state, counts(file)) == (State.DONE, (320, 320, 0, 0))
    assert not RejectedRow.objects.exists()


def test_a_preview_reads_and_stores_nothing() -> None:
    from carddata.models import profile_of

    partner = courier()
    sample = text_of(line(), line(contact="nobody"), line(word="Abgeholt"))

    found = preview(sample, profile_of(partner))
    wrong = preview(sample, profile_of(partner) | {"time_zone": "Mars"})
    refused = preview(b"PK\x03\x04", profile_of(partner))

    assert [row.card_id for row in found.rows] == ["ZYW7631", "ZYW7631"]
    assert [(one.line, one.reason) for one in found.rejects] == [(3, "bad_contact")]
    assert found.unknown_words == {"Abgeholt": 1}
    assert found.columns["card_id"] == "Card ID"
    assert wrong.error_field == "time_zone"
    assert "ZIP" in refused.error
    assert not PartnerFile.objects.exists()


@pytest.mark.parametrize(
    ("name", "partner"),
    [
        ("Sample Card Status Info - Pickup.csv", "Pickup"),
        ("DELIVERY EXCEPTIONS 2023.CSV", "Delivery exceptions"),
        ("/in/2023-11 delivered.csv", "Delivered"),
        ("C:\\files\\returned.csv", "Returned"),
    ],
)
def test_the_files_name_tells_the_partner(name: str, partner: str) -> None:
    configure_partners()

    assert partner_of(name).name == partner


def test_a_name_that_fits_none_or_two_is_refused() -> None:
    configure_partners()

    for name in ("unknown.csv", "pickup and returned.csv"):
        with pytest.raises(FileRefusedError):
            partner_of(name)
