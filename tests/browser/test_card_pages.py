"""The staff pages of cards in a real browser: a sample tried, an import watched, rejects mended, a card."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from carddata.models import CardStatus, Partner, PartnerFile, RejectedRow
from carddata.services import starting
from carddata.services.files import import_file
from carddata.services.importing import run
from carddata.services.partners import configure_partners
from tests.browser.test_staff_pages import CHROMIUM, fits, shoot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Debian's chromium is not installed"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]

HEADER = "ID ,Card ID,User contact,Timestamp,Comment\n"


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium; the test tool's own download is not used."""
    from tests.browser.test_staff_pages import ARGUMENTS

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {"executable_path": CHROMIUM, "args": ARGUMENTS}


@pytest.fixture(autouse=True)
def _one_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' SQLite lies in memory, where a second writer is refused instead of made to wait.

    So there the work is done in the request, by the same service; on PostgreSQL as on a real site.
    """
    if connection.vendor == "sqlite":
        monkeypatch.setattr(starting, "_start", lambda file_id: run(file_id=file_id))


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


@pytest.fixture
def staff(page: Page, live_server: Any, transactional_db: None) -> Iterator[Page]:
    """An administrator's browser; every console error, and every answer of 400 or more, fails the test."""
    configure_partners()
    User.objects.create_superuser("admin", password="correct horse battery")
    trouble: list[str] = []
    page.on(
        "console", lambda message: trouble.append(message.text) if message.type == "error" else None
    )
    page.on(
        "response",
        lambda answer: (
            trouble.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        ),
    )
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: trouble.append(f"dialog: {dialog.message}"))
    page.set_viewport_size({"width": 1366, "height": 900})
    page.goto(f"{live_server.url}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "correct horse battery")
    page.click("button[type=submit]")
    expect(page).to_have_url(f"{live_server.url}/admin/")
    yield page
    assert trouble == []


def in_every_light(page: Page, name: str) -> None:
    """The page fits and is kept as a picture: bright, dark, and as narrow as a phone."""
    assert fits(page), name
    shoot(page, name)
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits(page), f"{name} on a phone"
    shoot(page, f"{name}-phone")
    page.set_viewport_size({"width": 1366, "height": 900})
    page.evaluate("document.documentElement.classList.add('dark')")
    shoot(page, f"{name}-dark")
    page.evaluate("document.documentElement.classList.remove('dark')")


def test_a_sample_is_tried_again_and_again_before_anything_is_saved(
    staff: Page, live_server: Any, tmp_path: Path
) -> None:
    partner = Partner.objects.get(name="Delivered")
    staff.goto(f"{live_server.url}/admin/carddata/partner/{partner.pk}/change/")
    staff.set_input_files("input[name=sample]", delivered_file(tmp_path))
    staff.click("button[name=_preview]")
    preview = staff.locator("#fs-preview")
    expect(preview).to_contain_text("As it would be read")
    expect(preview).to_contain_text("31-02-2026")
    expect(preview).to_contain_text("Words without a status of ours")
    in_every_light(staff, "partner-preview")

    staff.fill("textarea[name=words]", "DELIVERED = delivered\nLEFT WITH NEIGHBOUR = delivered")
    staff.click("button[name=_preview]")

    expect(preview).not_to_contain_text("Words without a status of ours")
    partner.refresh_from_db()
    assert partner.status_map == {"DELIVERED": "delivered"}
    assert not PartnerFile.objects.exists()

    staff.click("button[name=_save]")
    expect(staff.locator("body")).to_contain_text("was changed successfully")
    partner.refresh_from_db()
    assert partner.status_map["LEFT WITH NEIGHBOUR"] == "delivered"


def test_a_setting_that_cannot_work_is_shown_instead_of_a_preview(
    staff: Page, live_server: Any, tmp_path: Path
) -> None:
    partner = Partner.objects.get(name="Delivered")
    staff.goto(f"{live_server.url}/admin/carddata/partner/{partner.pk}/change/")
    staff.set_input_files("input[name=sample]", delivered_file(tmp_path))
    staff.fill("input[name=time_zone]", "Mars/Phobos")

    staff.click("button[name=_preview]")

    expect(staff.locator("#fs-preview")).to_contain_text("time zone")


def test_an_uploaded_file_is_watched_until_it_is_in(
    staff: Page, live_server: Any, tmp_path: Path
) -> None:
    staff.goto(f"{live_server.url}/admin/carddata/partnerfile/")
    expect(staff.locator("body")).to_contain_text("No file yet")
    shoot(staff, "files-empty")
    staff.click("text=Upload one")
    shoot(staff, "upload")
    staff.set_input_files("input[name=uploads]", delivered_file(tmp_path))
    staff.click("text=Upload and import")

    expect(staff.locator("#fs-progress h2")).to_have_text("Done", timeout=20_000)

    expect(staff.locator("[data-figure=read]")).to_have_text("60")
    expect(staff.locator("body")).to_contain_text("Mend the rejected rows")
    in_every_light(staff, "file-done")


def test_a_running_import_moves_without_a_reload(staff: Page, live_server: Any) -> None:
    file = PartnerFile.objects.create(
        partner=Partner.objects.get(name="Delivered"), name="big delivered.csv", sha256="b" * 64,
        size=52_000_000, way="upload", state="loading", rows_total=1_000_000, read=250_000,
        loaded=240_000, duplicate=9_000, rejected=1_000, started_at=now(), heartbeat_at=now(),
    )  # fmt: skip
    staff.goto(f"{live_server.url}/admin/carddata/partnerfile/{file.pk}/change/")
    bar = staff.locator("#fs-progress progress")
    expect(bar).to_have_attribute("value", "25")
    in_every_light(staff, "import-running")

    PartnerFile.objects.filter(pk=file.pk).update(read=750_000, loaded=740_000)

    expect(staff.locator("[data-figure=read]")).to_have_text("750,000")
    expect(staff.locator("[data-figure=note]")).to_contain_text("750,000 of 1,000,000")
    assert bar.evaluate("bar => bar.value") == 75

    PartnerFile.objects.filter(pk=file.pk).update(
        read=1_000_000, loaded=990_000, state="done", finished_at=now()
    )

    expect(staff.locator("#fs-progress h2")).to_have_text("Done")
    expect(staff.locator("text=Undo the import")).to_be_visible()


def test_a_running_import_is_cancelled(staff: Page, live_server: Any) -> None:
    file = PartnerFile.objects.create(
        partner=Partner.objects.get(name="Delivered"), name="big delivered.csv", sha256="b" * 64,
        size=52_000_000, way="upload", state="loading", rows_total=1_000_000, started_at=now(),
    )  # fmt: skip
    staff.goto(f"{live_server.url}/admin/carddata/partnerfile/{file.pk}/change/")

    staff.click("text=Cancel the import")

    expect(staff.locator("#fs-progress h2")).to_have_text("Cancelled", timeout=20_000)


def test_an_import_is_undone_and_redone(staff: Page, live_server: Any, tmp_path: Path) -> None:
    file = import_file(delivered_file(tmp_path)).file
    before = CardStatus.objects.count()
    staff.goto(f"{live_server.url}/admin/carddata/partnerfile/{file.pk}/change/")
    staff.click("text=Undo the import")
    shoot(staff, "undo")
    staff.fill("input[name=reason]", "the wrong month")
    staff.click("button:has-text('Undo the import')")
    expect(staff.locator("#fs-progress h2")).to_have_text("Undone", timeout=20_000)
    expect(staff.locator("body")).to_contain_text("the wrong month")
    shoot(staff, "file-undone")
    assert not CardStatus.objects.exists()

    staff.click("text=Redo the import")

    expect(staff.locator("#fs-progress h2")).to_have_text("Done", timeout=20_000)
    assert CardStatus.objects.count() == before


def test_rejected_rows_are_mended_at_the_workbench(
    staff: Page, live_server: Any, tmp_path: Path
) -> None:
    file = import_file(delivered_file(tmp_path)).file
    number = RejectedRow.objects.filter(reason="bad_timestamp").count()
    staff.goto(f"{live_server.url}/admin/carddata/rejectedrow/")
    shoot(staff, "rejects")
    staff.click("table a:has-text('Mend')")
    expect(staff.locator("body")).to_contain_text(f"{number} × The time is in none")
    in_every_light(staff, "workbench")

    with staff.expect_download() as download:
        staff.click("text=Download the resubmit file")
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == 1 + RejectedRow.objects.filter(file=file).count()

    staff.click("section:has-text('The time is in none') >> text=Dismiss these")
    staff.click(f"text=Yes, dismiss {number} rows for good")
    expect(staff.locator("body")).to_contain_text(f"Dismissed {number}")
    staff.click("text=Retry all")
    expect(staff.locator("body")).to_contain_text("still cannot be used")


def test_an_agent_finds_a_card_and_how_it_came(
    staff: Page, live_server: Any, tmp_path: Path
) -> None:
    import_file(pickup_file(tmp_path))
    import_file(delivered_file(tmp_path))
    staff.goto(f"{live_server.url}/admin/carddata/cardstatus/")
    in_every_light(staff, "cards")
    staff.fill("input[name=q]", "0585 000 000")
    staff.press("input[name=q]", "Enter")

    expect(staff.locator(".fs-now")).to_contain_text("Delivered")
    expect(staff.locator(".fs-timeline li")).to_have_count(2)
    expect(staff.locator(".fs-answer").first).to_contain_text("Your card ZYW1000 was delivered")
    in_every_light(staff, "card")

    staff.click(".fs-timeline a:has-text('autumn pickup.csv')")
    expect(staff.locator("aside h2")).to_have_text("autumn pickup.csv")
    staff.goto(f"{live_server.url}/admin/carddata/cardaccess/")
    expect(staff.locator("#result_list")).to_contain_text("ZYW1000")
    shoot(staff, "access-log")


def test_a_search_without_a_hit_says_how_to_search(staff: Page, live_server: Any) -> None:
    staff.goto(f"{live_server.url}/admin/carddata/cardstatus/")
    expect(staff.locator("body")).to_contain_text("No card yet")
    shoot(staff, "cards-empty")
