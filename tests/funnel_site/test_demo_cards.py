"""The demo's partner files: the same every time, in the partners' own layouts, and fit to go in."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from carddata.models import CardStatus, PartnerFile
from carddata.services.files import import_file
from carddata.services.partners import configure_partners
from funnel_site.demo_cards import demo_partner_files

DAY = date(2025, 4, 21)
PHONES = [f"+62812000{number:05}" for number in range(60)]


def test_the_files_are_the_same_every_time() -> None:
    assert dict(demo_partner_files(DAY, PHONES)) == dict(demo_partner_files(DAY, PHONES))


@pytest.mark.django_db
def test_they_go_in_but_for_the_two_rows_that_are_damaged_on_purpose(
    tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    configure_partners()

    for name, content in demo_partner_files(DAY, PHONES):
        (tmp_path / name).write_bytes(content)
        import_file(tmp_path / name, way=PartnerFile.Way.DEMO)

    files = PartnerFile.objects.all()
    assert {file.partner.name for file in files} == {
        "Pickup", "Delivery exceptions", "Delivered", "Returned",
    }  # fmt: skip
    assert sum(file.rejected for file in files) == 2
    assert CardStatus.objects.count() == 60
    assert set(CardStatus.objects.values_list("contact", flat=True)) == set(PHONES)
    assert set(CardStatus.objects.values_list("status", flat=True)) == {
        "picked_up", "delivered", "delivery_failed", "returned",
    }  # fmt: skip
