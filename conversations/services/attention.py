"""Rooms that somebody should look at before the others."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Greatest

from conversations.models import Room


def raise_priority(*, rooms: Sequence[Room]) -> int:
    """Put the customers of these rooms before the others; returns how many rooms were raised.

    Where a room has been closed meanwhile, its customer's open one on the same channel is meant; if
    there is none, the room opens again. The caller holds the customers' locks.
    """
    if not rooms:
        return 0
    of_customers = Q(pk__in=[room.pk for room in rooms])
    for room in rooms:
        if room.status == Room.Status.RESOLVED and room.customer_id is not None:
            of_customers |= Q(customer=room.customer_id, channel=room.channel)
    found = list(Room.objects.filter(of_customers).order_by("pk"))
    open_of = {
        (room.customer_id, room.channel): room
        for room in found
        if room.status != Room.Status.RESOLVED and room.source == Room.SESSION_SOURCE
    }
    wanted: set[int] = set()
    for room in rooms:
        other = open_of.get((room.customer_id, room.channel))
        wanted.add(other.pk if other and room.status == Room.Status.RESOLVED else room.pk)
    values: dict[str, Any] = {
        "status": Room.Status.OPEN,
        "closed_at": None,
        "snoozed_at": None,
        "snoozed_until": None,
    }
    for room in rooms:
        if room.pk in wanted:
            room.priority = max(room.priority, Room.Priority.HIGH)
            for name, value in values.items():
                setattr(room, name, value)
    return Room.objects.filter(pk__in=wanted).update(
        priority=Greatest("priority", Value(Room.Priority.HIGH.value)), **values
    )


def lower_priority(*, room: Room) -> None:
    """Let a room wait with the others again; `room` is brought up to date."""
    room.priority = Room.Priority.NONE
    room.save(update_fields=["priority"])
