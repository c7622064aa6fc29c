"""The staff pages of cards in a real browser: a sample tried, an import watched, rejects mended, a card."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from carddata.models import CardStatus, Partner, PartnerFile, RejectedRow
from carddata.services.files import import_file
from tests.browser.driving import looks, shoot

pytestmark = pytest.mark.usefixtures("one_writer")
HEADER = "ID ,Card ID,User contact,Timestamp,Comment\n"


def delivered_file(folder: Path, *, rows: int = 60) -> Path:
    """A file of the Delivered partner: mostly good rows, some of each kind of bad one."""
    lines = []
    for number in range(rows):
        moment = (now() - timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        time = "31-02-2026 10:00" if number % 13 == 5 else moment
        phone = "5.45577E+08" if number % 17 == 9 else f'"""0{585_000_000 + number}"""'
        word = "LEFT WITH NEIGHBOUR" if number % 7 == 3 else "DELIVERED"
        lines.append(f"A{number},ZYW{1_000 + number},{phone},{time},{word}\n")
    path = folder / "autumn delivered.csv"
    path.write_text(HEADER + "".join(lines))
    return path


def pickup_file(folder: Path) -> Path:
    """The pickup of one of those cards, weeks before."""
    path = folder / "autumn pickup.csv"
    moment = (now() - timedelta(days=30)).strftime("%d-%m-%Y %I:%M %p")
    path.write_text(f"ID,Card ID,User Mobile,Timestamp\n332,ZYW1000,585000000,{moment}\n")
    return path


def test_a_sample_is_tried_again_and_again_before_anything_is_saved(
    chief: Page, live_server: Any, tmp_path: Path
) -> None:
    partner = Partner.objects.get(name="Delivered")
    chief.goto(f"{live_server.url}/admin/carddata/partner/{partner.pk}/change/")
    chief.set_input_files("input[name=sample]", delivered_file(tmp_path))
    chief.click("button[name=_preview]")
    preview = chief.locator("#fs-preview")
    expect(preview).to_contain_text("As it would be read")
    expect(preview).to_contain_text("31-02-2026")
    expect(preview).to_contain_text("Words without a status of ours")
    looks(chief, "partner-preview")

    chief.fill("textarea[name=words]", "DELIVERED = delivered\nLEFT WITH NEIGHBOUR = delivered")
    chief.click("button[name=_preview]")

    expect(preview).not_to_contain_text("Words without a status of ours")
    partner.refresh_from_db()
    assert partner.status_map == {"DELIVERED": "delivered"}
    assert not PartnerFile.objects.exists()

    chief.click("button[name=_save]")
    expect(chief.locator("body")).to_contain_text("was changed successfully")
    partner.refresh_from_db()
    assert partner.status_map["LEFT WITH NEIGHBOUR"] == "delivered"


def test_a_setting_that_cannot_work_is_shown_instead_of_a_preview(
    chief: Page, live_server: Any, tmp_path: Path
) -> None:
    partner = Partner.objects.get(name="Delivered")
    chief.goto(f"{live_server.url}/admin/carddata/partner/{partner.pk}/change/")
    chief.set_input_files("input[name=sample]", delivered_file(tmp_path))
    chief.fill("input[name=time_zone]", "Mars/Phobos")

    chief.click("button[name=_preview]")

    expect(chief.locator("#fs-preview")).to_contain_text("time zone")


def test_an_uploaded_file_is_watched_until_it_is_in(
    chief: Page, live_server: Any, tmp_path: Path
) -> None:
    chief.goto(f"{live_server.url}/admin/carddata/partnerfile/")
    expect(chief.locator("body")).to_contain_text("No file yet")
    shoot(chief, "files-empty")
    chief.click("text=Upload one")
    shoot(chief, "upload")
    chief.set_input_files("input[name=uploads]", delivered_file(tmp_path))
    chief.click("text=Upload and import")

    expect(chief.locator("#fs-progress h2")).to_have_text("Done", timeout=20_000)

    expect(chief.locator("[data-figure=read]")).to_have_text("60")
    expect(chief.locator("body")).to_contain_text("Mend the rejected rows")
    looks(chief, "file-done")


def test_a_running_import_moves_without_a_reload(chief: Page, live_server: Any) -> None:
    file = PartnerFile.objects.create(
        partner=Partner.objects.get(name="Delivered"), name="big delivered.csv", sha256="b" * 64,
        size=52_000_000, way="upload", state="loading", rows_total=1_000_000, read=250_000,
        loaded=240_000, duplicate=9_000, rejected=1_000, started_at=now(), heartbeat_at=now(),
    )  # fmt: skip
    chief.goto(f"{live_server.url}/admin/carddata/partnerfile/{file.pk}/change/")
    bar = chief.locator("#fs-progress progress")
    expect(bar).to_have_attribute("value", "25")
    looks(chief, "import-running")

    PartnerFile.objects.filter(pk=file.pk).update(read=750_000, loaded=740_000)

    expect(chief.locator("[data-figure=read]")).to_have_text("750,000")
    expect(chief.locator("[data-figure=note]")).to_contain_text("750,000 of 1,000,000")
    assert bar.evaluate("bar => bar.value") == 75

    PartnerFile.objects.filter(pk=file.pk).update(
        read=1_000_000, loaded=990_000, state="done", finished_at=now()
    )

    expect(chief.locator("#fs-progress h2")).to_have_text("Done")
    expect(chief.locator("text=Undo the import")).to_be_visible()


def test_a_running_import_is_cancelled(chief: Page, live_server: Any) -> None:
    file = PartnerFile.objects.create(
        partner=Partner.objects.get(name="Delivered"), name="big delivered.csv", sha256="b" * 64,
        size=52_000_000, way="upload", state="loading", rows_total=1_000_000, started_at=now(),
    )  # fmt: skip
    chief.goto(f"{live_server.url}/admin/carddata/partnerfile/{file.pk}/change/")

    chief.click("text=Cancel the import")

    expect(chief.locator("#fs-progress h2")).to_have_text("Cancelled", timeout=20_000)


def test_an_import_is_undone_and_redone(chief: Page, live_server: Any, tmp_path: Path) -> None:
    file = import_file(delivered_file(tmp_path)).file
    before = CardStatus.objects.count()
    chief.goto(f"{live_server.url}/admin/carddata/partnerfile/{file.pk}/change/")
    chief.click("text=Undo the import")
    shoot(chief, "undo")
    chief.fill("input[name=reason]", "the wrong month")
    chief.click("button:has-text('Undo the import')")
    expect(chief.locator("#fs-progress h2")).to_have_text("Undone", timeout=20_000)
    expect(chief.locator("body")).to_contain_text("the wrong month")
    shoot(chief, "file-undone")
    assert not CardStatus.objects.exists()

    chief.click("text=Redo the import")

    expect(chief.locator("#fs-progress h2")).to_have_text("Done", timeout=20_000)
    assert CardStatus.objects.count() == before


def test_rejected_rows_are_mended_at_the_workbench(
    chief: Page, live_server: Any, tmp_path: Path
) -> None:
    file = import_file(delivered_file(tmp_path)).file
    number = RejectedRow.objects.filter(reason="bad_timestamp").count()
    chief.goto(f"{live_server.url}/admin/carddata/rejectedrow/")
    shoot(chief, "rejects")
    chief.click("table a:has-text('Mend')")
    expect(chief.locator("body")).to_contain_text(f"{number} × The time is in none")
    looks(chief, "workbench")

    with chief.expect_download() as download:
        chief.click("text=Download the resubmit file")
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == 1 + RejectedRow.objects.filter(file=file).count()

    chief.click("section:has-text('The time is in none') >> text=Dismiss these")
    chief.click(f"text=Yes, dismiss {number} rows for good")
    expect(chief.locator("body")).to_contain_text(f"Dismissed {number}")
    chief.click("text=Retry all")
    expect(chief.locator("body")).to_contain_text("still cannot be used")


def test_an_agent_finds_a_card_and_how_it_came(
    chief: Page, live_server: Any, tmp_path: Path
) -> None:
    import_file(pickup_file(tmp_path))
    import_file(delivered_file(tmp_path))
    chief.goto(f"{live_server.url}/admin/carddata/cardstatus/")
    looks(chief, "cards")
    chief.fill("input[name=q]", "0585 000 000")
    chief.press("input[name=q]", "Enter")

    expect(chief.locator(".fs-now")).to_contain_text("Delivered")
    expect(chief.locator(".fs-timeline li")).to_have_count(2)
    expect(chief.locator(".fs-answer").first).to_contain_text("Your card ZYW1000 was delivered")
    looks(chief, "card")

    chief.click(".fs-timeline a:has-text('autumn pickup.csv')")
    expect(chief.locator("aside h2")).to_have_text("autumn pickup.csv")
    chief.goto(f"{live_server.url}/admin/carddata/cardaccess/")
    expect(chief.locator("#result_list")).to_contain_text("ZYW1000")
    shoot(chief, "access-log")


def test_a_search_without_a_hit_says_how_to_search(chief: Page, live_server: Any) -> None:
    chief.goto(f"{live_server.url}/admin/carddata/cardstatus/")
    expect(chief.locator("body")).to_contain_text("No card yet")
    shoot(chief, "cards-empty")
