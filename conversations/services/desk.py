"""What agents do with rooms: take, hand over, close, open again, note; and who has one open.

Every change is conditional on what the agent saw: of two who take a room at the same moment one
gets it, and the other is told.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.timezone import now

from conversations.models import Customer, Note, Presence, Room

PRESENT_FOR = timedelta(seconds=30)
NOTED_EVERY = timedelta(seconds=10)


def take_room(*, room: Room, user: Any) -> bool:
    """Give a room that nobody has to a person; True where it is theirs now."""
    free_or_own = Q(assigned_to=None) | Q(assigned_to=user)
    is_theirs = bool(Room.objects.filter(free_or_own, pk=room.pk).update(assigned_to=user))
    if is_theirs:
        room.assigned_to = user
    return is_theirs


def assign_rooms(*, seen: Mapping[int, int | None], to: Any) -> list[int]:
    """Give rooms to a person, or to nobody (None), where they still have the assignee that was seen.

    `seen` maps room keys to the assignee's key on the agent's screen. Returns the keys of the rooms
    that were given; the others somebody else has changed meanwhile.
    """
    groups: dict[int | None, list[int]] = {}
    for room, assignee in seen.items():
        groups.setdefault(assignee, []).append(room)
    as_seen = Q(pk=None)
    for assignee, rooms in groups.items():
        as_seen |= Q(pk__in=rooms, assigned_to=assignee)
    with transaction.atomic():
        locked = Room.objects.select_for_update(no_key=True).filter(as_seen)
        given = list(locked.order_by("source", "external_id").values_list("pk", flat=True))
        Room.objects.filter(pk__in=given).update(assigned_to=to)
    return given


def close_rooms(*, keys: Collection[int], user: Any) -> list[int]:
    """Close the open ones among the rooms and return their keys.

    The customers are locked first, as the inbox does it, so that no batch writes an old state back.
    """
    with transaction.atomic():
        owners = Customer.objects.filter(rooms__in=keys).order_by("pk").values_list("pk", flat=True)
        list(
            Customer.objects.select_for_update(no_key=True)
            .filter(pk__in=set(owners))
            .order_by("pk")
        )
        open_ones = Room.objects.filter(pk__in=keys, status=Room.Status.OPEN)
        locked = open_ones.select_for_update(no_key=True).order_by("source", "external_id")
        closing = list(locked.values_list("pk", flat=True))
        Room.objects.filter(pk__in=closing).update(
            status=Room.Status.CLOSED, closed_at=now(), closed_by=user
        )
    return closing


def reopen_room(*, room: Room) -> bool:
    """Open a closed room again; False where the customer has another open one on that channel."""
    try:
        with transaction.atomic():
            owner = Customer.objects.filter(rooms=room.pk).values("pk")
            list(Customer.objects.select_for_update(no_key=True).filter(pk__in=owner))
            Room.objects.filter(pk=room.pk, status=Room.Status.CLOSED).update(
                status=Room.Status.OPEN, closed_at=None, closed_by=None
            )
    except IntegrityError:
        return False
    room.status, room.closed_at, room.closed_by = Room.Status.OPEN, None, None
    return True


def add_note(*, customer: Customer, room: Room | None, text: str, author: Any) -> Note:
    """Keep an internal note about a customer. It is no message: nothing ever sends it."""
    return Note.objects.create(customer=customer, room=room, body=text, author=author)


def note_presence(*, room: Room, user: Any) -> list[str]:
    """Note that a person has this room open; the names of the others who have it, too."""
    moment = now()
    rows = Presence.objects.filter(room=room, seen_at__gt=moment - PRESENT_FOR)
    present = list(rows.select_related("user").order_by("user__username"))
    mine = next((one for one in present if one.user_id == user.pk), None)
    if mine is None or mine.seen_at < moment - NOTED_EVERY:
        Presence.objects.bulk_create(
            [Presence(room=room, user=user, seen_at=moment)],
            update_conflicts=True,
            unique_fields=["room", "user"],
            update_fields=["seen_at"],
        )
    return [shown_name(one.user) for one in present if one.user_id != user.pk]


def shown_name(user: Any) -> str:
    """How colleagues call a person."""
    return str(user.get_full_name() or user.get_username()) if user else ""
