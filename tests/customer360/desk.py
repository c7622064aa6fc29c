"""A customer of whom every source has something to say."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils.timezone import now

from carddata.models import CardEvent, CardStatus, Partner, PartnerFile
from conversations.models import Customer, Room
from conversations.services.desk import add_note
from conversations.services.waiting import note_waiting
from customer360.models import CustomerRecord, Product, Purchase, ServiceInteraction
from funnels.models import Funnel
from tests.reviews.making import make_customer, make_message, make_review, make_room

BASE = "/admin/customer360/customerprofile"
QUEUE = f"{BASE}/queue/"


def of_role(role: str, name: str) -> Client:
    """A client in which a new member of staff with this role is signed in."""
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def page_of(room: Room) -> str:
    """The page of the room's customer."""
    return f"{BASE}/customer/{room.customer_id}/"


def waiting_room(number: int = 1, *, minutes: int = 5, **fields: Any) -> Room:
    """An open room whose customer wrote some minutes ago and has no answer."""
    at = now() - timedelta(minutes=minutes)
    customer = make_customer(number, name=fields.pop("name", f"Person {number}"))
    times = dict.fromkeys(("last_inbound_at", "last_message_at", "first_customer_message_at"), at)
    room = make_room(customer, **{**times, **fields})
    refresh(room)
    return room


def refresh(room: Room) -> None:
    note_waiting(list(room.messages.select_related("room")))
    room.refresh_from_db()


def make_card(customer: Customer, card_id: str, *, line: int = 1) -> None:
    partner = Partner.objects.order_by("pk").first()
    assert partner is not None
    file, _ = PartnerFile.objects.get_or_create(
        partner=partner, name="cards.csv", sha256="0" * 64, size=1
    )
    values: dict[str, Any] = {
        "card_id": card_id,
        "occurred_at": now() - timedelta(days=line),
        "status": "delivered",
        "weight": 1,
        "content": uuid4(),
        "contact": customer.phone_number,
    }
    event = CardEvent.objects.create(file=file, line=line, **values)
    CardStatus.objects.create(event=event, partner=partner, updated_at=now(), **values)


def make_everything(room: Room, author: Any, *, number: int = 1) -> None:
    """One more of each kind in the timeline of the room's customer."""
    customer = room.customer
    assert customer is not None
    day = date(2025, 4, 1) + timedelta(days=number)
    make_message(room, body=f"message {number}", sent_at=now() - timedelta(hours=number))
    add_note(customer=customer, room=room, text=f"note {number}", author=author)
    Funnel.objects.create(
        room=room, cycle=number, customer=customer, stage="transaction", channel="ads",
        lead_basis="keyword", began_at=now(), leads_date=now() - timedelta(days=number),
        transaction_date=now() - timedelta(hours=number), transaction_value=150_000, currency="IDR",
    )  # fmt: skip
    make_review(number, customer=customer, product_name=f"Phone {number}")
    make_card(customer, f"ZYW{number:05}", line=number)
    record, _ = CustomerRecord.objects.get_or_create(
        external_id=f"C{customer.pk}", customer=customer
    )
    product, _ = Product.objects.get_or_create(external_id="P1", product_name="Yoga mat")
    Purchase.objects.create(
        external_id=f"T{customer.pk}-{number}", record=record, product=product, purchase_date=day,
        quantity=1, total_amount=250_000, currency="IDR",
    )  # fmt: skip
    ServiceInteraction.objects.create(
        external_id=f"S{customer.pk}-{number}", record=record, interaction_date=day,
        interaction_type="complaint", resolution_status="resolved",
    )  # fmt: skip
