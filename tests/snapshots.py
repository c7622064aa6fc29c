"""The whole content of the tables that messages lead to, without the keys that chance gives."""

import json
import sys
from typing import Any

ROOM = (
    "source",
    "external_id",
    "channel",
    "status",
    "started_at",
    "closed_at",
    "last_message_at",
    "first_customer_message_at",
    "is_declared",
    "owner_sent_at",
    "owner_key",
)
MESSAGE = ("source", "external_id", "sender", "body", "sent_at", "is_identified", "flags")
EVIDENCE = (
    "stage",
    "basis",
    "words",
    "keyword__phrase",
    "channel",
    "rule_version",
    "sent_at",
    "external_id",
    "says_at",
    "value",
    "currency",
    "negated",
    "restates",
    "overruled",
    "doubt",
)
FUNNEL = (
    "cycle",
    "is_latest",
    "stage",
    "channel",
    "lead_basis",
    "began_at",
    "leads_date",
    "booking_date",
    "transaction_date",
    "transaction_value",
    "currency",
    "keyword__phrase",
    "anomalies",
)


def snapshot() -> dict[str, Any]:
    """Customers, rooms, messages, evidence and funnels as sorted plain values."""
    from conversations.models import Customer, InboundEvent, Message, Room
    from funnels.models import Evidence, Funnel

    customers: dict[int | None, list[str]] = {
        customer.pk: sorted(f"{key.kind}:{key.value}" for key in customer.identities.all())
        for customer in Customer.objects.prefetch_related("identities")
    }
    customers[None] = []
    people = Customer.objects.values_list(
        "pk", "name", "phone_number", "first_seen_at", "last_seen_at"
    )
    rooms = Room.objects.prefetch_related("participants")
    found: dict[str, Any] = {
        "customers": [[customers[row[0]], *row[1:]] for row in people],
        "rooms": [
            [
                [getattr(room, name) for name in ROOM],
                customers[room.customer_id],
                sorted(customers[one.pk] for one in room.participants.all()),
            ]
            for room in rooms
        ],
        "messages": [
            [row[:-2], row[-2], customers[row[-1]]]
            for row in Message.objects.values_list(*MESSAGE, "room__external_id", "customer_id")
        ],
        "evidence": Evidence.objects.filter(superseded_at=None).values_list(
            "room__external_id", *EVIDENCE
        ),
        "funnels": [
            [row[:-2], row[-2], customers[row[-1]]]
            for row in Funnel.objects.values_list(*FUNNEL, "room__external_id", "customer_id")
        ],
        "waiting": InboundEvent.objects.filter(state="pending").values_list("dedupe_key"),
    }
    return {
        name: sorted(json.dumps(row, default=_text) for row in rows) for name, rows in found.items()
    }


def _text(value: Any) -> str:
    """Amounts without their trailing zeros, times as ISO 8601."""
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)


if __name__ == "__main__":
    import django

    django.setup()
    json.dump(snapshot(), sys.stdout)
