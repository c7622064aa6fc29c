"""Tests of this folder drive Debian's Chromium against the live server."""

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from django.contrib.auth.models import User
from django.db import connection
from playwright.sync_api import Browser, Page

from carddata.services import starting
from carddata.services.importing import run
from conversations.services.drain import drain_inbox
from conversations.services.files import ingest_lines
from conversations.services.inbox import Delivery, store_deliveries
from funnel_site.demo import demo_day
from funnels.services.keywords import sync_keywords
from tests.browser.driving import PASSWORD, listen, sign_in
from tests.conftest import ROOT

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Debian's chromium is not installed"),
    pytest.mark.django_db(transaction=True),
]


def pytest_itemcollected(item: pytest.Item) -> None:
    for mark in MARKS:
        item.add_marker(mark)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium; the test tool's own download is not used."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {"executable_path": CHROMIUM, "args": ARGUMENTS}


@pytest.fixture
def busy_site(transactional_db: None) -> None:
    """A demo day, a dead letter, and a sync that failed."""
    assert not sync_keywords(source=str(ROOT / "funnels/starter_keywords.csv")).error
    zone = ZoneInfo("Asia/Jakarta")
    lines = (orjson.dumps(body) for body in demo_day(date(2025, 4, 21), customers=60, zone=zone))
    for _ in ingest_lines(lines, source="demo"):
        pass
    letter = b'{"phone": "nobody", "text": "<img src=x onerror=alert(1)>"}'
    store_deliveries(
        source="webhook",
        deliveries=[Delivery(key="id:bad", body=letter)],
        received_at=datetime(2025, 4, 21, 12, tzinfo=zone),
    )
    drain_inbox()
    assert sync_keywords(source="no-such-file.csv").error


@pytest.fixture
def chief(page: Page, live_server: Any, transactional_db: None) -> Iterator[Page]:
    """An administrator's browser, signed in by the form; whatever goes wrong in it fails the test."""
    User.objects.create_superuser("admin", password=PASSWORD)
    trouble = listen(page)
    yield sign_in(page, live_server.url, "admin")
    assert trouble == []


@pytest.fixture
def staff(busy_site: None, chief: Page) -> Page:
    """The administrator's browser on a site with work in it."""
    return chief


@pytest.fixture
def second(browser: Browser) -> Iterator[Page]:
    """Another person's browser."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def owing(settings: Any) -> None:
    """An account, and a broker that takes work and does none: what is owed stays owed."""
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_AUTH_TOKEN = "a token of tests"
    settings.CELERY_BROKER_URL = "memory://"


@pytest.fixture
def one_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' SQLite lies in memory, where a second writer is refused instead of made to wait.

    So there the work on a partner's file is done in the request, by the same service; on PostgreSQL as
    on a real site.
    """
    if connection.vendor == "sqlite":
        monkeypatch.setattr(starting, "_start", lambda file_id: run(file_id=file_id))
