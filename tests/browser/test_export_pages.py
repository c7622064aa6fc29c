"""An analyst takes a filtered funnel out in a real browser: at once, and in the background."""

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import OperationalError
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from funnel_site.exports import services
from funnel_site.exports.models import ExportJob
from funnels.models import Keyword
from tests.browser.driving import PASSWORD, listen, looks, member, shoot, sign_in
from tests.funnels.making import make_funnel
from tests.reviews.making import make_customer, make_room


@pytest.fixture
def analyst(
    page: Page, live_server: Any, transactional_db: None, settings: Any, tmp_path: Path
) -> Iterator[Page]:
    """Signed in by the form, with forty sales to look at; whatever goes wrong in it fails the test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    member("ana", "Analyst")
    for number in range(40):
        customer = make_customer(number, name="Siti Rahma")
        make_funnel(
            make_room(customer, source="crm", external_id=f"room-{number:02}"),
            channel="instagram",
            stage="transaction" if number % 4 == 0 else "opening",
            leads_date=now() - timedelta(hours=number),
        )
    trouble = listen(page)
    yield sign_in(page, live_server.url, "ana")
    assert trouble == []


def test_an_analyst_filters_the_funnel_exports_and_opens_the_csv(
    analyst: Page, live_server: Any, tmp_path: Path
) -> None:
    analyst.goto(f"{live_server.url}/admin/funnels/funnel/?stage__exact=transaction")
    analyst.locator("a[href*='/funnel/export/']").click()
    expect(analyst.get_by_role("heading", name="10 rows")).to_be_visible()
    expect(analyst.get_by_text("masked:")).to_be_visible()
    looks(analyst, "export-form")
    analyst.select_option("#id_format", label="CSV")
    with analyst.expect_download() as waiting:
        analyst.get_by_role("button", name="Download").click()
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert saved.name.startswith("funnels-")
    with saved.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["room_id"] for row in rows] == [f"room-{n:02}" for n in range(0, 40, 4)]
    assert all(row["phone_number"].startswith("****") for row in rows)


@pytest.fixture
def _slow_files(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of more than five rows are made in the background, slowly enough to be watched."""
    settings.EXPORT_ROWS_AT_ONCE = 5
    monkeypatch.setattr("funnel_site.lib.export_rows.PAGE", 4)
    monkeypatch.setattr("funnel_site.exports.services.BEAT", 0)
    real = patient(services._write)

    def slow(job: ExportJob, **values: Any) -> None:
        time.sleep(0.3)
        real(job, **values)

    monkeypatch.setattr(services, "_write", slow)
    monkeypatch.setattr(services, "run", patient(services.run))


def patient(work: Callable[..., Any]) -> Callable[..., Any]:
    """The tests' SQLite lies in memory, where a second writer is refused instead of made to wait."""

    def waiting(*given: Any, **named: Any) -> Any:
        for _ in range(100):
            with suppress(OperationalError):
                return work(*given, **named)
            time.sleep(0.05)
        return work(*given, **named)

    return waiting


def file_in_background(page: Page, url: str, folder: Path) -> str:
    """Have the file made, wait for it, take it; returns the link to it."""
    page.goto(f"{url}/admin/funnels/funnel/export/?o=1")
    page.get_by_role("button", name="Have the file made").click()
    expect(page.locator("progress")).to_be_visible()
    shoot(page, "my-exports-running")
    download = page.locator("#fs-exports").get_by_role("link", name="Download")
    expect(download).to_be_visible(timeout=20_000)
    with page.expect_download() as waiting:
        download.click()
    saved = folder / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert saved.suffix == ".xlsx"
    assert saved.stat().st_size == ExportJob.objects.get().size
    return f"{url}{download.get_attribute('href')}"


@pytest.mark.usefixtures("_slow_files")
def test_above_the_threshold_one_waits_and_downloads_and_the_link_ends(
    analyst: Page, second: Page, live_server: Any, tmp_path: Path
) -> None:
    link = file_in_background(analyst, live_server.url, tmp_path)
    for state in ("failed", "cancelled", "given"):
        ExportJob.objects.create(
            user=User.objects.get(username="ana"), who="ana", report="reviews.review", format="csv",
            state=state, asked_at=now(), name=f"reviews-1f3a9c20-{state}.csv",
            reason="It broke off (TimeoutError). Try it again." if state == "failed" else "",
        )  # fmt: skip
    analyst.reload()
    looks(analyst, "my-exports")
    ExportJob.objects.update(expires_at=now() - timedelta(seconds=1))
    analyst.goto(link)
    expect(analyst.get_by_text("This file has expired")).to_be_visible()

    ExportJob.objects.update(expires_at=now() + timedelta(hours=1))
    User.objects.create_superuser("other", password=PASSWORD)
    answer = sign_in(second, live_server.url, "other").goto(link)
    assert answer is not None
    assert answer.status == 404


def test_an_import_shows_what_would_change(analyst: Page, live_server: Any) -> None:
    Keyword.objects.create(stage="opening", phrase="promo hari ini", channel="ads")
    Keyword.objects.create(stage="booking", phrase="mau booking", channel="ads")
    # A sheet of keywords is published at once: that is for those who need no second person.
    User.objects.get(username="ana").user_permissions.add(
        Permission.objects.get(codename="publish_keyword")
    )
    analyst.goto(f"{live_server.url}/admin/funnels/keyword/import/")
    looks(analyst, "import-form")
    lines = (
        "stage,phrase,channel,mode,is_active\nopening,promo hari ini,instagram,phrase,1\n"
        "booking,mau booking,ads,phrase,1\ntransaction,sudah transfer,website,phrase,1\n"
    )

    def hand_in(text: str) -> None:
        file: Any = {"name": "k.csv", "mimeType": "text/csv", "buffer": text.encode()}
        analyst.set_input_files("#id_import_file", file)
        analyst.select_option("#id_format", label="csv")
        analyst.get_by_role("button", name="Preview").click()

    hand_in(lines + "nowhere,x,ads,phrase,1\n")
    expect(analyst.get_by_text("Nothing was changed.")).to_be_visible()
    expect(
        analyst.get_by_role("cell", name="One of opening, booking, transaction.")
    ).to_be_visible()
    looks(analyst, "import-errors")
    hand_in(lines)
    expect(analyst.locator("del", has_text="ads")).to_be_visible()
    looks(analyst, "import-preview")
    assert Keyword.objects.count() == 2
    analyst.get_by_role("button", name="Confirm import").click()
    expect(analyst.get_by_text("1 new, 1 updated")).to_be_visible()
    assert Keyword.objects.count() == 3
