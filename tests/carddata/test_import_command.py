"""`import_partner_files`: what it prints and how it ends."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from carddata.models import CardEvent, Partner, PartnerFile
from carddata.services.claiming import claim
from tests.carddata.making import courier, line, text_of

pytestmark = pytest.mark.django_db


def call(*args: Any, **options: Any) -> tuple[str, int]:
    """What the command printed, and its exit code."""
    out = StringIO()
    try:
        call_command(
            "import_partner_files", *map(str, args), stdout=out, stderr=StringIO(), **options
        )
    except CommandError as error:
        return out.getvalue() + str(error), error.returncode
    return out.getvalue(), 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    courier()
    made = tmp_path / "files"
    made.mkdir()
    (made / "courier 1.csv").write_bytes(text_of(line(), line(), line(card="ZYW2")))
    (made / "courier 2.csv").write_bytes(text_of(line(), line(card="ZYW3")))
    return made


def test_a_folder_and_its_summary(folder: Path) -> None:
    text, code = call(folder)

    assert code == 0
    cells = [one.replace("│", " ").split() for one in text.splitlines() if "courier" in one]
    assert [one[-4:] for one in cells] == [["3", "2", "1", "0"], ["2", "1", "1", "0"]]
    assert [one.read for one in PartnerFile.objects.order_by("name")] == [3, 2]
    assert "all" in text
    assert CardEvent.objects.count() == 3


def test_again_it_says_so_and_ends_well(folder: Path) -> None:
    call(folder)

    text, code = call(folder)

    assert code == 0
    assert text.count("Already imported, as file") == 2
    assert CardEvent.objects.count() == 3


def test_json_has_every_count(folder: Path) -> None:
    text, code = call(folder, "--json")

    said = json.loads(text)
    assert code == 0
    assert [(one["read"], one["loaded"], one["duplicate"], one["rejected"]) for one in said] == [
        (3, 2, 1, 0),
        (2, 1, 1, 0),
    ]


def test_a_row_that_is_refused_makes_it_fail_after_all_others_went_in(folder: Path) -> None:
    (folder / "courier 3.csv").write_bytes(text_of(line(contact="nobody"), line(card="ZYW4")))

    text, code = call(folder)

    assert code == 1
    assert "1 of 3 files did not go in whole" in text
    assert CardEvent.objects.filter(card_id="ZYW4").exists()


def test_exit_codes_tell_the_cases_apart(folder: Path, tmp_path: Path) -> None:
    many = tmp_path / "courier many.csv"
    many.write_bytes(text_of(*(line(card=f"C{n}", contact="nobody") for n in range(150))))
    stranger = tmp_path / "stranger.csv"
    stranger.write_bytes(text_of(line()))

    assert call(many)[1] == 3
    assert call(stranger)[1] == 1
    assert call(tmp_path / "nowhere.csv")[1] == 2
    assert call()[1] == 2
    assert call(folder, "--partner", "Nobody")[1] == 2
    assert call(folder, "--max-rejects", "101")[1] == 2
    assert call(many, "--max-rejects", "100")[1] == 1
    assert PartnerFile.objects.get(name="courier many.csv").rejected == 150
    PartnerFile.objects.update(state="waiting", runner="")
    claim(PartnerFile.objects.get(name="courier many.csv").pk)
    assert call(many)[1] == 4


def test_the_partner_may_be_named(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "november.csv"
    path.write_bytes(text_of(line()))

    assert call(path, "--partner", "courier")[1] == 0
    assert PartnerFile.objects.get().partner.name == "Courier"


def test_a_dry_run_shows_and_stores_nothing(folder: Path) -> None:
    (folder / "courier 3.csv").write_bytes(text_of(line(contact="nobody")))

    text, code = call(folder, "--dry-run")

    assert code == 1
    assert "line 2: ZYW7631 2023-11-13T12:00:00+00:00 delivered DELIVERED" in text
    assert "line 2: rejected, bad_contact" in text
    assert not PartnerFile.objects.exists()


def test_a_site_without_partners_gets_the_known_ones(tmp_path: Path) -> None:
    Partner.objects.all().delete()
    path = tmp_path / "Pickup.csv"
    path.write_text("ID,Card ID,User Mobile,Timestamp\n1,ZYW1,0545576586,11-11-2023 3:45 AM\n")

    assert call(path)[1] == 0
    assert Partner.objects.count() == 4


def test_an_interrupted_import_is_finished_by_resume(folder: Path) -> None:
    call(folder)
    PartnerFile.objects.update(state="waiting", heartbeat_at=None, created_at="2023-01-01T00:00Z")

    text, code = call("--resume")

    assert code == 0
    assert PartnerFile.objects.filter(state="done").count() == 2
    assert text.count("done") == 2
