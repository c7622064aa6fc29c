"""Answering, moderating and the bot's words in a real browser."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from conversations.models import Customer, Message, MessageTemplate, Room, Sending
from conversations.services.consent import note_consent
from conversations.services.sending import send_message
from conversations.services.statuses import apply_report
from conversations.twilio_shapes import StatusReport
from reviews.models import BotWords, Review
from tests.browser.driving import fits, looks, shoot
from tests.reviews.making import make_customer, make_message, make_review, make_room

pytestmark = pytest.mark.usefixtures("owing")
STATES = [
    ("queued", "", "Sending"),
    ("sent", "", "Sent"),
    ("delivered", "", "Delivered"),
    ("read", "", "Read"),
    ("failed", "63024", "Failed: The number is not on WhatsApp"),
    ("undelivered", "30008", "Not delivered"),
]


@pytest.fixture
def room(transactional_db: None) -> Room:
    customer = make_customer(name="Ana Maria")
    room = make_room(customer, last_inbound_at=now() - timedelta(minutes=5))
    make_message(room, sender="bot", body="Thanks Ana -- recorded.", sent_at=now(), status="read")
    return room


def report(message: Message, status: str, code: str = "") -> None:
    apply_report(
        StatusReport(
            account_sid="",
            sid=f"SM{message.pk:032x}",
            word=status,
            error_code=code,
            error_text="",
            message_id=message.pk,
        )
    )


def test_an_agent_answers_and_sees_what_becomes_of_it(
    staff: Page,
    live_server: Any,
    room: Room,
) -> None:
    staff.goto(f"{live_server.url}/admin/conversations/room/{room.pk}/change/")
    expect(staff.locator("#answer")).to_contain_text("You can write freely for another 23 h")
    staff.fill("#id_body", "Halo Ana, terima kasih!")
    staff.keyboard.press("Control+Enter")

    shown = staff.locator(".fs-agent").last
    expect(shown).to_contain_text("Halo Ana, terima kasih!")
    expect(shown.locator(".fs-delivery")).to_contain_text("Sending")
    message = Message.objects.get(room=room, sender="agent")

    # The page follows by itself, and what is being typed meanwhile stays.
    staff.fill("#id_body", "half a sen")
    for status, words in (("sent", "Sent"), ("delivered", "Delivered"), ("read", "Read")):
        report(message, status)
        expect(shown.locator(".fs-delivery")).to_contain_text(words, timeout=10_000)
    assert staff.input_value("#id_body") == "half a sen"


def test_every_delivery_state_can_be_told_apart(
    staff: Page,
    live_server: Any,
    room: Room,
) -> None:
    author = User.objects.get(username="admin")
    for number, (status, code, _) in enumerate(STATES):
        message = send_message(room=room, text=f"Jawaban {number}", author=author)
        if status != "queued":
            report(message, status, code)
    lost = send_message(room=room, text="Jawaban yang hilang", author=author)
    Sending.objects.filter(message=lost).update(state="unknown")

    staff.goto(f"{live_server.url}/admin/conversations/room/{room.pk}/change/")

    shown = staff.locator(".fs-agent .fs-delivery")
    for number, (_, _, words) in enumerate(STATES):
        expect(shown.nth(number)).to_contain_text(words)
        expect(shown.nth(number).locator(".material-symbols-outlined")).to_be_visible()
    expect(shown.last).to_contain_text("Unknown: it may have left")
    colours = {
        shown.nth(number).evaluate("one => getComputedStyle(one).color") for number in (1, 2, 3, 4)
    }
    assert len(colours) == 4
    looks(staff, "room-delivery-states")


def test_after_24_hours_only_a_template_goes(
    staff: Page,
    live_server: Any,
    room: Room,
) -> None:
    MessageTemplate.objects.create(
        name="Ask again", content_sid="HX" + "a" * 32, body="Hi {{1}}, may we ask about your {{2}}?"
    )
    Room.objects.update(last_inbound_at=now() - timedelta(hours=30))
    staff.goto(f"{live_server.url}/admin/conversations/room/{room.pk}/change/")
    expect(staff.locator("#answer")).to_contain_text("only approved templates")
    expect(staff.locator("#id_body")).to_have_count(0)
    looks(staff, "room-after-24-hours")

    staff.select_option("#pick_template", label="Ask again: Hi {{1}}, may we ask about your {{2}}?")
    staff.fill("#pick_values", "Ana\nyoga class")
    staff.click("text=Send the template")

    expect(staff.locator(".fs-agent").last).to_contain_text("Hi Ana, may we ask about your yoga")


def test_an_opted_out_customer_has_a_notice_and_staff_can_lift_it(
    staff: Page,
    live_server: Any,
    room: Room,
) -> None:
    customer = Customer.objects.get(rooms=room)
    note_consent(customer=customer, change="out", channel="whatsapp", origin="customer")
    staff.goto(f"{live_server.url}/admin/conversations/room/{room.pk}/change/")
    expect(staff.locator("#answer")).to_contain_text("nothing may be sent to them by WhatsApp")
    expect(staff.locator("#id_body")).to_have_count(0)
    looks(staff, "room-opted-out")

    staff.goto(f"{live_server.url}/admin/conversations/customer/{room.customer_id}/change/")
    looks(staff, "customer-opted-out")
    expect(staff.locator("body")).to_contain_text("Opted out of WhatsApp, the last time on")
    staff.select_option("#id_channel", label="WhatsApp")
    staff.fill("#id_reason", "asked for it by phone")
    staff.click("text=Opt in again")

    expect(staff.locator("body")).to_contain_text("Yes: they have not opted out.")
    assert Customer.objects.get(rooms=room).opted_out_at is None


def test_the_preview_follows_the_words_as_they_are_typed(
    staff: Page,
    live_server: Any,
) -> None:
    staff.goto(f"{live_server.url}/admin/reviews/botwords/edit/?line=&language=en")
    preview = staff.locator("[data-preview]")
    expect(preview).to_contain_text("Thanks John -- your review for iPhone 15 has been recorded.")
    looks(staff, "words")

    staff.fill("#id_thanks", "Bless you, {name}! {product} is noted.")
    expect(preview).to_contain_text("Bless you, John! iPhone 15 is noted.")
    staff.fill("#id_ask_review", "Tell us about {produkt}")
    expect(preview.locator("[role=alert]")).to_contain_text("{produkt}")
    shoot(staff, "words-wrong")
    staff.click("text=Save")
    expect(staff.locator(".errorlist")).to_contain_text("{produkt}")
    assert not BotWords.objects.exists()

    staff.fill("#id_ask_review", "Tell us about {product}")
    staff.click("text=Save")
    expect(staff.locator("body")).to_contain_text("Saved.")
    assert BotWords.objects.get().texts == {
        "ask_review": "Tell us about {product}",
        "thanks": "Bless you, {name}! {product} is noted.",
    }


def test_reviews_are_looked_through_published_and_hidden(
    staff: Page,
    live_server: Any,
    room: Room,
) -> None:
    first = make_review(1, rating=5, status="read")
    make_review(2, rating=2, status="undelivered", product_review="<b>Battery</b> flat by noon")
    staff.goto(f"{live_server.url}/admin/reviews/review/")
    expect(staff.locator("#result_list")).to_contain_text("<b>Battery</b> flat by noon")
    looks(staff, "reviews")

    staff.goto(f"{live_server.url}/admin/reviews/review/{first.pk}/change/")
    expect(staff.locator("body")).to_contain_text("★★★★★")
    looks(staff, "review")
    staff.click("button:has-text('Publish')")
    expect(staff.locator(".fs-card h2").first).to_have_text("Published")
    staff.select_option("#id_because", "Insulting")
    staff.click("button:has-text('Hide')")
    expect(staff.locator("body")).to_contain_text("Insulting")

    assert Review.objects.get(pk=first.pk).moderation == "hidden"


def test_customers_are_picked_in_the_list_and_invited(
    staff: Page,
    live_server: Any,
    room: Room,
) -> None:
    staff.goto(f"{live_server.url}/admin/conversations/line/add/")
    staff.fill("#id_name", "Reviews")
    staff.fill("#id_address", "+1 415 523 8886")
    looks(staff, "line")
    staff.click("button[name=_save]")
    MessageTemplate.objects.create(
        name="Review", content_sid="HX" + "b" * 32, body="Hi {{1}}, how was it?"
    )
    staff.goto(f"{live_server.url}/admin/reviews/campaign/add/")
    staff.fill("#id_name", "May")
    staff.select_option("#id_line", index=1)
    staff.select_option("#id_template", index=1)
    staff.fill("#id_values", "{name}")
    looks(staff, "campaign")
    staff.click("button[name=_save]")
    staff.goto(f"{live_server.url}/admin/conversations/customer/?q=Ana")
    staff.check("input[name=_selected_action] >> nth=0")
    staff.select_option("select[name=action]", "invite")
    staff.click("button[name=index]")
    expect(staff.locator("body")).to_contain_text("Invite 1 customer to review")
    looks(staff, "invite")
    staff.select_option("#id_campaign", index=1)
    staff.click("button:has-text('Invite')")

    expect(staff.locator("body")).to_contain_text("1 on the list now")


def test_new_lists_open(staff: Page, live_server: Any) -> None:
    for path, words in (
        ("reviews/review/", "review"),
        ("reviews/campaign/", "campaign"),
        ("reviews/invitation/", "invitation"),
        ("reviews/botwords/", "Edit with preview"),
        ("conversations/line/", "Without any line"),
        ("conversations/messagetemplate/", "template"),
        ("conversations/sending/", "sending"),
        ("conversations/errormeaning/", "63016"),
        ("conversations/signaturerefusal/", "signature"),
    ):
        staff.goto(f"{live_server.url}/admin/{path}")
        expect(staff.locator("body")).to_contain_text(words, ignore_case=True)
        assert fits(staff), path
        shoot(staff, f"list-{path.strip('/').replace('/', '-')}")
