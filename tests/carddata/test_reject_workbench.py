"""Rejected rows are mended, and words mapped later change what is stored."""

from pathlib import Path
from typing import Any

import pytest

from carddata.models import (
    CardEvent,
    PartnerFile,
    RejectedRow,
)
from carddata.services.files import import_file
from carddata.services.partners import apply_partner, unknown_words
from carddata.services.rejects import dismiss_rejects, resubmit_file, retry_rejects
from tests.carddata.making import (
    HEADER,
    counts,
    courier,
    line,
    reasons,
    status_rows,
    take,
    text_of,
    undo,
)

pytestmark = pytest.mark.django_db
State = PartnerFile.State


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
