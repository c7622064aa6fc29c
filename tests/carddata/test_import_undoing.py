"""An import that is undone, cancelled, claimed twice, or fails half way leaves nothing behind."""

import errno
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from carddata.models import (
    CardEvent,
    CardSighting,
    CardStatus,
    PartnerFile,
)
from carddata.services import importing
from carddata.services.claiming import BusyError, claim, new_runner
from carddata.services.files import cancel, import_file, keep_file
from carddata.services.importing import run
from carddata.services.loading import load_rows
from carddata.services.undoing import redo_import, undo_import
from tests.carddata.making import (
    BAD_ROWS,
    counts,
    courier,
    event_rows,
    line,
    nothing_is_left,
    reasons,
    redo,
    small_chunks,
    status_rows,
    take,
    text_of,
    undo,
)

pytestmark = pytest.mark.django_db
State = PartnerFile.State


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
