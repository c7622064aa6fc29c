"""The dialogue over HTTP, as Twilio carries it."""

import json
from typing import Any

import pytest

from conversations.models import InboundEvent, Message, Room
from reviews.models import BotAnswer, Review, ReviewSession
from tests.conftest import SHARED_DATA
from tests.reviews.conftest import Post, Say
from tests.twilio_posts import CUSTOMER, message_form, new_sid, replies_in

TURNS = [
    ("Hi", "Hi! Which product is this review for?"),
    ("iPhone 15", "Okay, got it. What's your name?"),
    ("John", "Please send your review for iPhone 15."),
    (
        "Excellent phone with great camera!",
        "Thanks John -- your review for iPhone 15 has been recorded.",
    ),
]


@pytest.mark.parametrize("path", ["/webhooks/twilio/inbound", "/webhook", "/webhook/"])
def test_the_conversation_word_for_word(post: Post, path: str) -> None:
    for text, answer in TURNS:
        response = post(message_form(text), path=path)

        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/xml")
        assert "Set-Cookie" not in response
        assert replies_in(response.content) == [answer]

    review = Review.objects.get()
    assert (review.product_name, review.user_name, review.product_review) == (
        "iPhone 15",
        "John",
        "Excellent phone with great camera!",
    )
    assert (review.contact_number, review.status) == ("+628123456789", "pending")


def test_the_recorded_conversation_of_the_first_bot(say: Say) -> None:
    path = SHARED_DATA / "reviews" / "seed_transcript_recorded.json"
    if not path.exists():
        pytest.skip("the recorded transcript is not here")

    for text, answer in json.loads(path.read_text())["turns"]:
        assert say(text) == answer


def test_the_whole_conversation_is_in_the_room(say: Say) -> None:
    for text, _ in TURNS:
        say(text)

    room = Room.objects.get()
    told = [
        (message.sender, message.body) for message in Message.objects.filter(room=room).in_order()
    ]
    assert told == [
        line for text, answer in TURNS for line in (("customer", text), ("bot", answer))
    ]
    assert room.reply_address == CUSTOMER


def test_a_message_sent_again_gets_the_very_same_bytes(post: Post) -> None:
    forms = [message_form(text) for text, _ in TURNS]
    first = [post(form).content for form in forms]
    counts = _counts()

    again = [post(form).content for form in forms]

    assert again == first
    assert _counts() == counts


def test_a_message_sent_again_with_another_text_changes_nothing(post: Post) -> None:
    sid = new_sid()
    first = post(message_form("Hi", MessageSid=sid)).content

    again = post(message_form("RESET", MessageSid=sid))

    assert (again.status_code, again.content) == (200, first)
    assert Message.objects.filter(sender="customer").count() == 1
    assert InboundEvent.objects.filter(error_code="conflict").count() == 1


def test_a_new_dialogue_begins_after_a_review(say: Say) -> None:
    for text, _ in TURNS:
        say(text)

    assert say("Hi again") == TURNS[0][1]
    assert Review.objects.count() == 1
    assert ReviewSession.objects.filter(ended_at=None).count() == 1


def test_a_second_review_of_a_product_leaves_the_first_as_an_earlier_one(say: Say) -> None:
    for text in ("Hi", "iPhone 15", "John", "Good", "Hi", "IPHONE 15", "John", "Broken after all"):
        say(text)

    texts = Review.objects.order_by("id").values_list("product_review", "is_latest")
    assert list(texts) == [("Good", False), ("Broken after all", True)]


def _counts() -> dict[str, Any]:
    return {
        model.__name__: model.objects.count()
        for model in (InboundEvent, Message, Room, Review, ReviewSession, BotAnswer)
    }
