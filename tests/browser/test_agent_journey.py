"""A support agent's journey in a real browser, with a local Twilio on the other end of the line."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, expect

from conversations.models import CannedAnswer, Label, Line, Macro, Message, Room, Team
from tests.browser.test_answering_pages import looks
from tests.browser.test_staff_pages import (  # noqa: F401 - fixtures of this browser
    CHROMIUM,
    browser_type_launch_args,
    fits,
    shoot,
)
from tests.carddata.cards import make_card
from tests.customer360.desk import make_everything, waiting_room
from tests.twilio_posts import ACCOUNT, OURS, TOKEN, new_sid
from tests.twilio_server import Callbacks, LocalTwilio

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Debian's chromium is not installed"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]
BASE = "/admin/customer360/customerprofile"
CALLER = "whatsapp:+6281298765432"


@pytest.fixture
def twilio(settings: Any, live_server: Any) -> Iterator[LocalTwilio]:
    """A Twilio that sends, and reports back to the site; without a broker the site sends at once."""
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
    settings.PUBLIC_BASE_URL = live_server.url
    settings.CELERY_BROKER_URL = ""
    import_module("conversations.migrations.0003_error_meanings").add(apps, None)
    import_module("carddata.migrations.0002_known_partners").add_partners(apps, None)
    with LocalTwilio({ACCOUNT: TOKEN}, callbacks=Callbacks.ORDERLY, pause=0.3) as server:
        settings.TWILIO_API_BASE_URL = server.base_url
        server.live_url = live_server.url  # type: ignore[attr-defined]
        yield server


def write(twilio: LocalTwilio, text: str) -> None:
    """The customer writes on WhatsApp; Twilio tells the site."""
    form = {
        "MessageSid": new_sid(),
        "AccountSid": ACCOUNT,
        "From": CALLER,
        "To": OURS,
        "Body": text,
        "NumMedia": "0",
        "ProfileName": "Siti Rahma",
    }
    status = twilio.post(f"{twilio.live_url}/webhooks/twilio/inbound", form, ACCOUNT)  # type: ignore[attr-defined]
    assert status == 200


def enter(page: Page, url: str, role: str, name: str) -> list[str]:
    """Sign in as somebody of a role; returns the list of what goes wrong in the browser."""
    user = User.objects.create_user(name, password="correct horse battery", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    trouble: list[str] = []
    page.on("console", lambda one: trouble.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(f"{url}/admin/")
    page.fill("#id_username", name)
    page.fill("#id_password", "correct horse battery")
    page.click("button[type=submit]")
    expect(page).to_have_url(f"{url}/admin/")
    return trouble


def test_an_agent_finds_a_caller_by_phone_answers_and_resolves_by_keys(
    page: Page, live_server: Any, twilio: LocalTwilio
) -> None:
    trouble = enter(page, live_server.url, "Support agent", "sari")
    CannedAnswer.objects.create(shortcut="hi", body="Halo {first_name}, ada yang bisa dibantu?")
    CannedAnswer.objects.create(shortcut="price", body="Harganya {harga} kak {first_name}")
    page.goto(f"{live_server.url}{BASE}/queue/")
    expect(page.locator(".fs-queue")).to_contain_text("Nobody waits here")
    page.evaluate("window.stayed = true")
    Line.objects.create(name="Shop", address=OURS, purpose="inbox")
    write(twilio, "halo kak, kartu saya di mana?")

    # The queue follows without being loaded again, and says of when it is.
    row = page.locator("[data-row]")
    expect(row).to_contain_text("Siti Rahma", timeout=20_000)
    expect(row).to_contain_text("kartu saya di mana?")
    expect(row).to_contain_text("24 h")
    assert page.evaluate("window.stayed")
    expect(page.locator("[data-as-of]")).to_contain_text("as of")

    page.keyboard.press("/")
    page.keyboard.type("0812 9876-5432")
    expect(page.locator("#found li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".fs-title")).to_contain_text("Siti Rahma")

    # An answer with something lacking is shown and cannot be sent.
    page.wait_for_load_state()
    page.keyboard.press("r")
    expect(page.locator("#id_body")).to_be_focused()
    page.keyboard.type("/pri")
    expect(page.locator("#slash li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("[data-preview]")).to_contain_text("{harga}")
    expect(page.locator("#answer button[type=submit]")).to_be_disabled()
    shoot(page, "desk-lacking")
    page.fill("#id_body", "")
    page.keyboard.type("/hi ")
    expect(page.locator("#id_body")).to_have_value("Halo Siti, ada yang bisa dibantu?")
    expect(page.locator("[data-preview]")).to_be_hidden()
    page.keyboard.press("Control+Enter")

    shown = page.locator(".fs-open-room .fs-agent")
    expect(shown).to_contain_text("Halo Siti")
    expect(shown.locator(".fs-delivery")).to_contain_text("Read", timeout=15_000)
    assert [message["body"] for message in twilio.messages.values()] == [
        "Halo Siti, ada yang bisa dibantu?"
    ]
    expect(page.locator(".fs-room-state")).to_contain_text("Mine")
    write(twilio, "makasih kak!")
    expect(page.locator(".fs-open-room")).to_contain_text("makasih kak!", timeout=10_000)
    page.keyboard.press("e")
    expect(page.locator(".fs-room-state")).to_contain_text("Resolved by sari")
    write(twilio, "satu lagi kak")
    expect(page.locator(".fs-room-state")).to_contain_text("Waits since", timeout=10_000)
    assert Room.objects.get().status == "open"
    assert Message.objects.filter(sender="agent").count() == 1
    assert trouble == []


def test_a_full_desk_looks_right(page: Page, live_server: Any, twilio: LocalTwilio) -> None:
    trouble = enter(page, live_server.url, "Support lead", "chief")
    room = waiting_room(1, minutes=90, name="Ana Maria", priority=4)
    make_everything(room, None, number=2)
    make_card("ZYW7631", contact="+971500000001")
    team = Team.objects.create(name="Billing")
    for name, colour in (("refund", "red"), ("vip", "violet"), ("late", "amber"), ("b2b", "green")):
        room.labels.add(Label.objects.create(name=name, colour=colour))
    Room.objects.filter(pk=room.pk).update(team=team)
    macro = Macro.objects.create(
        name="Refund", reply="Halo {first_name}, dana sudah dikembalikan", state="resolved"
    )
    CannedAnswer.objects.create(shortcut="hi", body="Halo {first_name}")
    for number in range(2, 9):
        waiting_room(number, minutes=number * 10, name=f"Pelanggan {number}", priority=number % 4)

    page.goto(f"{live_server.url}{BASE}/queue/")
    page.click("summary:has-text('Filters')")
    looks(page, "full-queue")
    page.check("[data-row] input >> nth=0")
    page.check("[data-row] input >> nth=1")
    expect(page.locator("[data-picked]")).to_contain_text("2 picked")
    page.keyboard.press("e")
    expect(page.locator(".fs-sure h1")).to_contain_text("Resolve 2 rooms?")
    looks(page, "full-sure")
    page.click("text=No")

    page.goto(f"{live_server.url}{BASE}/customer/{room.customer_id}/?card=ZYW7631")
    page.click("summary:has-text('Priority, team, labels')")
    page.select_option("#macro", str(macro.pk))
    expect(page.locator(".fs-macro-steps")).to_contain_text("dana sudah dikembalikan")
    looks(page, "full-customer")
    page.locator("[data-insert]").nth(1).click()
    expect(page.locator("#id_body")).to_have_value(
        "Kartu ZYW7631 sudah diantar pada 14 November 2023."
    )
    page.click("[data-macro-run]")
    expect(page.locator(".fs-room-state")).to_contain_text("Resolved by chief")
    expect(page.locator(".fs-open-room .fs-agent")).to_contain_text("dana sudah dikembalikan")

    page.goto(f"{live_server.url}{BASE}/times/")
    expect(page.locator("body")).to_contain_text("First response")
    looks(page, "full-times")
    page.goto(f"{live_server.url}{BASE}/find/?q=halo&in=messages")
    expect(page.locator("body")).to_contain_text("halo kak")
    looks(page, "full-words")
    for name in ("macro", "label", "team", "cannedanswer"):
        page.goto(f"{live_server.url}/admin/conversations/{name}/add/")
        assert fits(page)
        shoot(page, f"full-add-{name}")
    assert trouble == []


def test_the_desk_works_without_scripts(
    browser: Any, live_server: Any, twilio: LocalTwilio
) -> None:
    room = waiting_room(1, name="Ana Maria")
    CannedAnswer.objects.create(shortcut="hi", body="Halo {first_name}")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    enter(page, live_server.url, "Support agent", "sari")
    page.goto(f"{live_server.url}{BASE}/queue/")
    page.fill("#find", "0812 0000 0001")
    page.keyboard.press("Enter")
    expect(page.locator(".fs-title")).to_contain_text("Ana Maria")
    page.select_option("#canned", "hi")
    page.click("text=Put into the box")
    expect(page.locator("#id_body")).to_have_value("Halo Ana")
    page.click("#answer button[type=submit]")
    expect(page.locator(".fs-open-room .fs-agent")).to_contain_text("Halo Ana")
    page.click("button[value=resolve]")
    expect(page.locator(".fs-room-state")).to_contain_text("Resolved by sari")
    assert Room.objects.get(pk=room.pk).status == "resolved"
    context.close()
