"""A lead asks for a file in full in a real browser, a steward confirms it, the lead downloads it."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, expect

from funnel_site.exports import services
from funnel_site.exports.models import ExportJob
from tests.browser.test_export_pages import PASSWORD, shoot
from tests.browser.test_staff_pages import (
    CHROMIUM,
    browser_type_launch_args,  # noqa: F401 - the browser of this module, too
)
from tests.reviews.making import make_customer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Debian's chromium is not installed"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]


def enter(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/admin/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("button[type=submit]")


def test_a_lead_asks_a_steward_confirms_and_the_page_offers_the_file(
    page: Page,
    live_server: Any,
    transactional_db: None,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    for number in range(12):
        make_customer(number, name=f"Siti Rahma {number}")
    trouble: list[str] = []
    page.on("console", lambda one: trouble.append(one.text) if one.type == "error" else None)
    for name, role in (("lea", "Support lead"), ("ste", "Privacy steward")):
        user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
    enter(page, live_server.url, "lea")
    page.goto(f"{live_server.url}/admin/conversations/customer/export/?o=1")
    shoot(page, "full-form")
    page.select_option("#id_format", label="CSV")
    page.get_by_label("Names and numbers in full").check()
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_text("A reason is needed.")).to_be_visible()
    shoot(page, "full-form-without-reason")
    page.get_by_label("Why you need them").fill("Ring back who waited on Friday")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_text("Somebody else with the same right")).to_be_visible()
    shoot(page, "full-waiting")

    mine = page.url
    # A page that asks every second would lock SQLite's tables in memory for who writes.
    page.goto("about:blank")
    monkeypatch.setattr(services, "_start", lambda job_id: services.run(job_id=job_id))
    job = ExportJob.objects.get()
    other = page.context.browser.new_context().new_page()  # type: ignore[union-attr]
    enter(other, live_server.url, "ste")
    other.goto(f"{live_server.url}/admin/access/approval/{job.approval_id}/change/")
    expect(other.get_by_text(job.name)).to_be_visible()
    shoot(other, "full-approval")
    other.get_by_role("button", name="Confirm").click()
    expect(other.get_by_text("Confirmed: whoever asked")).to_be_visible()
    other.context.close()

    page.goto(mine)
    download = page.locator("#fs-exports").get_by_role("link", name="Download")
    expect(download).to_be_visible()
    with page.expect_download() as waiting:
        download.click()
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert saved.read_text(encoding="utf-8-sig").count("Siti Rahma") == 12
    shoot(page, "full-ready")
    assert not trouble
