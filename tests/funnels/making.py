"""A funnel as it begins, for tests of what hangs on one."""

from typing import Any

from django.utils.timezone import now

from conversations.models import Room
from funnels.models import Funnel


def make_funnel(room: Room, **values: Any) -> Funnel:
    moment = now()
    first: dict[str, Any] = {
        "cycle": 1,
        "customer": room.customer,
        "stage": "opening",
        "channel": "whatsapp",
        "lead_basis": "keyword",
        "began_at": moment,
        "leads_date": moment,
    }
    return Funnel.objects.create(room=room, **{**first, **values})
