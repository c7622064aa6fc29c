"""A made-up year of purchases, visits, campaigns and service cases, for a first look at the pictures.

Pure, and the same for the same customers, day and seed. The rows are those of the seven source files.
People differ in how often they buy, how much they spend and when they stop, so that every segment and
every risk has somebody in it.
"""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]
YEAR = 365
NEVER_SHARE, REFUND_SHARE = 0.12, 0.02
CATALOG = (
    ("Courses", "Sparks", ("English A1", "English B1", "Business English", "IELTS"), (500, 2_500)),
    ("Music", "Melati", ("Piano for children", "Guitar", "Singing"), (350, 1_500)),
    ("Wellness", "Tenang", ("Yoga", "Pilates", "Meditation"), (150, 500)),
    ("Beauty", "Tenang", ("Facial", "Massage"), (250, 450)),
    ("Therapy", "Pulih", ("Physiotherapy", "Sports massage"), (300, 1_000)),
    ("Materials", "Sparks", ("Textbook", "Yoga mat", "Sketch pad"), (50, 300)),
)
CAMPAIGNS = (
    ("New year, new skill", "email", "all"),
    ("Ramadan evenings", "social media", "all"),
    ("Back to school", "print", "parents"),
    ("Young and strong", "social media", "young adults"),
    ("Gentle mornings", "print", "seniors"),
    ("Payday deals", "email", "all"),
    ("Bring a friend", "WhatsApp", "all"),
    ("Year end thanks", "WhatsApp", "all"),
)
FIRST_NAMES = (
    "Ayu Bagas Citra Dimas Eka Fajar Gita Hana Indra Joko Kirana Lestari Made Nia Oki".split()
)
LAST_NAMES = "Contoh Misal Umpama Andai Rekaan".split()
SOURCES = ("organic search", "social media", "direct", "email", "paid ad")


def demo_rows(phones: Sequence[str], *, day: date, seed: int = 1) -> dict[str, list[Row]]:
    """The rows of the seven tables, parents first, for customers with these numbers up to a day."""
    rng = random.Random(f"{seed}:{day}")  # noqa: S311 - a demonstration, not a secret
    products, campaigns = _products(rng), _campaigns(day)
    rows: dict[str, list[Row]] = {
        "customer_info": [],
        "product_catalog": [row for row, _ in products],
        "marketing_campaigns": campaigns,
        "purchase_transactions": [],
        "customer_service": [],
        "campaign_responses": [],
        "website_behavior": [],
    }
    for number, phone in enumerate(phones, start=1):
        _life(rows, products, campaigns, number, phone, day, rng)
    return rows


def _products(rng: random.Random) -> list[tuple[Row, int]]:
    """The catalogue, with each price in thousands."""
    found: list[tuple[Row, int]] = []
    for category, brand, names, (low, high) in CATALOG:
        for name in names:
            price = rng.randrange(low, high, 50)
            found.append(
                (
                    {
                        "product_id": f"demo-{len(found) + 1}",
                        "product_name": name,
                        "category": category,
                        "brand": brand,
                        "price": price * 1_000,
                        "launch_date": "2024-01-15",
                    },
                    price,
                )
            )
    return found


def _campaigns(day: date) -> list[Row]:
    step = YEAR // len(CAMPAIGNS)
    return [
        {
            "campaign_id": f"demo-{place + 1}",
            "campaign_name": name,
            "start_date": day - timedelta(days=YEAR - step * place),
            "end_date": day - timedelta(days=YEAR - step * (place + 1)),
            "channel": channel,
            "target_audience": audience,
        }
        for place, (name, channel, audience) in enumerate(CAMPAIGNS)
    ]


def _life(
    rows: dict[str, list[Row]],
    products: list[tuple[Row, int]],
    campaigns: list[Row],
    number: int,
    phone: str,
    day: date,
    rng: random.Random,
) -> None:
    """One customer's year: they come, buy at a rate of their own, and some stop."""
    customer = f"demo-{number}"
    began = rng.randrange(5, YEAR)
    first_name, last_name = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    rows["customer_info"].append(
        {
            "customer_id": customer,
            "first_name": first_name,
            "last_name": last_name,
            "email": f"{first_name.lower()}.{number}@example.org",
            "phone_number": phone,
            "date_of_birth": date(
                1950 + rng.randrange(55), 1 + rng.randrange(12), 1 + rng.randrange(28)
            ),
            "registration_date": day - timedelta(days=began),
        }
    )
    bought = _buy(rows["purchase_transactions"], products, customer, began, day, rng)
    _visit(rows["website_behavior"], customer, began, bought, day, rng)
    _respond(rows["campaign_responses"], campaigns, customer, began, bought, day, rng)
    _complain(rows["customer_service"], products, customer, bought, day, rng)


def _buy(
    rows: list[Row],
    products: list[tuple[Row, int]],
    customer: str,
    began: int,
    day: date,
    rng: random.Random,
) -> list[int]:
    """The days ago on which they bought: gaps around their own, until they leave."""
    if rng.random() < NEVER_SHARE:
        return []
    gap, leaves, taste = rng.gammavariate(2, 18), rng.betavariate(1, 6), rng.choice(products)[0]
    kin = [one for one in products if one[0]["category"] == taste["category"]]
    bought, ago = [], float(began)
    while ago >= 0:
        bought.append(int(ago))
        product, price = rng.choice(kin if rng.random() < 0.7 else products)
        quantity = rng.choices((1, 2, 3), (80, 15, 5))[0]
        sale = {
            "transaction_id": f"{customer}-{len(bought)}",
            "customer_id": customer,
            "product_id": product["product_id"],
            "purchase_date": day - timedelta(days=int(ago)),
            "quantity": quantity,
            "total_amount": price * 1_000 * quantity,
            "store_id": "melati",
        }
        rows.append(sale)
        if rng.random() < REFUND_SHARE and ago > 3:
            rows.append(
                sale
                | {
                    "transaction_id": f"{customer}-{len(bought)}-back",
                    "purchase_date": day - timedelta(days=int(ago) - 3),
                    "quantity": -quantity,
                }
            )
        if rng.random() < leaves:
            break
        ago -= max(1.0, rng.expovariate(1 / max(gap, 2)))
    return bought


def _visit(
    rows: list[Row], customer: str, began: int, bought: list[int], day: date, rng: random.Random
) -> None:
    """A look round before each purchase, and a few without one."""
    looks = [min(began, ago + rng.randrange(3)) for ago in bought]
    looks += [rng.randrange(began + 1) for _ in range(rng.randrange(4))]
    for place, ago in enumerate(looks, start=1):
        pages = rng.randrange(1, 15)
        rows.append(
            {
                "session_id": f"{customer}-{place}",
                "customer_id": customer,
                "visit_date": day - timedelta(days=ago),
                "pages_viewed": pages,
                "time_spent": pages * rng.randrange(10, 90),
                "source": rng.choice(SOURCES),
            }
        )


def _respond(
    rows: list[Row],
    campaigns: list[Row],
    customer: str,
    began: int,
    bought: list[int],
    day: date,
    rng: random.Random,
) -> None:
    keen = 0.3 if len(bought) > 3 else 0.12
    for campaign in campaigns:
        start: date = campaign["start_date"]
        if (day - start).days > began or rng.random() > keen:
            continue
        rows.append(
            {
                "response_id": f"{customer}-{campaign['campaign_id']}",
                "campaign_id": campaign["campaign_id"],
                "customer_id": customer,
                "response_date": min(day, start + timedelta(days=rng.randrange(1, 20))),
                "response_type": rng.choices(("click", "purchase", "unsubscribe"), (6, 3, 1))[0],
            }
        )


def _complain(
    rows: list[Row],
    products: list[tuple[Row, int]],
    customer: str,
    bought: list[int],
    day: date,
    rng: random.Random,
) -> None:
    for place, ago in enumerate(bought, start=1):
        if rng.random() > 0.18:
            continue
        kind = rng.choices(("inquiry", "feedback", "complaint"), (5, 3, 2))[0]
        happy = (4, 9) if kind == "complaint" else (7, 11)
        rows.append(
            {
                "interaction_id": f"{customer}-{place}",
                "customer_id": customer,
                "interaction_date": day - timedelta(days=max(0, ago - rng.randrange(1, 8))),
                "interaction_type": kind,
                "product_id": rng.choice(products)[0]["product_id"],
                "resolution_status": rng.choices(("resolved", "pending", "escalated"), (8, 1, 1))[
                    0
                ],
                "satisfaction_score": rng.randrange(*happy) if rng.random() < 0.8 else "",
            }
        )
