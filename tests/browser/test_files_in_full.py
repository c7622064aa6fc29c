"""A lead asks for a file in full in a real browser, a steward confirms it, the lead downloads it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from funnel_site.exports.models import ExportJob
from funnel_site.lib import background
from tests.browser.driving import listen, looks, member, sign_in
from tests.reviews.making import make_customer


def ask_in_full(page: Page, url: str) -> None:
    """A reason is wanted, and that somebody else confirms it."""
    page.goto(f"{url}/admin/conversations/customer/export/?o=1")
    looks(page, "full-form")
    page.select_option("#id_format", label="CSV")
    page.get_by_label("Names and numbers in full").check()
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_text("A reason is needed.")).to_be_visible()
    looks(page, "full-form-without-reason")
    page.get_by_label("Why you need them").fill("Ring back who waited on Friday")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_text("Somebody else with the same right")).to_be_visible()
    looks(page, "full-waiting")


def confirm(page: Page, url: str, job: ExportJob) -> None:
    page.goto(f"{url}/admin/access/approval/{job.approval_id}/change/")
    expect(page.get_by_text(job.name)).to_be_visible()
    looks(page, "full-approval")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Confirmed: whoever asked")).to_be_visible()


def test_a_lead_asks_a_steward_confirms_and_the_page_offers_the_file(
    page: Page,
    second: Page,
    live_server: Any,
    transactional_db: None,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    for number in range(12):
        make_customer(number, name=f"Siti Rahma {number}")
    member("lea", "Support lead")
    member("ste", "Privacy steward")
    trouble = listen(page)
    ask_in_full(sign_in(page, live_server.url, "lea"), live_server.url)

    mine = page.url
    # A page that asks every second would lock SQLite's tables in memory for who writes.
    page.goto("about:blank")
    monkeypatch.setattr(background, "_begin", lambda task, job_id, here: here(job_id))
    sign_in(second, live_server.url, "ste")
    confirm(second, live_server.url, ExportJob.objects.get())

    page.goto(mine)
    download = page.locator("#fs-exports").get_by_role("link", name="Download")
    expect(download).to_be_visible()
    with page.expect_download() as waiting:
        download.click()
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert saved.read_text(encoding="utf-8-sig").count("Siti Rahma") == 12
    looks(page, "full-ready")
    assert trouble == []
