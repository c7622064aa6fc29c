"""Lines, start modes, expiry, consent and takeover, over HTTP."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils.timezone import now

from conversations.models import Consent, Customer, Line, Message, MessageTemplate
from conversations.services.consent import note_consent
from conversations.services.drain import drain_inbox
from conversations.services.inbox import Delivery, store_deliveries
from reviews.models import BotWords, Campaign, Invitation, Review, ReviewSession
from reviews.services.words import words_for
from tests.reviews.conftest import Say
from tests.twilio_posts import ACCOUNT, CUSTOMER, OURS, message_form

ASK = "Hi! Which product is this review for?"
GO_ON = "Last time you started on {} -- shall we continue? Please answer YES or NO."


def make_line(**values: Any) -> Line:
    return Line.objects.create(**{"address": OURS, "name": "Main", "purpose": "reviews", **values})


def test_a_line_that_starts_by_keyword_serves_sales_and_reviews(say: Say) -> None:
    make_line(purpose="inbox", starts="keyword", start_words="review\nmau ulas")

    assert say("How much is it?") == ""
    assert say("Mau  Ulas!".replace("!", "")) == ASK
    assert say("iPhone 15") != ""
    assert Message.objects.filter(sender="customer").count() == 3


def test_a_number_that_is_none_of_the_lines_is_kept_and_not_answered(say: Say) -> None:
    make_line(address="whatsapp:+15005550006", starts="always")

    assert say("Hi") == ""
    assert Message.objects.count() == 1


def test_an_inactive_line_is_silent(say: Say) -> None:
    make_line(starts="always", is_active=False)

    assert say("Hi") == ""


def test_an_invited_line_answers_whom_it_has_asked_and_once(say: Say) -> None:
    line = make_line(starts="invited")
    template = MessageTemplate.objects.create(
        name="ask", content_sid="HX" + "0" * 32, body="Tell us, {{1}}"
    )
    campaign = Campaign.objects.create(name="May", line=line, template=template)
    assert say("Hi") == ""
    Invitation.objects.create(
        campaign=campaign, customer=Customer.objects.get(), state="sent", sent_at=now()
    )

    assert say("Sure") == ASK
    say("BATAL")
    assert say("Hello again") == ""
    assert ReviewSession.objects.get().invitation is not None


def test_stars_and_indonesian_by_line(say: Say) -> None:
    make_line(starts="always", language="id", asks_rating=True)

    told = [say(text) for text in ("Hai", "Kopi Gayo", "Budi", "Enak sekali", "bagus", "⭐⭐⭐⭐")]

    assert told == [
        "Hai! Ulasan ini untuk produk apa?",
        "Oke, dicatat. Siapa nama Anda?",
        "Silakan kirim ulasan Anda untuk Kopi Gayo.",
        "Berapa bintang yang Anda berikan, dari 1 sampai 5?",
        "Mohon jawab dengan angka 1 sampai 5.",
        "Terima kasih Budi -- ulasan Anda untuk Kopi Gayo sudah dicatat.",
    ]
    assert Review.objects.get().rating == 4


def test_words_of_the_line_then_of_every_line_then_as_shipped(say: Say) -> None:
    line = make_line(starts="always")
    BotWords.objects.create(line=None, language="en", texts={"ask_product": "All", "help": "H"})
    BotWords.objects.create(line=line, language="en", texts={"ask_product": "Ours"})

    assert say("Hi") == "Ours"
    assert words_for(line)["help"] == "H"
    assert words_for(None)["ask_product"] == "All"
    assert words_for(line)["ask_name"] == "Okay, got it. What's your name?"


def test_a_dialogue_left_for_a_day_begins_anew(say: Say) -> None:
    with time_machine.travel(now()) as clock:
        say("Hi")
        say("iPhone 15")
        clock.shift(timedelta(hours=25))

        assert say("John") == GO_ON.format("iPhone 15")

    endings = ReviewSession.objects.order_by("id").values_list("ending", "step")
    assert list(endings) == [("expired", "ask_name"), ("", "ask_resume")]


def test_what_was_begun_a_day_ago_is_gone_on_with(say: Say) -> None:
    with time_machine.travel(now()) as clock:
        for text in ("Hi", "iPhone 15", "John"):
            say(text)
        clock.shift(timedelta(hours=25))

        told = [say(text) for text in ("Hello again", "what?", "Yes!", "Great phone")]

    assert told == [
        GO_ON.format("iPhone 15"),
        GO_ON.format("iPhone 15"),
        "Please send your review for iPhone 15.",
        "Thanks John -- your review for iPhone 15 has been recorded.",
    ]
    assert Review.objects.get().product_review == "Great phone"


@pytest.mark.parametrize("answers", [["no"], ["TIDAK"], ["maybe", "later"], ["RESET"], ["BACK"]])
def test_all_but_yes_begins_anew(say: Say, answers: list[str]) -> None:
    with time_machine.travel(now()) as clock:
        say("Hi")
        say("iPhone 15")
        clock.shift(timedelta(hours=25))
        say("Hello again")

        told = [say(answer) for answer in answers][-1]

    assert told in (ASK, "Which product is this review for?")
    assert ReviewSession.objects.get(ended_at=None).product_name == ""


def test_whether_to_go_on_is_asked_once_and_only_with_a_draft(say: Say) -> None:
    with time_machine.travel(now()) as clock:
        say("Hi")
        clock.shift(timedelta(hours=25))
        assert say("Hi") == ASK
        say("iPhone 15")
        clock.shift(timedelta(hours=25))
        assert say("Hi") == GO_ON.format("iPhone 15")
        clock.shift(timedelta(hours=25))
        assert say("Hi") == ASK


def test_a_lapsed_dialogue_does_not_disturb_a_line_that_starts_by_keyword(say: Say) -> None:
    make_line(purpose="inbox", starts="keyword")
    with time_machine.travel(now()) as clock:
        say("review")
        say("iPhone 15")
        clock.shift(timedelta(hours=25))

        assert say("How much is it?") == ""
        assert say("review") == ASK


def test_an_invited_customer_may_go_on_the_day_after(say: Say) -> None:
    line = make_line(starts="invited")
    template = MessageTemplate.objects.create(name="a", content_sid="HX" + "0" * 32, body="Hi")
    campaign = Campaign.objects.create(name="May", line=line, template=template)
    say("Hi")
    Invitation.objects.create(
        campaign=campaign, customer=Customer.objects.get(), state="sent", sent_at=now()
    )
    with time_machine.travel(now() + timedelta(minutes=1)) as clock:
        say("Sure")
        say("iPhone 15")
        clock.shift(timedelta(hours=25))

        assert say("Hello") == GO_ON.format("iPhone 15")

    invited = ReviewSession.objects.order_by("pk").values_list("invitation__campaign__name")
    assert list(invited) == [("May",), ("May",)]


@pytest.mark.parametrize("is_first", [True, False])
def test_what_was_sent_before_it_expired_goes_on_with_it_whenever_it_arrives(
    say: Say, is_first: bool
) -> None:
    """Kept at the door in time, taken up a day later: before or after the next message."""
    began = now()
    with time_machine.travel(began) as clock:
        say("Hi")
        say("iPhone 15")
        form = message_form("John")
        key = f"{ACCOUNT}:{form['MessageSid']}"
        delivery = Delivery(key=key, body=urlencode(form).encode())
        store_deliveries(source="twilio", deliveries=[delivery], received_at=now())
        clock.shift(timedelta(hours=25))
        if not is_first:
            say("Hello?")
        drain_inbox()

    session = ReviewSession.objects.get(ended_at=None)
    assert (session.step, session.product_name, session.user_name) == (
        "ask_review",
        "iPhone 15",
        "John",
    )


def test_stop_is_kept_and_obeyed_until_start(say: Say) -> None:
    say("Hi")

    assert "no more messages" in say("STOP")
    assert say("stop") == ""
    assert say("hello?") == ""
    customer = Customer.objects.get()
    assert customer.opted_out_at is not None
    assert "Welcome back" in say("start")
    assert say("Hi") == ASK
    customer.refresh_from_db()
    assert customer.opted_out_at is None
    changes = Consent.objects.order_by("id").values_list("change", flat=True)
    assert list(changes) == ["out", "out", "in"]


def test_a_word_is_for_the_channel_in_which_it_was_said(say: Say) -> None:
    sms = {"From": CUSTOMER.removeprefix("whatsapp:"), "To": OURS.removeprefix("whatsapp:")}
    say("Hi")
    say("STOP")

    customer = Customer.objects.get()
    assert list(customer.standing) == ["whatsapp"]
    assert say("Hi", **sms) == ASK
    note_consent(customer=customer, change="out")
    assert say("Hi", **sms) == ""
    assert "Welcome back" in say("START", **sms)
    customer.refresh_from_db()
    assert customer.opted_out_of("sms") is None
    assert customer.opted_out_of("whatsapp") is not None
    assert customer.opted_out_of("email") is not None


def test_a_start_that_was_read_before_its_stop_lifts_it(say: Say) -> None:
    say("Hi")
    said = {"start": 10, "STOP": 9, "yes": 11}
    for text, minute in said.items():
        form = message_form(text)
        key = f"{ACCOUNT}:{form['MessageSid']}"
        delivery = Delivery(key=key, body=urlencode(form).encode())
        received_at = now() + timedelta(minutes=minute)
        store_deliveries(source="twilio", deliveries=[delivery], received_at=received_at)
        drain_inbox()

    assert Customer.objects.get().opted_out_at is None
    rows = Consent.objects.order_by("at").values_list("change", "words")
    assert list(rows) == [("out", "STOP"), ("in", "start")]


def test_what_twilio_has_answered_is_not_answered_again(say: Say) -> None:
    say("Hi")

    assert say("STOP", OptOutType="STOP") == ""
    assert Customer.objects.get().opted_out_at is not None
    assert say("START", OptOutType="START") == ""
    assert Customer.objects.get().opted_out_at is None


def test_the_latest_word_holds_by_the_time_it_was_said(say: Say) -> None:
    say("Hi")
    customer = Customer.objects.get()
    note_consent(customer=customer, change="in", at=now())

    note_consent(customer=customer, change="out", at=now() - timedelta(minutes=1))

    customer.refresh_from_db()
    assert customer.opted_out_at is None
    assert customer.consents.count() == 2
