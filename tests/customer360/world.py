"""A few customers and everything that may happen to what is known of them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from conversations.models import Customer, IdentityChange, Room
from conversations.services.joining import join_customers
from conversations.services.parting import undo_join
from customer360.models import (
    Campaign,
    CampaignResponse,
    CustomerRecord,
    Product,
    Purchase,
    ServiceInteraction,
    WebsiteVisit,
)
from customer360.services.building import build_profiles
from funnels.models import Funnel
from reviews.models import Review

AS_OF = date(2026, 3, 20)
PEOPLE, PRODUCTS, CAMPAIGNS = 14, 4, 3
MOMENT = datetime(2025, 9, 1, 5, tzinfo=UTC)


class World:
    """A few customers, and what may happen to them."""

    def __init__(self) -> None:
        self.number = 0
        self.products = [
            Product.objects.create(external_id=str(n), category=name, brand=f"B{n % 2}")
            for n, name in enumerate(["Tea", "Coffee", "Milk", ""])
        ]
        self.campaigns = [
            Campaign.objects.create(
                external_id=str(n),
                start_date=AS_OF - timedelta(days=20 - 12 * n),
                channel="email",
                target_audience=who,
            )
            for n, who in enumerate(["all", "young adults", "parents"])
        ]
        self.records: list[CustomerRecord] = []
        for place in range(PEOPLE):
            self.newcomer()
            for order in range(place % 4):
                self.buy(place, order, 9 * place + 40 * order, 1, 1_000 + 317 * place, "IDR")

    def newcomer(self) -> None:
        place = len(self.records)
        person = Customer.objects.create(
            name=f"N{place}", first_seen_at=MOMENT, last_seen_at=MOMENT
        )
        self.records.append(
            CustomerRecord.objects.create(
                external_id=str(place),
                customer=person,
                date_of_birth=date(1950 + 4 * (place % 14), 5, 5),
                registration_date=date(2025, 1, 1 + place % 28),
            )
        )

    def buy(self, who: int, what: int, ago: int, quantity: int, cents: int, currency: str) -> None:
        self.number += 1
        Purchase.objects.create(
            external_id=str(self.number),
            record=self.records[who],
            product=self.products[what % PRODUCTS],
            purchase_date=AS_OF - timedelta(days=ago),
            quantity=quantity,
            total_amount=Decimal(cents if quantity > 0 else -cents) / 100,
            currency=currency,
        )

    def correct(self, which: int, ago: int, cents: int) -> None:
        Purchase.objects.filter(pk=self.nth(Purchase, which), quantity__gt=0).update(
            purchase_date=AS_OF - timedelta(days=ago), total_amount=Decimal(cents) / 100
        )

    def delete(self, which: int) -> None:
        Purchase.objects.filter(pk=self.nth(Purchase, which)).delete()

    def contact(self, who: int, what: int, ago: int, score: int) -> None:
        self.number += 1
        ServiceInteraction.objects.create(
            external_id=str(self.number),
            record=self.records[who],
            product=self.products[what],
            interaction_date=AS_OF - timedelta(days=ago),
            interaction_type="complaint" if score < 5 else "inquiry",
            satisfaction_score=score if score < 9 else None,
        )

    def uncontact(self, which: int) -> None:
        ServiceInteraction.objects.filter(pk=self.nth(ServiceInteraction, which)).delete()

    def respond(self, who: int, which: int, clicked: bool) -> None:
        self.number += 1
        CampaignResponse.objects.create(
            external_id=str(self.number),
            record=self.records[who],
            campaign=self.campaigns[which],
            response_date=AS_OF - timedelta(days=self.number % 9),
            response_type="click" if clicked else "unsubscribe",
        )

    def visit(self, who: int, ago: int, seconds: int) -> None:
        self.number += 1
        WebsiteVisit.objects.create(
            external_id=str(self.number),
            record=self.records[who],
            visit_date=AS_OF - timedelta(days=ago),
            time_spent=seconds,
        )

    def rename(self, which: int, category: str) -> None:
        Product.objects.filter(pk=self.products[which].pk).update(category=category)

    def audience(self, which: int, who: str) -> None:
        Campaign.objects.filter(pk=self.campaigns[which].pk).update(target_audience=who)

    def join(self, one: int, other: int) -> None:
        records = [CustomerRecord.objects.get(pk=self.records[n].pk) for n in (one, other)]
        if records[0].customer_id != records[1].customer_id:
            join_customers(
                customer=records[0].customer, absorbed=records[1].customer, because=("crm", "test")
            )

    def undo(self) -> None:
        for change in IdentityChange.objects.filter(change="joined"):
            if undo_join(change=change) is not None:
                return

    def chat(self, who: int, ago: int) -> None:
        self.number += 1
        Room.objects.create(
            source="crm",
            external_id=f"room-{self.number}",
            customer=CustomerRecord.objects.get(pk=self.records[who].pk).customer,
            channel="whatsapp",
            started_at=datetime.combine(AS_OF - timedelta(days=ago), MOMENT.timetz()),
        )

    def pay(self, who: int, ago: int, cents: int) -> None:
        self.chat(who, ago)
        room = Room.objects.get(external_id=f"room-{self.number}")
        Funnel.objects.create(
            room=room,
            cycle=1,
            customer=room.customer,
            stage="transaction",
            channel="ads",
            lead_basis="keyword",
            began_at=room.started_at,
            leads_date=room.started_at,
            transaction_date=room.started_at + timedelta(hours=13),
            transaction_value=Decimal(cents) / 100 if cents % 7 else None,
            currency="IDR" if cents % 7 else "",
            other_amounts={"USD": "12.50"} if cents % 3 == 0 else {},
        )

    def unpay(self, which: int) -> None:
        Funnel.objects.filter(pk=self.nth(Funnel, which)).update(
            transaction_date=None, transaction_value=None
        )

    def review(self, who: int, ago: int, stars: int | None) -> None:
        self.number += 1
        Review.objects.create(
            customer=CustomerRecord.objects.get(pk=self.records[who].pk).customer,
            user_name="A",
            product_name=f"P{self.number}",
            product_review="Good",
            rating=stars,
            created_at=datetime.combine(AS_OF - timedelta(days=ago), MOMENT.timetz()),
        )

    def unreview(self, which: int) -> None:
        Review.objects.filter(pk=self.nth(Review, which)).delete()

    def build(self) -> None:
        build_profiles(as_of=AS_OF)

    @staticmethod
    def nth(model: Any, which: int) -> Any:
        keys = list(model.objects.order_by("pk").values_list("pk", flat=True))
        return keys[which % len(keys)] if keys else None
