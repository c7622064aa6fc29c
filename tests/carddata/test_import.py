"""Files to events and statuses: the seed's own, the bad ones, twice, late, undone, mended."""

import errno
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carddata.models import (
    CardEvent,
    CardSighting,
    CardStatus,
    PartnerFile,
    RejectedRow,
    StaffNotice,
)
from carddata.refusals import FileRefusedError
from carddata.services import importing, reading
from carddata.services.claiming import BusyError, claim, new_runner
from carddata.services.files import cancel, import_file, keep_file, partner_of
from carddata.services.importing import run
from carddata.services.loading import load_rows
from carddata.services.partners import apply_partner, configure_partners, unknown_words
from carddata.services.previewing import preview
from carddata.services.rejects import dismiss_rejects, resubmit_file, retry_rejects
from carddata.services.undoing import redo_import, undo_import
from tests.carddata.making import (
    HEADER,
    counts,
    courier,
    event_rows,
    line,
    nothing_is_left,
    reasons,
    status_rows,
    take,
    text_of,
)
from tests.conftest import SHARED_DATA

pytestmark = pytest.mark.django_db
State = PartnerFile.State
SEED = {"Delivered": 2, "Delivery exceptions": 2, "Pickup": 3, "Returned": 1}


def undo(file: PartnerFile) -> PartnerFile:
    assert undo_import(file_id=file.pk, begin=False)
    return run(file_id=file.pk)


def redo(file: PartnerFile) -> PartnerFile:
    assert redo_import(file_id=file.pk, begin=False)
    return run(file_id=file.pk)


def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two rows, so that a small file has many."""
    monkeypatch.setattr(importing, "read_chunks", partial(reading.read_chunks, size=2))


def seed_files() -> list[Path]:
    folder = SHARED_DATA / "cards"
    if not folder.is_dir():
        pytest.skip("the published partner files are not here")
    return sorted(folder.glob("*.csv"))


class TestTheSeedsFiles:
    def test_every_count_is_stated_and_the_answers_are_right(self) -> None:
        configure_partners()

        files = [import_file(path).file for path in seed_files()]

        assert {file.partner.name: counts(file) for file in files} == {
            name: (rows, rows, 0, 0) for name, rows in SEED.items()
        }
        assert {card: row[:2] for card, row in status_rows().items()} == {
            card: (status, CardEvent.objects.get(card_id=card, status=status).occurred_at)
            for card, status in (
                ("ZYW7631", "delivered"),
                ("ZYW8827", "delivered"),
                ("ZYW8890", "returned"),
            )
        }
        known = CardStatus.objects.get(card_id="ZYW7631")
        assert known.occurred_at.isoformat() == "2023-11-14T12:34:56+00:00"
        assert (known.contact, known.comment) == ("+971545576586", "DELIVERED")
        returned = CardStatus.objects.get(card_id="ZYW8890")
        assert returned.occurred_at.isoformat() == "2023-11-14T08:00:00+00:00"

    def test_again_they_change_nothing(self) -> None:
        configure_partners()
        first = [import_file(path).file.pk for path in seed_files()]
        before = event_rows(), status_rows()

        again = [import_file(path) for path in seed_files()]

        assert [one.file.pk for one in again] == first
        assert all(one.was_known for one in again)
        assert (event_rows(), status_rows()) == before

    def test_the_partners_id_is_no_key(self) -> None:
        """A982 and A073 stand in two files each: it is a consignment, not an event."""
        configure_partners()

        for path in seed_files():
            import_file(path)

        assert CardEvent.objects.filter(consignment_no="A073").count() == 2
        assert CardEvent.objects.count() == sum(SEED.values())


def test_a_repeated_row_and_the_same_row_spelled_otherwise_are_one_event(tmp_path: Path) -> None:
    courier()

    file = take(
        tmp_path,
        text_of(
            line(),
            line(),
            line(card=" zyw7631 ", contact='"""0545576586"""', word="  DELIVERED "),
            line(time="2023-11-13T12:00:00Z", contact="+971 54 557 6586"),
        ),
    )

    assert counts(file) == (4, 1, 3, 0)


def test_overlapping_and_late_files_change_nothing_they_should_not(tmp_path: Path) -> None:
    courier()
    newer = take(tmp_path, text_of(line(), line(time="14-11-2023 16:00", word="Returned")))

    older = take(tmp_path, text_of(line(time="12-11-2023 09:00", word="Picked up"), line()))

    assert (counts(newer), counts(older)) == ((2, 2, 0, 0), (2, 1, 1, 0))
    assert status_rows()["ZYW7631"][0] == "returned"
    assert CardSighting.objects.get().file == older
    assert older.sighted == 1


def test_two_statuses_at_one_instant_are_both_kept_and_the_later_step_counts(
    tmp_path: Path,
) -> None:
    courier()

    take(tmp_path, text_of(line(word="Returned"), line(word="Picked up"), line(word="DELIVERED")))

    assert CardEvent.objects.count() == 3
    assert status_rows()["ZYW7631"][0] == "returned"


def test_partners_rank_decides_between_equal_steps(tmp_path: Path) -> None:
    courier()
    other = courier(rank=51)
    other.pk, other.name = None, "Other"
    other.save()
    first = courier(rank=50)

    take(tmp_path, text_of(line(contact="0545576586")), partner=other)
    take(tmp_path, text_of(line(contact="0500000001")), partner=first)

    assert CardStatus.objects.get().partner == other
    assert status_rows()["ZYW7631"][4] == "+971545576586"


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


def test_each_bad_row_is_kept_with_its_line_its_text_and_its_reason(tmp_path: Path) -> None:
    courier()
    content = text_of(line(), *BAD_ROWS.values(), line(card="ZYW2"))

    file = take(tmp_path, content)

    assert counts(file) == (len(BAD_ROWS) + 2, 2, 0, len(BAD_ROWS))
    assert reasons(file) == list(enumerate(BAD_ROWS, start=3))
    for reject in RejectedRow.objects.all():
        wanted = BAD_ROWS[reject.reason].replace("\x00", "\u2400")
        assert reject.raw == wanted[:10_000]
        assert reject.is_cut == (reject.reason == "line_too_long")
    assert set(status_rows()) == {"ZYW7631", "ZYW2"}


def test_formulas_and_markup_are_stored_as_they_are(tmp_path: Path) -> None:
    courier()
    words = ['=HYPERLINK("http://evil")', "<img onerror=alert(1)>", "+1+1", "a\\tb\\N"]

    take(tmp_path, text_of(*(line(word='"' + word.replace('"', '""') + '"') for word in words)))

    assert sorted(CardEvent.objects.values_list("comment", flat=True)) == sorted(words)


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


def test_the_number_of_statements_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    courier()

    def statements(rows: int) -> int:
        content = text_of(*(line(card=f"C{rows}N{number}") for number in range(rows)))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            take(tmp_path, content, name=f"courier{rows}.csv")
        return len(captured)

    statements(1)

    assert statements(10) == statements(1_000)


class TestUndo:
    def test_what_only_this_file_says_goes_and_earlier_statuses_return(
        self, tmp_path: Path
    ) -> None:
        courier()
        take(tmp_path, text_of(line(word="Picked up", time="11-11-2023 10:00")))
        before = event_rows(), status_rows()
        file = take(tmp_path, text_of(line(), line(card="ZYW9")))

        file = undo(file)

        assert file.state == State.UNDONE
        assert (file.undo_reversed, file.undo_kept, file.undo_could_not) == (2, 0, 0)
        assert (event_rows(), status_rows()) == before

    def test_what_another_file_says_too_stays_whichever_is_undone(self, tmp_path: Path) -> None:
        courier()
        first = take(tmp_path, text_of(line(), line(card="ZYW1")))
        second = take(tmp_path, text_of(line(), line(card="ZYW2")))

        first = undo(first)

        assert (first.undo_reversed, first.undo_kept, first.undo_could_not) == (1, 1, 0)
        assert set(status_rows()) == {"ZYW7631", "ZYW2"}
        assert not CardSighting.objects.exists()
        second = undo(second)
        assert (second.undo_reversed, second.undo_kept, second.undo_could_not) == (2, 0, 0)
        assert nothing_is_left()

    def test_a_second_saying_is_only_forgotten(self, tmp_path: Path) -> None:
        courier()
        take(tmp_path, text_of(line()))
        second = take(tmp_path, text_of(line(), line(card="ZYW2")))

        second = undo(second)

        assert (second.undo_reversed, second.undo_kept, second.undo_could_not) == (1, 1, 0)
        assert set(status_rows()) == {"ZYW7631"}

    def test_what_was_gone_already_is_told(self, tmp_path: Path) -> None:
        courier()
        file = take(tmp_path, text_of(line(), line(card="ZYW2")))
        CardStatus.objects.filter(card_id="ZYW2").delete()
        CardEvent.objects.filter(card_id="ZYW2").delete()

        file = undo(file)

        assert (file.undo_reversed, file.undo_kept, file.undo_could_not) == (1, 0, 1)

    def test_undone_and_redone_is_as_if_nothing_had_been(self, tmp_path: Path) -> None:
        courier()
        take(tmp_path, text_of(line(), line(word="Returned", time="15-11-2023 10:00")))
        file = take(tmp_path, text_of(line(), *BAD_ROWS.values(), line(card="ZYW2")))
        before = event_rows(), status_rows(), counts(file), reasons(file)

        file = redo(undo(file))

        assert (event_rows(), status_rows(), counts(file), reasons(file)) == before
        assert (file.undo_reversed, file.undone_at) == (0, None)

    def test_it_goes_on_after_a_crash(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from carddata.services import taking_back
        from carddata.services.current import recompute

        courier()
        monkeypatch.setattr(taking_back, "BATCH", 3)
        file = take(tmp_path, text_of(*(line(card=f"C{number}") for number in range(10))))
        undo_import(file_id=file.pk, begin=False)
        calls = []

        def crash(cards: list[str]) -> None:
            calls.append(cards)
            if len(calls) == 3:
                raise KeyboardInterrupt
            recompute(cards)

        monkeypatch.setattr(taking_back, "recompute", crash)
        with pytest.raises(KeyboardInterrupt):
            run(file_id=file.pk)
        file = run(file_id=file.pk)

        assert (file.state, file.undo_reversed, file.undo_could_not) == (State.UNDONE, 10, 0)
        assert nothing_is_left()

    def test_only_a_finished_import_is_undone(self, tmp_path: Path) -> None:
        courier()
        file = take(tmp_path, text_of(line()))

        assert not redo_import(file_id=file.pk, begin=False)
        undo(file)
        assert not undo_import(file_id=file.pk, begin=False)


class TestCancel:
    def test_a_cancelled_import_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        courier()
        small_chunks(monkeypatch)
        path = tmp_path / "courier.csv"
        path.write_bytes(text_of(*(line(card=f"C{number}") for number in range(10))))

        def stop(file: PartnerFile) -> None:
            if file.state == State.LOADING and file.read == 4:
                assert CardEvent.objects.count() == 4
                assert cancel(file_id=file.pk)

        file = import_file(path, on_progress=stop).file

        assert (file.state, file.undo_reversed) == (State.CANCELLED, 4)
        assert nothing_is_left()
        file = redo(file)
        assert (file.state, counts(file)) == (State.DONE, (10, 10, 0, 0))

    def test_it_is_too_late_for_one_that_is_done(self, tmp_path: Path) -> None:
        courier()

        assert not cancel(file_id=take(tmp_path, text_of(line())).pk)


class TestClaims:
    def test_a_file_in_hand_is_left_alone(self, tmp_path: Path) -> None:
        courier()
        with (tmp_path / "courier.csv").open("wb+") as source:
            source.write(text_of(line()))
            source.seek(0)
            file, _ = keep_file(source, name="courier.csv", way="upload")
        claim(file.pk)

        with pytest.raises(BusyError):
            run(file_id=file.pk)

    def test_a_process_that_is_gone_holds_nothing(self, tmp_path: Path) -> None:
        courier()
        with (tmp_path / "courier.csv").open("wb+") as source:
            source.write(text_of(line()))
            source.seek(0)
            file, _ = keep_file(source, name="courier.csv", way="upload")
        host, _, word = new_runner().split(":")
        claim(file.pk)
        PartnerFile.objects.update(runner=f"{host}:4194999:{word}")

        assert run(file_id=file.pk).state == State.DONE

    def test_one_who_lost_the_claim_writes_nothing_more(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from carddata.services.claiming import LostClaimError

        courier()
        path = tmp_path / "courier.csv"
        path.write_bytes(text_of(line()))

        def usurp(file: PartnerFile) -> None:
            PartnerFile.objects.filter(pk=file.pk).update(runner="elsewhere:1:x")

        with pytest.raises(LostClaimError):
            import_file(path, on_progress=usurp)

        assert nothing_is_left()
        assert PartnerFile.objects.get().runner == "elsewhere:1:x"


class TestWorkbench:
    def test_only_the_rejects_of_a_mended_reason_are_tried_again(self, tmp_path: Path) -> None:
        partner = courier(timestamp_formats=["%d-%m-%Y %H:%M"])
        file = take(
            tmp_path,
            text_of(line(), line(card="A1", time="2023.11.13 10:00"), line(contact="call me")),
        )
        partner.timestamp_formats = ["%d-%m-%Y %H:%M", "%Y.%m.%d %H:%M"]
        partner.save()

        done = retry_rejects(file_id=file.pk, reason="bad_timestamp")

        file.refresh_from_db()
        assert (done.tried, done.loaded, done.duplicate, done.rejected) == (1, 1, 0, 0)
        assert counts(file) == (3, 2, 0, 1)
        assert set(status_rows()) == {"ZYW7631", "A1"}
        assert RejectedRow.objects.get(reason="bad_timestamp").closed == "retried"
        again = retry_rejects(file_id=file.pk)
        assert (again.tried, again.loaded, again.rejected) == (1, 0, 1)

    def test_an_encoding_that_is_set_later_mends_its_lines(self, tmp_path: Path) -> None:
        partner = courier()
        content = text_of(line(word="Café")) + line(card="A1", word="Reçu").encode("latin-1")
        file = take(tmp_path, content)
        assert reasons(file) == [(3, "bad_encoding")]
        partner.encoding = "cp1252"
        partner.save()

        retry_rejects(file_id=file.pk)

        assert CardEvent.objects.get(card_id="A1").comment == "Reçu"

    def test_a_resubmit_file_that_returns_mended_closes_its_rejects(self, tmp_path: Path) -> None:
        courier()
        file = take(
            tmp_path,
            text_of(
                line(card="=1+1", word="=cmd"),
                line(contact="nobody"),
                "A9,ragged",
                line(card="OK1"),
            ),
        )

        sent = "".join(resubmit_file(file_id=file.pk))

        header, *rows = sent.splitlines()
        assert header == "ID,Card ID,User contact,Timestamp,Comment,Resubmit reference"
        assert rows[0].startswith("A073,'=1+1,0545576586,13-11-2023 16:00,'=cmd,")
        mended = sent.replace("'=1+1", "NEW1").replace("nobody", "0545576586")
        back = take(tmp_path, mended.encode(), name="courier back.csv")
        assert counts(back) == (3, 2, 0, 1)
        assert CardEvent.objects.get(card_id="NEW1").comment == "=cmd"
        closed = RejectedRow.objects.filter(file=file, closed="resubmitted")
        assert set(closed.values_list("reason", flat=True)) == {"bad_card_id", "bad_contact"}
        undo(back)
        assert not RejectedRow.objects.filter(file=file).exclude(closed="").exists()

    def test_a_forged_reference_closes_nothing(self, tmp_path: Path) -> None:
        courier()
        file = take(tmp_path, text_of(line(contact="nobody")))
        reject = RejectedRow.objects.get()

        take(
            tmp_path,
            text_of(f"{line(card='X1')},{reject.pk}:forged", header=f"{HEADER},Resubmit reference"),
        )

        reject.refresh_from_db()
        assert (reject.file, reject.closed) == (file, "")

    def test_dismissed_rejects_stay_rejected_in_the_counts(self, tmp_path: Path) -> None:
        courier()
        file = take(tmp_path, text_of(line(), line(contact="nobody")))

        assert dismiss_rejects(file_id=file.pk, reason="bad_contact") == 1

        file.refresh_from_db()
        assert counts(file) == (2, 1, 0, 1)
        assert "".join(resubmit_file(file_id=file.pk)).count("\n") == 1


def test_a_word_that_is_mapped_later_changes_old_events_and_their_cards(tmp_path: Path) -> None:
    partner = courier()
    take(
        tmp_path, text_of(line(word="Abgeholt"), line(card="A1", word="Abgeholt"), line(card="A2"))
    )
    assert unknown_words(partner.pk) == [{"word": "Abgeholt", "events": 2}]
    partner.status_map["abgeholt"] = "picked_up"
    partner.save()

    changed = apply_partner(partner_id=partner.pk)

    assert changed == 2
    assert {card: row[0] for card, row in status_rows().items()} == {
        "ZYW7631": "picked_up", "A1": "picked_up", "A2": "delivered",
    }  # fmt: skip
    assert apply_partner(partner_id=partner.pk) == 0


def test_settings_that_change_in_mid_import_wait_for_the_next(tmp_path: Path) -> None:
    courier()
    path = tmp_path / "courier.csv"
    path.write_bytes(text_of(line()))

    def meddle(file: PartnerFile) -> None:
        courier(columns={}, max_reject_percent=0)

    assert import_file(path, on_progress=meddle).file.state == "done"
    assert status_rows()["ZYW7631"][0] == "delivered"


@pytest.mark.parametrize(
    ("mended", "status"),
    [({"status_map": {"delivered": "returned"}}, "returned"), ({"rank": 70}, "delivered")],
)
def test_a_status_map_that_is_mended_in_mid_import_holds_for_that_file_too(
    tmp_path: Path, mended: dict[str, Any], status: str
) -> None:
    courier()
    path = tmp_path / "courier.csv"
    path.write_bytes(text_of(line()))
    mends = []

    def mend(file: PartnerFile) -> None:
        if file.state == "loading":
            # As the admin does: nothing of a file that is being loaded is there to be applied to.
            mends.append(courier(**mended))

    import_file(path, on_progress=mend)

    assert len(mends) == 1
    event = CardEvent.objects.get()
    assert (event.status, status_rows()["ZYW7631"][0]) == (status, status)
    assert apply_partner(partner_id=mends[0].pk) == 0


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


def test_a_failure_is_mailed_to_those_who_want_it(tmp_path: Path, settings: Any) -> None:
    settings.ADMINS = [("", "ops@example.com")]
    courier()

    take(tmp_path, b"A,B\n1,2\n")

    assert "courier.csv was not imported" in mail.outbox[0].subject


def test_a_copy_that_was_cut_short_is_made_anew(tmp_path: Path, media: Path) -> None:
    courier()
    file = undo(take(tmp_path, text_of(line())))
    stored = media / file.stored_as
    stored.write_bytes(stored.read_bytes()[:-5])

    cut = redo(file)

    assert (cut.state, cut.error_code) == (State.FAILED, "copy_damaged")
    assert take(tmp_path, text_of(line())).state == State.DONE


def test_a_full_disk_is_a_clean_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    courier()

    def full(self: Any, *args: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("carddata.services.spooling.Spool.add", full)
    file = take(tmp_path, text_of(line()))

    assert (file.state, file.error_code) == (State.FAILED, "storage_failed")
    assert "No space left" in file.error
    assert nothing_is_left()


def test_an_import_that_fails_half_way_is_taken_back_whole_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    courier()
    small_chunks(monkeypatch)
    calm = load_rows

    def fail(**options: Any) -> Any:
        if CardEvent.objects.count() == 4:
            raise OSError(errno.EIO, "Input/output error")
        return calm(**options)

    monkeypatch.setattr(importing, "load_rows", fail)
    file = take(tmp_path, text_of(*(line(card=f"C{number}") for number in range(10))))

    assert (file.state, file.undo_reversed) == (State.FAILED, 4)
    assert "taken back" in file.error
    assert nothing_is_left()
    monkeypatch.undo()
    assert counts(redo(file)) == (10, 10, 0, 0)


def test_a_copy_that_is_gone_is_said(tmp_path: Path, media: Path) -> None:
    courier()
    file = take(tmp_path, text_of(line()))
    (media / file.stored_as).unlink()

    file = redo(undo(file))

    assert (file.state, file.error_code) == (State.FAILED, "copy_missing")
    file = take(tmp_path, text_of(line()))
    assert file.state == State.DONE
