"""What tests that drive a browser share: sign in, notice what goes wrong, look at a page, keep pictures.

SCREENSHOTS=folder keeps a picture of each page that a test looks at.
"""

import os
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, ViewportSize, expect

SHOTS = Path(os.environ.get("SCREENSHOTS", "")) if os.environ.get("SCREENSHOTS") else None
PASSWORD = "correct horse battery"
DESK: ViewportSize = {"width": 1366, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def member(name: str, role: str) -> User:
    """Somebody who may sign in, with one role."""
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def sign_in(page: Page, url: str, name: str) -> Page:
    page.set_viewport_size(DESK)
    page.goto(f"{url}/admin/")
    shoot(page, "login")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("button[type=submit]")
    expect(page).to_have_url(f"{url}/admin/")
    return page


def listen(page: Page) -> list[str]:
    """The list that errors and warnings of the console, failed answers and dialogs are put on."""
    trouble: list[str] = []

    def console(message: Any) -> None:
        if message.type in ("error", "warning"):
            trouble.append(message.text)

    def response(answer: Any) -> None:
        if answer.status >= 400:
            trouble.append(f"{answer.status} {answer.url}")

    page.on("console", console)
    page.on("response", response)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: trouble.append(f"dialog: {dialog.message}"))
    return trouble


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def be_dark(page: Page, *, dark: bool) -> None:
    page.evaluate("on => document.documentElement.classList.toggle('dark', on)", dark)


def looks(page: Page, name: str) -> None:
    """In light, in dark and on a phone: nothing has to be scrolled sideways in any."""
    for suffix, size, dark in (("", DESK, False), ("-dark", DESK, True), ("-phone", PHONE, False)):
        page.set_viewport_size(size)
        be_dark(page, dark=dark)
        assert fits(page), f"{name}{suffix}"
        shoot(page, f"{name}{suffix}")
    page.set_viewport_size(DESK)
