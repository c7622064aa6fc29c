"""Reviews, customers and rooms for tests, one valid object a call."""

from datetime import UTC, datetime, timedelta
from typing import Any

from conversations.models import (
    Customer,
    CustomerIdentity,
    Line,
    Message,
    MessageTemplate,
    Room,
    Sending,
)
from reviews.models import Campaign, Review
from tests.twilio_server import LocalTwilio

START = datetime(2025, 4, 1, 3, tzinfo=UTC)
OUR_ADDRESS = "whatsapp:+14155238886"


def make_customer(number: int = 1, **fields: Any) -> Customer:
    """A customer known by a phone number that ends in `number`."""
    phone = f"+62812000{number:05}"
    customer, is_new = Customer.objects.get_or_create(
        phone_number=phone,
        defaults={"first_seen_at": START, "last_seen_at": START, **fields},
    )
    if is_new:
        CustomerIdentity.objects.create(
            customer=customer, kind="phone", value=phone, first_seen_at=START
        )
    return customer


def make_room(customer: Customer, **fields: Any) -> Room:
    """An open WhatsApp room in which the customer wrote at START."""
    values: dict[str, Any] = {
        "source": Room.SESSION_SOURCE,
        "external_id": f"room-{customer.pk}-{Room.objects.count()}",
        "channel": "whatsapp",
        "started_at": START,
        "last_message_at": START,
        "our_address": OUR_ADDRESS,
        "reply_address": f"whatsapp:{customer.phone_number}",
        "last_inbound_at": START,
        **fields,
    }
    room = Room.objects.create(customer=customer, **values)
    make_message(room, body="halo kak", sent_at=values["last_inbound_at"] or START)
    return room


def make_message(room: Room, **fields: Any) -> Message:
    values: dict[str, Any] = {
        "source": "twilio",
        "sender": "customer",
        "body": "halo",
        "sent_at": START,
        "received_at": START,
        **fields,
    }
    return Message.objects.create(room=room, customer=room.customer, **values)


def make_review(number: int = 1, **fields: Any) -> Review:
    """A review by the customer of this number, made `number` hours after START."""
    customer = fields.pop("customer", None) or make_customer(number)
    values: dict[str, Any] = {
        "contact_number": f"whatsapp:{customer.phone_number}",
        "user_name": f"Person {number}",
        "product_name": "iPhone 15",
        "product_review": "Excellent phone with great camera!",
        "created_at": START + timedelta(hours=number),
        **fields,
    }
    return Review.objects.create(customer=customer, **values)


def make_campaign(**fields: Any) -> Campaign:
    """A campaign by a line and a template of its own."""
    line, _ = Line.objects.get_or_create(
        address=OUR_ADDRESS, defaults={"name": "Reviews", "purpose": "reviews", "starts": "invited"}
    )
    template, _ = MessageTemplate.objects.get_or_create(
        name="Review, please",
        content_sid="HX" + "a" * 32,
        body="Hi {{1}}, how do you like your {{2}}? Answer to tell us.",
    )
    values = {
        "name": f"campaign {Campaign.objects.count()}",
        "line": line,
        "template": template,
        "variables": {"1": "{name}", "2": "purchase"},
        **fields,
    }
    return Campaign.objects.create(**values)


def sent(twilio: LocalTwilio) -> list[str]:
    """What the local Twilio was asked to send, in order."""
    return [message["body"] for message in twilio.messages.values()]


def only_sending() -> Sending:
    """The one attempt that there is."""
    return Sending.objects.select_related("message").get()
