"""A customer who left traces everywhere, and another one whose rows must stay as they are."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType

from carddata.models import CardStatus, Partner, PartnerFile, RejectedRow
from carddata.rows import CardRow
from carddata.services.loading import load_rows, prepare
from conversations.models import Attachment, Consent, Customer, InboundEvent, Line, Sending
from conversations.services.desk import add_note, change_note
from conversations.services.drain import drain_inbox
from conversations.services.inbox import Delivery, store_deliveries
from customer360.services.loading import load_rows as load_cdp_rows
from customer360.source_rows import Defaults
from reviews.models import BotAnswer, Review, ReviewSession

PHONE, NAME, MAIL = "+6281234567890", "Ayu Canary", "ayu.canary@example.org"
OTHER = "+6281999999999"
CANARIES = ("81234567890", "Canary", "canary")


@pytest.fixture(autouse=True)
def _archive(settings: Any, tmp_path: Path) -> None:
    settings.RAW_STORAGE_URL = str(tmp_path / "archive")


def body(phone: str, number: int, text: str, **more: Any) -> dict[str, Any]:
    return {
        "message_id": f"{phone}-m{number}".replace(PHONE, "x"),
        "room_id": f"room-{'x' if phone == PHONE else phone}",
        "phone_number": phone,
        "sender": "customer",
        "channel": "whatsapp",
        "message": text,
        "sent_at": f"2025-04-2{number}T10:00:00+07:00",
        **more,
    }


OLD = datetime(2025, 4, 25, tzinfo=UTC)


def deliver_bodies(*bodies: dict[str, Any], received_at: datetime = OLD) -> None:
    """Take message bodies in by the API's door and drain them."""
    store_deliveries(
        source="api",
        deliveries=[Delivery(key=one["message_id"], body=orjson.dumps(one)) for one in bodies],
        received_at=received_at,
    )
    drain_inbox()


def card_row(card: str, phone: str) -> CardRow:
    return CardRow(
        card,
        datetime(2025, 4, 1, tzinfo=UTC),
        "00000000-0000-0000-0000-0000000000" + ("01" if phone == PHONE else "02"),
        "delivered",
        60,
        phone,
        "DELIVERED",
        f"left with {NAME}" if phone == PHONE else "ok",
        "",
        2,
        "",
    )


CUSTOMER_ROWS = [
    {
        "customer_id": "77",
        "first_name": "Ayu",
        "last_name": "Canary",
        "email": MAIL,
        "phone_number": PHONE,
        "date_of_birth": "1990-01-02",
        "registration_date": "2024-01-02",
    }
]
CDP = Defaults(region="ID", currency="IDR")


@pytest.fixture
def ayu(keywords: None) -> Customer:
    """Messages, a dead letter, a review, cards, a record with a purchase, a log entry."""
    for phone in (PHONE, OTHER):
        deliver_bodies(
            body(phone, 1, "Halo, saya Ayu Canary", name=NAME),
            body(phone, 2, "booking besok ya"),
            body(phone, 3, "sudah transfer 150rb"),
        )
    store_deliveries(
        source="api",
        deliveries=[Delivery(key="dead", body=b'{"phone": "0812-3456-7890", "who": "Canary"')],
        received_at=datetime(2025, 4, 25, tzinfo=UTC),
    )
    drain_inbox()
    failed = list(InboundEvent.objects.filter(state="failed").values_list("error_code", "error"))
    assert len(failed) == 1, failed
    customer = Customer.objects.get(phone_number=PHONE)
    _around_messages(customer)
    _cards()
    load_cdp_rows(table="customer_info", rows=CUSTOMER_ROWS, name="c.csv", defaults=CDP)
    load_cdp_rows(
        table="product_catalog",
        rows=[{"product_id": "1", "product_name": "Tea", "category": "Drinks"}],
        name="p.csv",
        defaults=CDP,
    )
    load_cdp_rows(
        table="purchase_transactions",
        rows=[
            {
                "transaction_id": "9",
                "customer_id": "77",
                "product_id": "1",
                "purchase_date": "2025-04-02",
                "quantity": "1",
                "total_amount": "50000",
            }
        ],
        name="t.csv",
        defaults=CDP,
    )
    customer.refresh_from_db()
    return customer


def _around_messages(customer: Customer) -> None:
    message = customer.messages.order_by("pk").first()
    assert message is not None
    assert message.event_id is not None
    moment = datetime(2025, 4, 21, tzinfo=UTC)
    event = InboundEvent.objects.get(pk=message.event_id)
    BotAnswer.objects.create(event=event, message_sid="SM1", twiml=f"<R>Hi {NAME}</R>")
    session = ReviewSession.objects.create(
        customer=customer,
        our_address="whatsapp:+1",
        user_name=NAME,
        product_review="Canary",
        started_at=moment,
        touched_at=moment,
    )
    Review.objects.create(
        customer=customer,
        session=session,
        line=Line.objects.create(address="whatsapp:+1", name="L"),
        contact_number=PHONE,
        user_name=NAME,
        product_name="Tea",
        product_review="Canary likes it",
        rating=5,
        created_at=moment,
    )
    Attachment.objects.create(message=message, place=0, url="https://x/Canary.jpg")
    Consent.objects.create(
        customer=customer, change="in", origin="staff", words="said Canary", at=moment
    )
    kept = add_note(customer=customer, room=None, text="Canary rang twice", author=None)
    assert change_note(note=kept, version=0, text="Canary rang once")
    Sending.objects.create(
        message=message, from_address="whatsapp:+1", to_address=f"whatsapp:{PHONE}"
    )
    staff = User.objects.create_user("sari", is_staff=True)
    LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(Customer),
        object_id=str(customer.pk),
        object_repr=NAME,
        action_flag=CHANGE,
        change_message="Canary",
    )


def _cards() -> None:
    partner = Partner.objects.create(name="P", time_zone="UTC", phone_region="ID")
    file = PartnerFile.objects.create(
        partner=partner, name="f.csv", sha256="0" * 64, size=1, way="upload"
    )
    RejectedRow.objects.create(file=file, line=3, reason="x", raw=f"C3,{PHONE},Canary")
    load_rows(
        file_id=file.pk,
        partner_id=partner.pk,
        prepared=prepare([card_row("C1", PHONE), card_row("C2", OTHER)]),
    )
    assert CardStatus.objects.count() == 2
