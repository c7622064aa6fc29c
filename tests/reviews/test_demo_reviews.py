"""The demo's reviews: made by the bot itself, the same every time, once."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from conversations.models import Consent, Customer, Line, Message
from reviews.demo import demo_talks, ingest_demo_reviews
from reviews.models import Review, ReviewSession
from tests.reviews.making import make_customer

DAY = date(2025, 4, 21)
ZONE = ZoneInfo("Asia/Jakarta")


@pytest.fixture
def made(db: None, keywords: None) -> int:
    return ingest_demo_reviews(phones=[make_customer().phone_number], day=DAY, zone=ZONE)


def test_two_dozen_reviews_come_of_conversations_with_the_bot(made: int) -> None:
    assert made == Review.objects.count() == 24
    assert not Line.objects.exists()
    for review in Review.objects.select_related("session", "confirmation"):
        assert review.session is not None
        assert review.session.ending == "finished"
        assert review.confirmation is not None
        assert review.confirmation.sender == "bot"
        assert review.user_name in review.confirmation.body
        assert review.created_at.astimezone(ZONE).date() == DAY


def test_all_states_are_there_to_look_at(made: int) -> None:
    assert set(Review.objects.values_list("moderation", flat=True)) == {
        "pending",
        "published",
        "hidden",
    }
    assert set(Review.objects.values_list("status", flat=True)) == {
        "sent",
        "delivered",
        "read",
        "undelivered",
    }
    endings = set(ReviewSession.objects.values_list("ending", flat=True))
    assert endings == {"finished", "cancelled", "opted_out"}
    assert Consent.objects.filter(change="out").count() == 1
    assert Customer.objects.exclude(opted_out_at=None).count() == 1


def test_the_given_numbers_are_used_first(made: int) -> None:
    first = Review.objects.order_by("created_at").first()

    assert first is not None
    assert first.customer is not None
    assert first.customer.phone_number == "+6281200000001"


def test_a_second_call_changes_nothing(made: int) -> None:
    before = list(Review.objects.order_by("pk").values())
    messages = Message.objects.count()

    assert ingest_demo_reviews(phones=[], day=date(2025, 5, 1), zone=ZONE) == 24

    assert list(Review.objects.order_by("pk").values()) == before
    assert Message.objects.count() == messages


def test_conversations_stand_in_time_order_within_the_day() -> None:
    talks = list(demo_talks([], DAY, ZONE))

    moments = [talk.starts_at for talk in talks]
    assert moments == sorted(moments)
    assert {moment.date() for moment in moments} == {DAY}
    assert len({talk.phone for talk in talks}) == len(talks)


def test_a_stop_silences_nothing_that_was_said_before_it_in_one_batch(made: int) -> None:
    room = Message.objects.get(body="STOP").room

    said = room.messages.in_order().values_list("sender", "body")

    assert [sender for sender, _ in said] == ["customer", "bot", "customer", "bot"]
