"""Files to events and statuses: the seed's own, twice, late, with bad rows."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carddata.models import (
    CardEvent,
    CardSighting,
    CardStatus,
    PartnerFile,
    RejectedRow,
)
from carddata.services.files import import_file
from carddata.services.partners import configure_partners
from tests.carddata.making import (
    BAD_ROWS,
    counts,
    courier,
    event_rows,
    line,
    reasons,
    status_rows,
    take,
    text_of,
)
from tests.conftest import SHARED_DATA

pytestmark = pytest.mark.django_db
State = PartnerFile.State


SEED = {"Delivered": 2, "Delivery exceptions": 2, "Pickup": 3, "Returned": 1}


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
