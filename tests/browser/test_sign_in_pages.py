"""Signing in with a second factor, data requests and what runs, in a real browser."""

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from conversations.models import Customer
from operations.selectors import works
from tests.browser.driving import PASSWORD, looks

ACCOUNT = "/admin/access/apikey/account/"


def test_staff_turn_the_second_factor_on_and_sign_in_with_it(
    staff: Page,
    live_server: Any,
) -> None:
    staff.goto(f"{live_server.url}{ACCOUNT}")
    looks(staff, "account")
    staff.click("summary")
    secret = (staff.text_content("#totp-secret") or "").replace(" ", "")
    device = TOTPDevice.objects.get()
    assert secret in device.config_url
    staff.fill("#id_token", f"{totp(device.bin_key):06d}")
    staff.click("button:has-text('Turn it on')")
    expect(staff.locator("#recovery-codes")).to_be_visible()
    codes = (staff.text_content("#recovery-codes") or "").split()
    assert len(codes) == 10
    looks(staff, "account-codes")

    staff.context.clear_cookies()
    staff.goto(f"{live_server.url}/admin/")
    staff.fill("#id_username", "admin")
    staff.fill("#id_password", PASSWORD)
    staff.click("button[type=submit]")
    expect(staff.locator("body")).to_contain_text("Enter the code of your second factor")
    looks(staff, "login-code")
    TOTPDevice.objects.update(last_t=-1)
    staff.fill("#id_password", PASSWORD)
    staff.fill("#id_otp_token", f"{totp(device.bin_key):06d}")
    staff.click("button[type=submit]")

    expect(staff).to_have_url(f"{live_server.url}/admin/")
    assert User.objects.get(username="admin").is_authenticated


def test_a_steward_finds_and_erases_a_customer(staff: Page, live_server: Any) -> None:
    customer = Customer.objects.exclude(phone_number="").order_by("pk").first()
    assert customer is not None
    staff.goto(f"{live_server.url}/admin/privacy/datarequest/find/")
    looks(staff, "request-find")
    staff.fill("#id_who", customer.phone_number)
    staff.click("button:has-text('Find')")
    expect(staff.locator("body")).to_contain_text("Erase for good")
    looks(staff, "request-customer")
    with staff.expect_download() as download:
        staff.fill("#id_export_reason", "ticket 1")
        staff.click("button:has-text('Download JSON')")
    assert customer.phone_number in Path(download.value.path()).read_text()

    staff.fill("#id_erase_reason", "ticket 2")
    staff.fill("#id_sure", "ERASE")
    staff.click("button:has-text('Erase for good')")

    expect(staff.locator("body")).to_contain_text("The customer is erased.")
    looks(staff, "request-done")


def test_an_operator_sees_what_runs_and_starts_it(staff: Page, live_server: Any) -> None:
    staff.goto(f"{live_server.url}/admin/operations/taskrun/overview/")
    expect(staff.locator(".fs-run")).to_have_count(len(works()))
    looks(staff, "operations")
    staff.click("text=Replay dead letters")
    expect(staff.locator("body")).to_contain_text("Put 1 dead letters back in line")

    staff.goto(f"{live_server.url}/admin/operations/taskrun/system/")
    expect(staff.locator("body")).to_contain_text("Inbox lag")
    looks(staff, "system")
