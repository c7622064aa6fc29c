"""Everybody reads the pages in their own language and zone; figures and files stay the same for all."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from conversations.models import Room
from funnel_site.access.models import Preference
from funnels.models import Funnel
from tests.reviews.making import make_customer, make_message, make_room

AT = datetime(2025, 4, 21, 22, 30, tzinfo=UTC)
"""The 22nd, 5:30 in Jakarta, which is the site's zone."""


@pytest.fixture
def chief(db: None) -> Client:
    User.objects.create_superuser("chief", password="correct horse battery")
    return enter()


def enter(**headers: str) -> Client:
    """Sign in by the form, as a browser with these headers."""
    client = Client(headers=headers)
    client.post(
        "/admin/login/", {"username": "chief", "password": "correct horse battery"}, follow=True
    )
    return client


@pytest.fixture
def room(db: None) -> Room:
    room = make_room(make_customer(1, name="Siti"))
    make_message(room, body="promo kak", sent_at=AT)
    Funnel.objects.filter(room=room).delete()
    Funnel.objects.create(
        room=room,
        cycle=1,
        customer=room.customer,
        stage="opening",
        channel="whatsapp",
        lead_basis="keyword",
        began_at=AT,
        leads_date=AT,
        transaction_date=AT,
        transaction_value=1_250_000,
        currency="IDR",
    )
    return room


def choose(client: Client, language: str = "", time_zone: str = "") -> Any:
    return client.post(
        reverse("admin:access_account_looks"), {"language": language, "time_zone": time_zone}
    )


def test_the_browsers_language_holds_until_one_is_chosen(chief: Client) -> None:
    asked = enter(accept_language="id-ID,id;q=0.9")
    assert 'lang="id"' in asked.get("/admin/").content.decode()
    assert "Antrean" in asked.get("/admin/").content.decode()

    choose(asked, language="en")

    assert "Queue" in asked.get("/admin/").content.decode()
    again = enter(accept_language="id-ID,id;q=0.9")
    assert 'lang="en"' in again.get("/admin/").content.decode()
    assert again.get("/admin/")["Content-Language"] == "en"


def test_the_menu_changes_the_language_and_stays_on_the_page(chief: Client) -> None:
    page = "http://testserver/admin/funnels/funnel/"
    answer = chief.post(
        reverse("admin:access_account_language"), {"language": "id"}, headers={"referer": page}
    )

    assert answer["Location"] == page
    assert "Prospek" in chief.get("/admin/funnels/funnel/").content.decode()
    elsewhere = {"referer": "https://evil.example/"}
    answer = chief.post(
        reverse("admin:access_account_language"), {"language": "xx"}, headers=elsewhere
    )
    assert answer["Location"] == "/admin/"
    assert Preference.objects.get().language == "id"


def test_times_are_in_the_viewers_zone_with_utc_beside_them(chief: Client, room: Room) -> None:
    address = f"/admin/conversations/room/{room.pk}/change/"
    assert ">05:30</time>" in chief.get(address).content.decode()

    choose(chief, time_zone="Europe/London")

    shown = chief.get(address).content.decode()
    assert ">23:30</time>" in shown
    assert 'title="2025-04-21 22:30:00 UTC"' in shown
    assert choose(chief, time_zone="Mars/Olympus").status_code == 200
    assert Preference.objects.get().time_zone == "Europe/London"


def test_the_browsers_zone_is_read_from_its_cookie(chief: Client, room: Room) -> None:
    address = f"/admin/conversations/room/{room.pk}/change/"

    for zone, time in (("Asia/Tokyo", "07:30"), ("../../etc/passwd", "05:30"), ("", "05:30")):
        chief.cookies["zone"] = zone
        assert f">{time}</time>" in chief.get(address).content.decode()


def test_figures_and_files_do_not_follow_the_viewers_zone(chief: Client, room: Room) -> None:
    report = "/api/funnel-report?date_from=2025-04-22&date_to=2025-04-22"
    form = {"format": "0", "resource": "", "funnelresource_leads_date": "on"}

    def seen() -> tuple[Any, list[Any]]:
        rows = chief.get(report).json()
        file = chief.post("/admin/funnels/funnel/export/", form)
        # The bytes of a workbook hold the moment at which it was made.
        sheet = load_workbook(BytesIO(b"".join(file))).active
        return rows, list(sheet.values)

    before = seen()
    assert len(before[0]["results"]) == 1
    assert len(before[1]) == 2
    choose(chief, language="id", time_zone="America/Los_Angeles")

    assert seen() == before


def test_money_is_written_as_the_language_does(chief: Client, room: Room) -> None:
    assert "IDR 1,250,000" in chief.get("/admin/funnels/funnel/").content.decode()

    choose(chief, language="id")

    assert "Rp 1.250.000" in chief.get("/admin/funnels/funnel/").content.decode()
