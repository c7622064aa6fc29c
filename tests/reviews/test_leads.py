"""A dialogue with the review bot is no lead; what is said beside it is."""

from datetime import timedelta
from itertools import permutations
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils.timezone import now

from conversations.models import Line, Room
from conversations.services.drain import drain_inbox
from conversations.services.inbox import Delivery, store_deliveries
from conversations.services.takeover import pause_bot
from conversations.services.twilio_inbox import TWILIO
from funnels.models import Funnel, Keyword, KeywordSync
from funnels.services.reclassifying import reclassify
from reviews.models import Review
from tests.reviews.conftest import Say
from tests.twilio_posts import ACCOUNT, OURS, message_form

TURNS = ("Hi", "BACK", "iPhone 15", "John", "Excellent phone with great camera!", "Hi", "BATAL")


def test_a_whole_dialogue_with_its_commands_opens_no_lead(say: Say) -> None:
    for text in TURNS:
        assert say(text) != ""

    assert Review.objects.count() == 1
    assert not Funnel.objects.exists()


@pytest.mark.parametrize("text", ["STOP", "HELP", "BATAL"])
def test_a_command_alone_opens_no_lead(say: Say, text: str) -> None:
    say(text)
    say("STOP")
    say("STOP")

    assert not Funnel.objects.exists()


def test_a_dialogue_drained_in_one_batch_opens_no_lead(db: None) -> None:
    began = now() - timedelta(hours=1)
    for place, text in enumerate(TURNS):
        form = message_form(text)
        store_deliveries(
            source=TWILIO,
            deliveries=[
                Delivery(key=f"{ACCOUNT}:{form['MessageSid']}", body=urlencode(form).encode())
            ],
            received_at=began + timedelta(seconds=place),
        )
    drain_inbox()

    assert Review.objects.count() == 1
    assert not Funnel.objects.exists()


def test_who_comes_by_an_advertisement_is_a_lead_even_in_a_dialogue(say: Say) -> None:
    ad = {"ReferralSourceType": "ad", "ReferralSourceId": "120", "ReferralHeadline": "Facial"}

    assert say("Hi", **ad) != ""

    funnel = Funnel.objects.get()
    assert (funnel.stage, funnel.lead_basis) == ("opening", "first_contact")


def test_an_opening_keyword_is_a_lead_even_in_a_dialogue(say: Say) -> None:
    KeywordSync.objects.create(version=1, fingerprint="one", finished_at=now())
    Keyword.objects.create(stage="opening", phrase="halo promo mei", channel="instagram")

    assert say("Halo promo Mei") != ""

    funnel = Funnel.objects.get()
    assert (funnel.lead_basis, funnel.channel) == ("keyword", "instagram")


def test_words_of_a_sale_in_the_answers_are_none(say: Say) -> None:
    KeywordSync.objects.create(version=1, fingerprint="two", finished_at=now())
    for stage, phrase in (("opening", "hi"), ("booking", "booking"), ("transaction", "lunas")):
        Keyword.objects.create(stage=stage, phrase=phrase)

    for text in ("Hi", "Booking facial tgl 5", "John", "Sudah lunas 500rb, hasilnya bagus"):
        assert say(text) != ""

    assert not Funnel.objects.exists()
    rooms = Room.objects.values_list("pk", flat=True)
    for totals in reclassify(room_ids=list(rooms), since=now() - timedelta(days=1), dry_run=False):
        assert (totals.messages, totals.found, totals.funnels) == (8, 0, 0)


def test_a_message_that_the_bot_leaves_alone_is_a_first_contact(say: Say) -> None:
    Line.objects.create(address=OURS, name="Main", purpose="inbox", starts="keyword")

    with time_machine.travel(now() - timedelta(hours=1), tick=False) as clock:
        for text in ("review", "iPhone 15", "BATAL"):
            assert say(text) != ""
        assert not Funnel.objects.exists()
        clock.shift(timedelta(minutes=1))
        asked_at = now()
        assert say("How much is it?") == ""
        clock.shift(timedelta(minutes=1))
        assert say("review") != ""

    funnel = Funnel.objects.get()
    assert (funnel.lead_basis, funnel.leads_date) == ("first_contact", asked_at)


def test_a_message_for_an_agent_is_a_first_contact(say: Say) -> None:
    say("Hi")
    pause_bot(room=Room.objects.get())

    assert say("Can somebody call me?") == ""

    assert Funnel.objects.get().lead_basis == "first_contact"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_first_contact_is_the_earliest_in_any_order(db: None, order: tuple[int, ...]) -> None:
    Line.objects.create(address=OURS, name="Main", purpose="inbox", starts="keyword")
    began = now().replace(microsecond=0) - timedelta(hours=1)

    for place in order:
        _drain_one(("How much?", "Hello?", "Anybody?")[place], began + timedelta(minutes=place))

    assert Funnel.objects.get().leads_date == began


def _drain_one(text: str, received_at: Any) -> None:
    form = message_form(text)
    store_deliveries(
        source=TWILIO,
        deliveries=[Delivery(key=f"{ACCOUNT}:{form['MessageSid']}", body=urlencode(form).encode())],
        received_at=received_at,
    )
    drain_inbox()
