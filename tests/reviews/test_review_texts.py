"""What a review may be: several messages, or a picture."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now

from conversations.models import Line, Message
from funnels.models import Funnel
from reviews.models import Review, ReviewSession
from tests.reviews.conftest import Post, Say
from tests.twilio_posts import OURS, message_form, replies_in

START = ("Hi", "iPhone 15", "John")
ASK = "Hi! Which product is this review for?"
WORDS = "Thank you for that! I also need it in words. Please send your review for iPhone 15."
THANKS = "Thanks John -- your review for iPhone 15 has been recorded."


def media(kind: str) -> dict[str, str]:
    address = "https://api.twilio.com/2010-04-01/Accounts/AC0/Media/ME0"
    return {"NumMedia": "1", "MediaUrl0": address, "MediaContentType0": kind}


@pytest.fixture
def asked(say: Say) -> None:
    for text in START:
        say(text)


def test_each_message_stands_alone_by_default(asked: None, say: Say) -> None:
    assert say("Great") == THANKS
    assert say("and the camera too") == ASK


def test_messages_that_follow_soon_are_more_of_the_review(say: Say, settings: Any) -> None:
    settings.REVIEW_JOIN_SECONDS = 60
    with time_machine.travel(now(), tick=False) as clock:
        told = [say(text) for text in (*START, "Great")]
        for text in ("The camera too", "and the battery"):
            clock.shift(timedelta(seconds=59))
            assert say(text) == ""
        clock.shift(timedelta(seconds=61))
        told.append(say("Hello"))

    assert told[3:] == [THANKS, ASK]
    review = Review.objects.get()
    assert review.product_review == "Great\nThe camera too\nand the battery"
    assert ReviewSession.objects.order_by("pk")[0].product_review == review.product_review
    assert not Funnel.objects.exists()


def test_a_message_that_joined_changes_nothing_when_it_is_sent_again(
    asked: None, say: Say, post: Post, settings: Any
) -> None:
    settings.REVIEW_JOIN_SECONDS = 60
    say("Great")
    more = message_form("The camera too")

    answers = [replies_in(post(more).content) for _ in range(3)]

    assert answers == [[], [], []]
    assert Review.objects.get().product_review == "Great\nThe camera too"


@pytest.mark.parametrize("text", ["RESET", "BATAL", "STOP", "x" * 1_600])
def test_commands_and_too_much_do_not_join(asked: None, say: Say, settings: Any, text: str) -> None:
    settings.REVIEW_JOIN_SECONDS = 60
    say("Great")

    assert say(text) != ""

    assert Review.objects.get().product_review == "Great"


LIMIT = 1_600
FULL = (
    "Sorry, that is too long: your review may have at most 1600 characters, so it stays as it was."
)


def test_the_longest_review_and_one_that_is_too_long(asked: None, say: Say) -> None:
    too_long = say("x" * (LIMIT + 1))
    assert too_long == (
        "Sorry, that is too long: at most 1600 characters. Please send your review for iPhone 15."
    )
    assert Message.objects.filter(body="x" * (LIMIT + 1)).exists()
    assert say("x" * LIMIT) == THANKS

    assert len(Review.objects.get().product_review) == LIMIT


def test_more_than_a_review_may_hold_is_said_and_kept_in_the_room(
    asked: None, say: Say, settings: Any
) -> None:
    settings.REVIEW_JOIN_SECONDS = 60
    say("x" * (LIMIT - 4))

    told = [say("more"), say("mor"), say("x")]

    assert told == [FULL, "", FULL]
    assert Review.objects.get().product_review == f"{'x' * (LIMIT - 4)}\nmor"
    assert Message.objects.filter(body="more").exists()


def test_a_review_needs_a_letter_or_an_emoji(asked: None, say: Say) -> None:
    again = "Please write your review in words. Please send your review for iPhone 15."

    assert [say(text) for text in ("10/10", "...", "?!")] == [again] * 3
    assert not Review.objects.exists()
    assert say("👍🏽") == THANKS
    assert Review.objects.get().product_review == "👍🏽"


def test_what_staff_have_judged_does_not_grow(asked: None, say: Say, settings: Any) -> None:
    settings.REVIEW_JOIN_SECONDS = 60
    say("Great")
    Review.objects.update(moderation="published")

    assert say("Oh, and another thing") == ASK

    assert Review.objects.get().product_review == "Great"


def test_before_the_stars_too(say: Say, settings: Any) -> None:
    settings.REVIEW_JOIN_SECONDS = 60
    Line.objects.create(
        address=OURS, name="Main", purpose="reviews", starts="always", asks_rating=True
    )

    told = [say(text) for text in (*START, "Great", "The camera too", "5")]

    assert told[3:] == ["How many stars do you give it, from 1 to 5?", "", THANKS]
    review = Review.objects.get()
    assert (review.product_review, review.rating) == ("Great\nThe camera too", 5)


def test_a_picture_is_a_review_once_words_were_asked_for(asked: None, say: Say) -> None:
    assert say("", **media("image/jpeg")) == WORDS
    assert say("", **media("image/jpeg")) == THANKS

    assert Review.objects.get().product_review == "(1 picture)"


def test_words_after_a_picture_are_the_review(asked: None, say: Say) -> None:
    assert say("", **media("video/mp4")) == WORDS
    assert say("See how fast it is") == THANKS

    assert Review.objects.get().product_review == "See how fast it is"


def test_a_voice_note_is_kept_and_asked_for_in_words(asked: None, say: Say) -> None:
    assert [say("", **media("audio/ogg")) for _ in range(3)] == [WORDS] * 3

    assert not Review.objects.exists()
