"""Invitations and answers on their whole way: by a local Twilio that judges, and calls back."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conversations.models import Customer, Line, Message, MessageTemplate, Room
from conversations.services.posting import send_owed
from reviews.models import Campaign, Review
from reviews.services.inviting import invite_customers, send_invitations
from tests.reviews.conftest import BASE, Post, Say
from tests.reviews.making import make_customer
from tests.twilio_posts import ACCOUNT, CUSTOMER, OURS, TOKEN, encode, message_form, signature
from tests.twilio_server import Callbacks, LocalTwilio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def twilio(settings: Any, db: None, client: Client) -> Iterator[LocalTwilio]:
    """A local Twilio whose callbacks come to the site shuffled and doubled, when it is settled."""
    with LocalTwilio({ACCOUNT: TOKEN}, callbacks=Callbacks.NONE) as server:
        settings.TWILIO_API_BASE_URL = server.base_url
        yield server


def callback(client: Client, made: dict[str, Any], status: str, **more: str) -> None:
    """What Twilio tells of a message it has, signed."""
    address = made["form"]["StatusCallback"]
    fields = {
        "AccountSid": ACCOUNT,
        "MessageSid": made["sid"],
        "MessageStatus": status,
        "From": made["from"] or "",
        "To": made["to"],
        **more,
    }
    answer = client.post(
        address.removeprefix(BASE),
        data=encode(fields),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature(address, list(fields.items()), TOKEN)},
    )
    assert answer.status_code == 204


@pytest.fixture
def campaign(twilio: LocalTwilio) -> Campaign:
    line = Line.objects.create(address=OURS, name="Reviews", purpose="reviews", starts="invited")
    template = MessageTemplate.objects.create(
        name="Review, please", content_sid="HX" + "a" * 32, body="Hi {{1}}, how was it?"
    )
    return Campaign.objects.create(
        name="May", line=line, template=template, variables={"1": "{name}"}, per_minute=3
    )


def test_invitations_leave_as_templates_at_their_rate_and_once(
    twilio: LocalTwilio, campaign: Campaign
) -> None:
    people = [make_customer(number).pk for number in range(1, 6)]

    invite_customers(campaign=campaign, customers=people)
    for _ in range(3):
        send_invitations()
        send_owed()

    forms = [made["form"] for made in twilio.messages.values()]
    assert len(forms) == 3
    assert {form["ContentSid"] for form in forms} == {"HX" + "a" * 32}
    assert {form["ContentVariables"] for form in forms} == {'{"1":"there"}'}
    assert len({form["To"] for form in forms}) == 3
    assert not any("Body" in form for form in forms)


def test_an_invited_customer_answers_and_is_led_to_a_review(
    twilio: LocalTwilio, campaign: Campaign, say: Say
) -> None:
    phone = CUSTOMER.removeprefix("whatsapp:")
    customer = make_customer(1)
    customer.identities.update(value=phone)
    Customer.objects.update(phone_number=phone)
    assert say("Hi") == ""
    invite_customers(campaign=campaign, customers=[customer.pk])

    said = [say(text) for text in ("sure", "iPhone 15", "John", "Great camera!")]

    assert said[0] == "Hi! Which product is this review for?"
    review = Review.objects.select_related("session__invitation").get()
    assert review.session is not None
    assert review.session.invitation is not None
    assert review.session.invitation.campaign == campaign
    assert say("and another thing") == ""


def test_an_agents_answer_from_the_page_is_sent_delivered_and_read(
    twilio: LocalTwilio, post: Post, admin_user: User, admin_client: Client
) -> None:
    post(message_form("Hi"))
    room = Room.objects.get()
    page = f"/admin/conversations/room/{room.pk}/change/"

    admin_client.post(
        f"/admin/conversations/room/{room.pk}/answer/", {"token": "t1", "body": "We are here!"}
    )

    [made] = twilio.messages.values()
    assert made["form"]["Body"] == "We are here!"
    for status in ("read", "sent", "delivered"):
        callback(admin_client, made, status)
    text = admin_client.get(page).content.decode()
    assert "fs-delivery-read" in text
    assert Message.objects.get(sender="agent").status == "read"


def test_a_number_that_is_not_on_whatsapp_is_said_in_words(
    twilio: LocalTwilio, post: Post, admin_client: Client
) -> None:
    post(message_form("Hi"))
    room = Room.objects.get()
    admin_client.post(
        f"/admin/conversations/room/{room.pk}/answer/", {"token": "t1", "body": "We are here!"}
    )
    [made] = twilio.messages.values()

    callback(admin_client, made, "failed", ErrorCode="63024")

    text = admin_client.get(f"/admin/conversations/room/{room.pk}/change/").content.decode()
    assert "Failed: The number is not on WhatsApp" in text
    assert ">Retry<" not in text
