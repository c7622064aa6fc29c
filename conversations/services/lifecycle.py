"""How a room's state changes by staff's hands and by the clock; by messages: `services.waiting`.

The customers are locked first, as the inbox does it, so that no batch writes an old state back.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from conversations.models import Customer, Room
from conversations.room_states import may_move
from conversations.seen import RoomSeen
from conversations.services.desk import locked_keys, noted_change

Status = Room.Status


@dataclass(slots=True)
class Moved:
    """Rooms by what became of them, by their keys."""

    done: list[int] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)
    """Changed by somebody, or written to, since they were seen."""
    refused: list[int] = field(default_factory=list)
    """Their state does not allow it, or another session of the customer's is live."""


def move_rooms(
    *, seen: Collection[RoomSeen], to: str, user: Any, until: datetime | None = None
) -> Moved:
    """Bring rooms into a state where they still are as they were seen.

    `until`: when snoozed ones wake; without it, once the customer writes.
    """
    moved = Moved()
    by_key = {one.room: one for one in seen}
    with transaction.atomic():
        rooms = _lock(by_key)
        for key in by_key:
            room = rooms.get(key)
            if room is None or by_key[key].differs_from(room):
                moved.stale.append(key)
            elif not may_move(room.status, to):
                moved.refused.append(key)
            else:
                moved.done.append(key)
        if to == Status.OPEN:
            # One by one: of a customer's two sessions one alone may be live.
            refused = [key for key in moved.done if not _open(rooms[key], user)]
            moved.done = [key for key in moved.done if key not in refused]
            moved.refused += refused
        else:
            values = _values(to, user, until)
            Room.objects.filter(pk__in=moved.done).update(**values, **noted_change(user))
    return moved


def _lock(keys: Collection[int]) -> dict[int, Room]:
    owners = set(Customer.objects.filter(rooms__in=keys).values_list("pk", flat=True))
    customers = Customer.objects.select_for_update(no_key=True).filter(pk__in=owners)
    list(customers.order_by("pk").values_list("pk"))
    locked = locked_keys(Room.objects.filter(pk__in=keys))
    return Room.objects.in_bulk(locked)


def _values(to: str, user: Any, until: datetime | None) -> dict[str, Any]:
    moment = now()
    values: dict[str, Any] = {"status": to, "snoozed_at": None, "snoozed_until": None}
    if to == Status.RESOLVED:
        values |= {"closed_at": moment, "resolved_at": moment, "resolved_by": user}
    elif to == Status.SNOOZED:
        values |= {"snoozed_at": moment, "snoozed_until": until}
    return values


def _open(room: Room, user: Any) -> bool:
    values = {"status": Status.OPEN, "closed_at": None, "snoozed_at": None, "snoozed_until": None}
    try:
        with transaction.atomic():
            Room.objects.filter(pk=room.pk).update(**values, **noted_change(user))
    except IntegrityError:
        return False
    return True


def wake_snoozed() -> int:
    """Open the rooms whose time has come; returns how many. Nobody's change: their version stays."""
    due = Room.objects.filter(status=Status.SNOOZED, snoozed_until__lte=now())
    keys = list(due.values_list("pk", flat=True))
    if not keys:
        return 0
    with transaction.atomic():
        _lock(keys)
        return due.filter(pk__in=keys).update(
            status=Status.OPEN, snoozed_at=None, snoozed_until=None
        )
