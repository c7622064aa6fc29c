"""What becomes of a review: one event a decision, new cases, and words that nobody can change."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from conversations.models import Line, MessageTemplate
from funnel_site.lib.deleting import ERASED
from funnels.models import Funnel
from reviews.models import Campaign, Invitation, ModerationEvent, Review, ReviewSession
from reviews.provenance import provenance_of
from reviews.services.moderation import hide_reviews, look_again, publish_reviews, reject_reviews
from tests.reviews.making import OUR_ADDRESS, START, make_customer, make_review, make_room

LIST = "/admin/reviews/review/"


@pytest.fixture
def moderator(client: Client, db: None) -> Client:
    user = User.objects.create_user("lead", password="x", is_staff=True)
    wanted = ["view_review", "change_review", "see_contacts", "view_room"]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(user)
    return client


def decisions(review: Review) -> list[tuple[str, str]]:
    return list(review.moderation_events.values_list("moderation", "reason"))


@pytest.mark.parametrize("rating", [1, 5])
def test_approving_twice_is_one_event_whatever_the_stars(moderator: Client, rating: int) -> None:
    review = make_review(rating=rating)

    for _ in range(2):
        moderator.post(LIST, {"action": "publish", "_selected_action": [review.pk]})
        moderator.post(f"{LIST}{review.pk}/moderate/", {"publish": "1"})

    assert decisions(review) == [("published", "")]
    assert LogEntry.objects.filter(change_message__contains="Published").count() == 1


def test_each_look_after_a_decision_is_a_new_case(db: None) -> None:
    review = make_review()
    keys = [review.pk]

    assert look_again(reviews=keys, user=None) == []
    publish_reviews(reviews=keys, user=None)
    for _ in range(2):
        assert look_again(reviews=keys, because="A complaint", user=None) == keys
        assert look_again(reviews=keys, because="The same one", user=None) == []
        publish_reviews(reviews=keys, user=None)

    case = [("pending", "A complaint"), ("published", "")]
    assert decisions(review) == [("published", ""), *case, *case]


def test_a_rejected_review_is_shown_to_nobody_but_staff(moderator: Client, api: Any) -> None:
    review = make_review(product_review="Buy followers")
    chosen = {"action": "reject", "_selected_action": [review.pk]}

    assert "Reject 1 reviews" in moderator.post(LIST, chosen).content.decode()
    moderator.post(LIST, {**chosen, "because": "no such reason"})
    assert decisions(review) == []
    moderator.post(LIST, {**chosen, "because": "Advertising"})

    assert decisions(review) == [("rejected", "Advertising")]
    assert "".join(map(bytes.decode, api.get("/api/reviews"))) == "[]"
    page = moderator.get(f"{LIST}{review.pk}/change/").content.decode()
    assert "Rejected" in page
    moderator.post(f"{LIST}{review.pk}/moderate/", {"again": "1"})
    moderator.post(f"{LIST}{review.pk}/moderate/", {"reject": "1", "because": "Insulting"})
    assert [state for state, _ in decisions(review)] == ["rejected", "pending", "rejected"]


def test_services_want_a_reason_to_refuse(db: None) -> None:
    review = make_review()

    assert reject_reviews(reviews=[review.pk], because="Insulting", user=None) == [review.pk]
    assert hide_reviews(reviews=[review.pk], because="Insulting", user=None) == [review.pk]
    assert ModerationEvent.objects.count() == 2


CHANGES = ["product_review = 'Bad'", "rating = 1", "rating = NULL", "product_name = 'Tea'"]


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_itself_keeps_what_a_customer_wrote(db: None, change: str) -> None:
    review = make_review(rating=5)

    with (
        pytest.raises(DatabaseError, match="stays as it is"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE reviews_review SET {change}")

    assert Review.objects.get().product_review == review.product_review


def test_more_by_the_customer_and_erasure_are_let_through(db: None) -> None:
    review = make_review()
    more = f"{review.product_review}\nAnd the battery"

    Review.objects.update(product_review=more)
    Review.objects.update(moderation="published")
    with pytest.raises(DatabaseError), transaction.atomic():
        Review.objects.update(product_review=f"{more}\nToo late")
    Review.objects.update(product_review=ERASED)

    assert Review.objects.get().product_review == ERASED


def make_sale(customer: Any, **fields: Any) -> Funnel:
    return Funnel.objects.create(
        room=make_room(customer),
        customer=customer,
        channel="whatsapp",
        cycle=1,
        began_at=START,
        leads_date=START,
        **fields,
    )


def test_where_a_review_comes_from_is_computed(moderator: Client) -> None:
    buyer, invited, stranger, later = (make_customer(number) for number in range(1, 5))
    sale = make_sale(buyer, transaction_date=START)
    make_sale(later, transaction_date=START.replace(year=2030))
    make_sale(stranger)
    line = Line.objects.create(address=OUR_ADDRESS, name="Main", purpose="reviews")
    template = MessageTemplate.objects.create(name="ask", body="Hi", language="en")
    campaign = Campaign.objects.create(name="Ask", line=line, template=template)
    session = ReviewSession.objects.create(
        customer=invited,
        our_address=OUR_ADDRESS,
        started_at=START,
        touched_at=START,
        ended_at=START,
        invitation=Invitation.objects.create(campaign=campaign, customer=invited),
    )
    reviews = [
        make_review(1, customer=buyer),
        make_review(2, customer=invited, session=session),
        make_review(3, customer=stranger),
        make_review(4, customer=later),
        make_review(5, customer=None),
    ]

    found = provenance_of(reviews)

    origins = [found[review.pk].origin for review in reviews]
    assert origins == ["verified", "invited", "organic", "organic", "organic"]
    assert found[reviews[0].pk].sale_url == f"/admin/funnels/funnel/{sale.pk}/change/"
    page = moderator.get(f"{LIST}{reviews[0].pk}/change/").content.decode()
    assert found[reviews[0].pk].sale_url in page
    shown = moderator.get(LIST).content.decode()
    assert (shown.count("Verified buyer"), shown.count("Organic")) == (1, 3)


def test_a_public_answer_needs_no_open_window(moderator: Client) -> None:
    customer = make_customer()
    make_room(customer)
    review = make_review(customer=customer)
    address = f"{LIST}{review.pk}/note/"

    empty = moderator.post(address, {"text": " "})
    moderator.post(address, {"text": "We are sorry, Ana <3"})

    assert "This field is required" in empty.content.decode()
    review.refresh_from_db()
    assert (review.answer, review.answered_by) == (
        "We are sorry, Ana <3",
        User.objects.get(username="lead"),
    )
    assert "We are sorry, Ana &lt;3" in moderator.get(f"{LIST}{review.pk}/change/").content.decode()


def test_who_may_only_look_answers_nothing_publicly(client: Client, db: None) -> None:
    review = make_review()
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_review"))
    client.force_login(user)

    assert client.post(f"{LIST}{review.pk}/note/", {"text": "x"}).status_code == 403
    assert "note/" not in client.get(f"{LIST}{review.pk}/change/").content.decode()
