"""A support agent's journey in a real browser, with a local Twilio on the other end of the line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from conversations.models import CannedAnswer, Label, Line, Macro, Message, Room, Team
from tests.browser.driving import fits, listen, looks, member, shoot, sign_in
from tests.carddata.cards import make_card
from tests.customer360.desk import make_everything, waiting_room
from tests.twilio_posts import ACCOUNT, OURS, TOKEN, new_sid
from tests.twilio_server import Callbacks, LocalTwilio

BASE = "/admin/customer360/customerprofile"
CALLER = "whatsapp:+6281298765432"


@pytest.fixture
def twilio(settings: Any, live_server: Any) -> Iterator[LocalTwilio]:
    """A Twilio that sends, and reports back to the site; without a broker the site sends at once."""
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
    settings.PUBLIC_BASE_URL = live_server.url
    settings.CELERY_BROKER_URL = ""
    with LocalTwilio({ACCOUNT: TOKEN}, callbacks=Callbacks.ORDERLY, pause=0.3) as server:
        settings.TWILIO_API_BASE_URL = server.base_url
        yield server


def write(twilio: LocalTwilio, url: str, text: str) -> None:
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
    assert twilio.post(f"{url}/webhooks/twilio/inbound", form, ACCOUNT) == 200


def find_by_phone(page: Page, typed: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(typed)
    expect(page.locator("#found li")).to_have_count(1)
    page.keyboard.press("Enter")


def answer_by_keys(page: Page) -> None:
    """An answer with something lacking is shown and cannot be sent; then one that lacks nothing is."""
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


def test_an_agent_finds_a_caller_by_phone_answers_and_resolves_by_keys(
    page: Page, live_server: Any, twilio: LocalTwilio
) -> None:
    member("sari", "Support agent")
    trouble = listen(page)
    sign_in(page, live_server.url, "sari")
    CannedAnswer.objects.create(shortcut="hi", body="Halo {first_name}, ada yang bisa dibantu?")
    CannedAnswer.objects.create(shortcut="price", body="Harganya {harga} kak {first_name}")
    page.goto(f"{live_server.url}{BASE}/queue/")
    expect(page.locator(".fs-queue")).to_contain_text("Nobody waits here")
    page.evaluate("window.stayed = true")
    Line.objects.create(name="Shop", address=OURS, purpose="inbox")
    write(twilio, live_server.url, "halo kak, kartu saya di mana?")

    # The queue follows without being loaded again, and says of when it is.
    row = page.locator("[data-row]")
    expect(row).to_contain_text("Siti Rahma", timeout=20_000)
    expect(row).to_contain_text("kartu saya di mana?")
    expect(row).to_contain_text("24 h")
    assert page.evaluate("window.stayed")
    expect(page.locator("[data-as-of]")).to_contain_text("as of")

    find_by_phone(page, "0812 9876-5432")
    expect(page.locator(".fs-title")).to_contain_text("Siti Rahma")
    answer_by_keys(page)
    shown = page.locator(".fs-open-room .fs-agent")
    expect(shown).to_contain_text("Halo Siti")
    expect(shown.locator(".fs-delivery")).to_contain_text("Read", timeout=15_000)
    assert [message["body"] for message in twilio.messages.values()] == [
        "Halo Siti, ada yang bisa dibantu?"
    ]
    expect(page.locator(".fs-room-state")).to_contain_text("Mine")

    write(twilio, live_server.url, "makasih kak!")
    expect(page.locator(".fs-open-room")).to_contain_text("makasih kak!", timeout=10_000)
    page.keyboard.press("e")
    expect(page.locator(".fs-room-state")).to_contain_text("Resolved by sari")
    write(twilio, live_server.url, "satu lagi kak")
    expect(page.locator(".fs-room-state")).to_contain_text("Waits since", timeout=10_000)
    assert Room.objects.get().status == "open"
    assert Message.objects.filter(sender="agent").count() == 1
    assert trouble == []


@dataclass
class Desk:
    """A desk with everything on it: the room in question, and a macro to answer it with."""

    room: Room
    macro: Macro


@pytest.fixture
def full(twilio: LocalTwilio) -> Desk:
    room = waiting_room(1, minutes=90, name="Ana Maria", priority=4)
    make_everything(room, None, number=2)
    make_card("ZYW7631", contact="+971500000001")
    for name, colour in (("refund", "red"), ("vip", "violet"), ("late", "amber"), ("b2b", "green")):
        room.labels.add(Label.objects.create(name=name, colour=colour))
    Room.objects.filter(pk=room.pk).update(team=Team.objects.create(name="Billing"))
    CannedAnswer.objects.create(shortcut="hi", body="Halo {first_name}")
    for number in range(2, 9):
        waiting_room(number, minutes=number * 10, name=f"Pelanggan {number}", priority=number % 4)
    reply = "Halo {first_name}, dana sudah dikembalikan"
    return Desk(room, Macro.objects.create(name="Refund", reply=reply, state="resolved"))


@pytest.fixture
def lead(page: Page, live_server: Any, transactional_db: None) -> Iterator[Page]:
    """The browser of who leads the agents."""
    member("lea", "Support lead")
    trouble = listen(page)
    yield sign_in(page, live_server.url, "lea")
    assert trouble == []


def test_a_full_queue_is_worked_on_many_rooms_at_once(
    lead: Page, live_server: Any, full: Desk
) -> None:
    lead.goto(f"{live_server.url}{BASE}/queue/")
    lead.click("summary:has-text('Filters')")
    looks(lead, "full-queue")
    lead.check("[data-row] input >> nth=0")
    lead.check("[data-row] input >> nth=1")
    expect(lead.locator("[data-picked]")).to_contain_text("2 picked")
    lead.keyboard.press("e")
    expect(lead.locator(".fs-sure h1")).to_contain_text("Resolve 2 rooms?")
    looks(lead, "full-sure")


def test_a_macro_answers_a_customer_of_whom_everything_is_known(
    lead: Page, live_server: Any, full: Desk
) -> None:
    lead.goto(f"{live_server.url}{BASE}/customer/{full.room.customer_id}/?card=ZYW7631")
    lead.click("summary:has-text('Priority, team, labels')")
    lead.select_option("#macro", str(full.macro.pk))
    expect(lead.locator(".fs-macro-steps")).to_contain_text("dana sudah dikembalikan")
    looks(lead, "full-customer")
    lead.locator("[data-insert]").nth(1).click()
    expect(lead.locator("#id_body")).to_have_value(
        "Kartu ZYW7631 sudah diantar pada 14 November 2023."
    )
    lead.click("[data-macro-run]")
    expect(lead.locator(".fs-room-state")).to_contain_text("Resolved by lea")
    expect(lead.locator(".fs-open-room .fs-agent")).to_contain_text("dana sudah dikembalikan")

    for path, words, name in (
        ("times/", "First response", "full-times"),
        ("find/?q=halo&in=messages", "halo kak", "full-words"),
    ):
        lead.goto(f"{live_server.url}{BASE}/{path}")
        expect(lead.locator("body")).to_contain_text(words)
        looks(lead, name)
    for name in ("macro", "label", "team", "cannedanswer"):
        lead.goto(f"{live_server.url}/admin/conversations/{name}/add/")
        assert fits(lead)
        shoot(lead, f"full-add-{name}")


def test_the_desk_works_without_scripts(
    browser: Any, live_server: Any, twilio: LocalTwilio
) -> None:
    room = waiting_room(1, name="Ana Maria")
    CannedAnswer.objects.create(shortcut="hi", body="Halo {first_name}")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    member("sari", "Support agent")
    sign_in(page, live_server.url, "sari")
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
