"""A small shop with everything that figures must count rightly, and its build."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from conversations.models import Customer, Room
from customer360.models import (
    Campaign,
    CampaignResponse,
    CustomerRecord,
    Product,
    ProfileBuild,
    Purchase,
    ServiceInteraction,
    WebsiteVisit,
)
from customer360.services.building import build_profiles
from funnels.models import Funnel

AS_OF = date(2026, 3, 20)
JAKARTA = ZoneInfo("Asia/Jakarta")


def make_customer(number: int) -> Customer:
    first = datetime(2025, 3, 1, tzinfo=UTC) + timedelta(days=number)
    return Customer.objects.create(
        name=f"Customer {number}",
        phone_number=f"+62811000{number:04}",
        first_seen_at=first,
        last_seen_at=first,
    )


def fill_shop(customers: int = 24) -> None:
    """Buyers of every kind: once, often, refunded, in dollars, in the future, by chat, and never."""
    products = [
        Product.objects.create(external_id=str(n), product_name=f"P{n}", category=name, brand="B")
        for n, name in enumerate(["Tea", "Coffee", "=cmd|'x'!A1", ""])
    ]
    number = 0
    for place in range(customers):
        customer = make_customer(place)
        record = CustomerRecord.objects.create(
            external_id=str(place),
            first_name=f"First {place}",
            last_name="Name",
            registration_date=date(2025, 6, 1) + timedelta(days=5 * place),
            customer=customer,
        )
        for order in range(place % 5):
            number += 1
            Purchase.objects.create(
                external_id=str(number),
                record=record,
                product=products[(place + order) % 4],
                purchase_date=AS_OF - timedelta(days=7 * place + 31 * order),
                quantity=1,
                total_amount=Decimal(f"{100 + place}.{order}5"),
                currency="USD" if place % 11 == 3 else "IDR",
            )
        WebsiteVisit.objects.create(
            external_id=str(place), record=record, visit_date=AS_OF, pages_viewed=2, time_spent=60
        )
        if place % 3 == 0:
            ServiceInteraction.objects.create(
                external_id=str(place),
                record=record,
                interaction_date=AS_OF - timedelta(days=3 * place),
                interaction_type="complaint",
                satisfaction_score=1 + place % 10,
            )
    _corners(products[0])
    for place in range(6):
        _sale_by_chat(place)


def _corners(product: Product) -> None:
    """A refund, a purchase of tomorrow, and a campaign."""
    record = CustomerRecord.objects.get(external_id="4")
    common = {"record": record, "product": product, "currency": "IDR"}
    Purchase.objects.create(
        external_id="refund",
        purchase_date=AS_OF - timedelta(days=2),
        quantity=-1,
        total_amount=Decimal("-50.25"),
        **common,
    )
    Purchase.objects.create(
        external_id="tomorrow",
        purchase_date=AS_OF + timedelta(days=1),
        quantity=1,
        total_amount=Decimal("999.00"),
        **common,
    )
    campaign = Campaign.objects.create(
        external_id="1", start_date=AS_OF, channel="email", target_audience="all"
    )
    CampaignResponse.objects.create(
        external_id="1",
        campaign=campaign,
        record=record,
        response_date=AS_OF,
        response_type="click",
    )


def _sale_by_chat(place: int) -> None:
    """A room with a paid funnel late in the evening, so that zones matter; one is not paid yet."""
    customer = make_customer(1_000 + place)
    moment = datetime(2026, 2, 28, 23, 30, tzinfo=JAKARTA) - timedelta(days=10 * place)
    room = Room.objects.create(
        source="crm",
        external_id=f"r{place}",
        customer=customer,
        channel="whatsapp",
        started_at=moment,
    )
    is_paid = place != 5
    Funnel.objects.create(
        room=room,
        customer=customer,
        cycle=1,
        stage="transaction" if is_paid else "opening",
        channel="instagram" if place % 2 else "whatsapp",
        lead_basis="keyword",
        began_at=moment,
        leads_date=moment,
        booking_date=moment if place < 4 else None,
        transaction_date=moment if is_paid else None,
        transaction_value=Decimal("75000.50") if is_paid else None,
        currency="IDR" if is_paid else "",
    )


def build_shop(customers: int = 24) -> ProfileBuild:
    fill_shop(customers)
    return build_profiles(mode="full", as_of=AS_OF)
