"""What a blocked customer wrote is kept, and processed when staff say so."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils.timezone import now

from conversations.models import Customer, Line, Message, Room, Sending
from conversations.services.blocking import OwnNumberError, process_held, set_blocked
from funnels.models import Funnel
from reviews.models import Review
from tests.reviews.conftest import Say
from tests.twilio_posts import OURS

REST = ("iPhone 15", "John", "Excellent phone with great camera!")


@pytest.fixture
def blocked(say: Say) -> Customer:
    """A customer who was blocked after "Hi" and wrote the rest of a review all the same."""
    with time_machine.travel(now() - timedelta(hours=3)) as clock:
        say("Hi")
        customer = Customer.objects.get()
        set_blocked(customer=customer, is_blocked=True)
        for text in REST:
            clock.shift(timedelta(minutes=1))
            assert say(text) == ""
    return customer


def test_nothing_reacts_until_staff_say_so(blocked: Customer, say: Say) -> None:
    assert process_held(customer=blocked) == 0
    set_blocked(customer=blocked, is_blocked=False)

    assert Message.objects.filter(is_held=True).count() == 3
    assert not Review.objects.exists()
    assert not Funnel.objects.exists()


def test_held_messages_are_processed_once_in_their_order(blocked: Customer) -> None:
    set_blocked(customer=blocked, is_blocked=False)

    assert process_held(customer=blocked) == 3
    assert process_held(customer=blocked) == 0

    review = Review.objects.get()
    assert (review.product_name, review.user_name, review.product_review) == REST
    assert not Message.objects.filter(is_held=True).exists()
    assert Message.objects.filter(sender="bot").count() == 4
    assert not Sending.objects.exists(), "too late to answer"


def test_a_fresh_held_message_is_answered_by_itself(say: Say, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "memory://"
    say("Hi")
    customer = Customer.objects.get()
    set_blocked(customer=customer, is_blocked=True)
    say("iPhone 15")
    set_blocked(customer=customer, is_blocked=False)

    process_held(customer=customer)

    assert Sending.objects.get().message.body == "Okay, got it. What's your name?"


def test_a_held_message_that_is_for_people_becomes_a_lead(say: Say) -> None:
    Line.objects.create(address=OURS, name="Main", purpose="inbox", starts="keyword")
    say("review")
    customer = Customer.objects.get()
    say("BATAL")
    set_blocked(customer=customer, is_blocked=True)
    say("How much is it?")
    set_blocked(customer=customer, is_blocked=False)
    say("review")
    assert not Funnel.objects.exists()

    process_held(customer=customer)

    asked = Message.objects.get(body="How much is it?")
    assert Funnel.objects.get().leads_date == asked.sent_at


def test_the_number_of_statements_does_not_grow_with_what_is_held(
    say: Say, django_assert_max_num_queries: Any
) -> None:
    customers = [_held_by(say, f"whatsapp:+62812000{number:05}", number) for number in (2, 20)]
    counts = []
    for customer in customers:
        with django_assert_max_num_queries(60) as captured:
            process_held(customer=customer)
        counts.append(sum("UPDATE" not in one["sql"] for one in captured.captured_queries))
    assert abs(counts[0] - counts[1]) <= 6


def _held_by(say: Say, address: str, messages: int) -> Customer:
    with time_machine.travel(now() - timedelta(hours=3)):
        say("Hi", From=address)
        customer = Customer.objects.get(phone_number=address.removeprefix("whatsapp:"))
        set_blocked(customer=customer, is_blocked=True)
        for _ in range(messages):
            say("HELP", From=address)
    set_blocked(customer=customer, is_blocked=False)
    return customer


def test_a_number_of_our_own_is_not_blocked(say: Say) -> None:
    say("Hi")
    say("Hi", From=OURS)
    ours = Customer.objects.get(phone_number=OURS.removeprefix("whatsapp:"))

    with pytest.raises(OwnNumberError):
        set_blocked(customer=ours, is_blocked=True)
    Room.objects.update(our_address="")
    set_blocked(customer=ours, is_blocked=True)
    set_blocked(customer=ours, is_blocked=False)
    Line.objects.create(address=OURS, name="Main")
    with pytest.raises(OwnNumberError):
        set_blocked(customer=ours, is_blocked=True)


def test_staff_are_offered_to_process_what_is_held(blocked: Customer, admin_client: Client) -> None:
    address = f"/admin/conversations/customer/{blocked.pk}"
    page: Any = admin_client.get(f"{address}/change/")
    assert "3 messages held" in page.content.decode()
    assert "Process 3 held messages" not in page.content.decode()
    admin_client.post(f"{address}/block/", {"unblock": "1"})
    page = admin_client.get(f"{address}/change/")
    assert "Process 3 held messages" in page.content.decode()

    admin_client.post(f"{address}/held/")

    assert Review.objects.count() == 1


def test_staff_are_told_that_a_number_is_ours(say: Say, admin_client: Client) -> None:
    say("Hi", From=OURS)
    ours = Customer.objects.get()
    Line.objects.create(address=OURS, name="Main")

    page: Any = admin_client.post(
        f"/admin/conversations/customer/{ours.pk}/block/", {"block": "1"}, follow=True
    )

    assert "number of our own" in page.content.decode()
    ours.refresh_from_db()
    assert ours.blocked_at is None
