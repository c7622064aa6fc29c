"""Partners, files, events and cards for tests, one valid thing each."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from carddata.models import CardEvent, CardStatus, Partner, PartnerFile
from carddata.statuses import weight


def make_file(partner: str = "Delivered", **values: Any) -> PartnerFile:
    """An imported file of a known partner."""
    number = PartnerFile.objects.count() + 1
    given: dict[str, Any] = {
        "partner": Partner.objects.get(name=partner),
        "name": f"{partner.lower()}-{number}.csv",
        "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
        "size": 1_000,
        "way": PartnerFile.Way.UPLOAD,
        "state": PartnerFile.State.DONE,
        **values,
    }
    return PartnerFile.objects.create(**given)


def make_event(card_id: str = "ZYW7631", *, file: PartnerFile, **values: Any) -> CardEvent:
    """One thing that a file says of a card; a delivery unless told otherwise."""
    line = int(values.pop("line", 2))
    given: dict[str, Any] = {
        "occurred_at": datetime(2023, 11, 14, 12, 34, 56, tzinfo=UTC),
        "status": "delivered",
        "contact": "+971545576586",
        "word": "DELIVERED",
        "comment": "DELIVERED",
        "consignment_no": "A073",
        **values,
    }
    digest = hashlib.md5(repr((card_id, file.pk, sorted(map(str, given.items())))).encode())
    return CardEvent.objects.create(
        card_id=card_id,
        file=file,
        line=line,
        weight=weight(given["status"], file.partner.rank),
        content=UUID(bytes=digest.digest()),
        **given,
    )


def make_card(card_id: str = "ZYW7631", *, partner: str = "Delivered", **values: Any) -> CardStatus:
    """A card whose one event a file of a known partner has told."""
    file = values.pop("file", None) or make_file(partner)
    return settle(make_event(card_id, file=file, **values))


def settle(event: CardEvent) -> CardStatus:
    """Make this event its card's current one."""
    status, _ = CardStatus.objects.update_or_create(
        card_id=event.card_id,
        defaults={
            "event": event,
            "partner": event.file.partner,
            "status": event.status,
            "occurred_at": event.occurred_at,
            "weight": event.weight,
            "content": event.content,
            "contact": event.contact,
            "comment": event.comment,
            "updated_at": event.occurred_at,
        },
    )
    return status
