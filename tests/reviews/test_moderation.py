"""Staff's part in reviews: look, publish, hide with a reason, answer; files in and out."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from conversations.models import Customer, Message, Room
from reviews.models import CatalogueProduct, Review, ReviewSession
from reviews.services.catalogue import save_product
from reviews.services.moderation import hide_reviews, publish_reviews
from tests.conversations.agents import staff
from tests.reviews.making import (
    OUR_ADDRESS,
    make_customer,
    make_message,
    make_review,
    make_room,
)

LIST = "/admin/reviews/review/"


@pytest.fixture
def moderator(client: Client, db: None) -> Client:
    client.force_login(staff("view_review", "change_review", "view_room", "add_message"))
    return client


def test_publishing_and_hiding_change_only_what_was_otherwise(db: None) -> None:
    user = staff()
    first, second = make_review(1), make_review(2, moderation="published")
    keys = [first.pk, second.pk]

    assert publish_reviews(reviews=keys, user=user) == [first.pk]
    assert publish_reviews(reviews=keys, user=user) == []
    assert hide_reviews(reviews=keys, because="Advertising", user=user) == keys
    assert hide_reviews(reviews=keys, because="Insulting", user=user) == []

    first.refresh_from_db()
    assert (first.moderation, first.hidden_because) == ("hidden", "Advertising")
    assert first.moderated_by == user
    publish_reviews(reviews=keys, user=user)
    first.refresh_from_db()
    assert first.hidden_because == ""


def test_a_review_is_never_hidden_without_a_reason(db: None) -> None:
    review = make_review()

    with pytest.raises(ValidationError):
        hide_reviews(reviews=[review.pk], because=" ", user=None)

    assert Review.objects.get().moderation == "pending"


@pytest.mark.parametrize("rating", [None, 1, 5])
def test_stars_play_no_part_in_what_is_shown(db: None, rating: int | None) -> None:
    review = make_review(rating=rating)

    assert review.moderation == "pending"
    assert publish_reviews(reviews=[review.pk], user=None) == [review.pk]


def test_the_list_publishes_what_is_selected(moderator: Client) -> None:
    first, second = make_review(1), make_review(2)

    answer = moderator.post(
        LIST, {"action": "publish", "_selected_action": [first.pk]}, follow=True
    )

    assert "Published 1 of 1" in answer.content.decode()
    assert list(Review.objects.filter(moderation="published")) == [first]
    assert LogEntry.objects.filter(object_id=str(first.pk), change_message="Published").exists()
    assert second.moderation == "pending"


def test_hiding_in_the_list_asks_for_the_reason_first(moderator: Client) -> None:
    keys = [make_review(1).pk, make_review(2).pk]
    selected: dict[str, Any] = {"action": "hide", "_selected_action": keys}

    page = moderator.post(LIST, selected).content.decode()
    assert "Hide 2 reviews?" in page
    assert not Review.objects.filter(moderation="hidden").exists()

    answer = moderator.post(LIST, {**selected, "because": "Advertising"}, follow=True)
    assert "Hid 2 of 2" in answer.content.decode()
    assert Review.objects.filter(moderation="hidden", hidden_because="Advertising").count() == 2


def test_a_reason_of_ones_own_is_not_taken(moderator: Client) -> None:
    review = make_review()

    moderator.post(f"{LIST}{review.pk}/moderate/", {"because": "just so"})

    assert Review.objects.get().moderation == "pending"


def test_a_review_is_moderated_on_its_page(moderator: Client) -> None:
    review = make_review()

    moderator.post(f"{LIST}{review.pk}/moderate/", {"publish": "1"})
    assert Review.objects.get().moderation == "published"

    moderator.post(f"{LIST}{review.pk}/moderate/", {"because": "Insulting"})
    assert Review.objects.get().hidden_because == "Insulting"


def test_a_product_is_called_as_it_is_and_matched_where_there_is_a_catalogue(
    moderator: Client,
) -> None:
    page = f"{LIST}{make_review().pk}/change/"
    shown = moderator.get(page).content.decode()
    assert "iPhone 15 by" in shown
    assert "IPhone" not in shown
    assert "There is no catalogue" in shown
    assert "/match/" not in shown

    save_product(CatalogueProduct(name="Yoga mat"))
    shown = moderator.get(page).content.decode()
    assert "To be matched" in shown
    assert "/match/" in shown


def test_who_may_only_look_can_do_nothing(client: Client, db: None) -> None:
    client.force_login(staff("view_review"))
    review = make_review()

    page = client.get(f"{LIST}{review.pk}/change/").content.decode()
    assert "Excellent phone" in page
    assert "Publish" not in page
    assert client.post(f"{LIST}{review.pk}/moderate/", {"publish": "1"}).status_code == 403
    assert client.post(f"{LIST}{review.pk}/answer/", {"body": "x"}).status_code == 403
    client.post(LIST, {"action": "publish", "_selected_action": [review.pk]})
    assert Review.objects.get().moderation == "pending"


def test_no_page_changes_what_the_customer_wrote(moderator: Client) -> None:
    review = make_review()

    moderator.post(
        f"{LIST}{review.pk}/change/", {"product_review": "Best phone ever!", "rating": "5"}
    )

    review.refresh_from_db()
    assert (review.product_review, review.rating) == ("Excellent phone with great camera!", None)
    assert moderator.get(f"{LIST}add/").status_code == 403
    assert moderator.post(f"{LIST}{review.pk}/delete/", {"post": "yes"}).status_code == 403


FOUND = [
    ("battery", "2"),
    ("galaxy", "2"),
    ('"person 1"', "1"),
    ("081200000001", "1"),
    ("+62 812-0000-0001", "1"),
    ("nothing of the kind", ""),
]


@pytest.mark.parametrize(("words", "expected"), FOUND)
def test_search(moderator: Client, words: str, expected: str) -> None:
    make_review(1)
    make_review(2, product_name="Galaxy S25", product_review="The battery is flat by noon")

    shown = moderator.get(LIST, {"q": words}).context["cl"].queryset

    assert [review.user_name for review in shown] == [f"Person {n}" for n in expected.split()]


def test_filters(moderator: Client) -> None:
    make_review(1, moderation="published", rating=5)
    make_review(2, status="read")

    def shown(**query: str) -> list[str]:
        rows = moderator.get(LIST, query).context["cl"].queryset
        return [review.user_name for review in rows]

    assert shown(moderation__exact="published") == ["Person 1"]
    assert shown(status__exact="read") == ["Person 2"]
    assert shown(rating__exact="5") == ["Person 1"]


def test_the_lists_queries_do_not_grow(moderator: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert moderator.get(LIST).status_code == 200
        return len(queries)

    make_review(1)
    few = count()
    for number in range(2, 30):
        make_review(number)

    assert count() <= few


@pytest.fixture
def told(db: None, settings: Any) -> Review:
    """A review with the conversation it came from, an hour ago."""
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "0" * 32, "a token of tests"
    customer = make_customer()
    at = now() - timedelta(hours=1)
    room = make_room(customer, last_inbound_at=at)
    make_message(room, body="long before", sent_at=at - timedelta(days=3))
    make_message(room, body="iPhone 15", sent_at=at)
    thanks = make_message(room, sender="bot", body="Thanks John", sent_at=at, status="read")
    session = ReviewSession.objects.create(
        customer=customer,
        room=room,
        our_address=OUR_ADDRESS,
        step="finish",
        started_at=at,
        touched_at=at,
        ended_at=at,
        ending="finished",
    )
    return make_review(
        customer=customer, session=session, confirmation=thanks, created_at=at, status="read"
    )


def test_a_review_is_shown_with_its_conversation(moderator: Client, told: Review) -> None:
    page = moderator.get(f"{LIST}{told.pk}/change/").content.decode()

    assert "The conversation it came from" in page
    assert "Thanks John" in page
    assert "fs-delivery-read" in page
    assert "long before" not in page
    assert f"/admin/conversations/room/{Room.objects.get().pk}/change/" in page


def test_an_answer_is_sent_and_kept_beside_the_review(moderator: Client, told: Review) -> None:
    for _ in range(2):
        moderator.post(f"{LIST}{told.pk}/answer/", {"token": "t", "body": "Thank you, John!"})

    message = Message.objects.get(sender="agent")
    assert (message.body, message.status) == ("Thank you, John!", "queued")
    told.refresh_from_db()
    assert told.answer == "Thank you, John!"
    assert told.answered_by is not None
    page = moderator.get(f"{LIST}{told.pk}/change/").content.decode()
    assert "Our answer" in page


def test_a_refused_answer_leaves_the_review_alone(moderator: Client, told: Review) -> None:
    Customer.objects.update(opted_out_at=now())

    answer = moderator.post(f"{LIST}{told.pk}/answer/", {"token": "t", "body": "Thank you!"})

    assert answer.status_code == 200
    told.refresh_from_db()
    assert told.answer == ""


def test_a_review_without_a_room_is_shown_too(moderator: Client) -> None:
    review = make_review(rating=4)

    page = moderator.get(f"{LIST}{review.pk}/change/").content.decode()

    assert "★★★★☆" in page
    assert 'id="answer"' not in page
