"""What agents do with rooms: take, hand over, describe, note; and who has one open.

Every change is conditional on what the agent saw: of two who change a room at the same moment one
gets it, and the other is told. What state a room is in is changed by `services.lifecycle`.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.timezone import now

from conversations.models import Customer, Label, Note, NoteRevision, Presence, Room, Team
from conversations.signals import customer_data_deleting

PRESENT_FOR = timedelta(seconds=30)
NOTED_EVERY = timedelta(seconds=10)
CHANGEABLE_FOR = timedelta(minutes=15)
"""How long the author of a note may change it: slips are mended, what others acted on stays."""


def noted_change(user: Any) -> dict[str, Any]:
    """The columns that every change by staff writes, beside what it changes."""
    return {"version": F("version") + 1, "changed_at": now(), "changed_by": user}


def take_room(*, room: Room, user: Any) -> bool:
    """Give a room that nobody has to a person; True where it is theirs now."""
    free = Room.objects.filter(pk=room.pk, assigned_to=None)
    if free.update(assigned_to=user, **noted_change(user)):
        room.assigned_to = user
        return True
    is_theirs = Room.objects.filter(pk=room.pk, assigned_to=user).exists()
    if is_theirs:
        room.assigned_to = user
    return is_theirs


def assign_rooms(*, seen: Mapping[int, int | None], to: Any, user: Any) -> list[int]:
    """Give rooms to a person, or to nobody (None), where they still have the assignee that was seen.

    `seen` maps room keys to the assignee's key on the agent's screen, `user` is the agent. Returns
    the keys of the rooms that were given; the others somebody else has changed meanwhile.
    """
    groups: dict[int | None, list[int]] = {}
    for room, assignee in seen.items():
        groups.setdefault(assignee, []).append(room)
    as_seen = Q(pk=None)
    for assignee, rooms in groups.items():
        as_seen |= Q(pk__in=rooms, assigned_to=assignee)
    with transaction.atomic():
        given = locked_keys(Room.objects.filter(as_seen))
        Room.objects.filter(pk__in=given).update(assigned_to=to, **noted_change(user))
    return given


def describe_room(
    *,
    room: Room,
    version: int,
    user: Any,
    team: Team | None,
    priority: int,
    labels: Collection[Label],
) -> bool:
    """Set a room's team, priority and labels; False where staff have changed it since `version`."""
    with transaction.atomic():
        written = Room.objects.filter(pk=room.pk, version=version).update(
            team=team, priority=priority, **noted_change(user)
        )
        if written:
            room.labels.set(labels)
    return bool(written)


def locked_keys(rooms: QuerySet[Room]) -> list[int]:
    """The keys of the rooms, locked in the order in which the inbox locks them."""
    locked = rooms.select_for_update(no_key=True).order_by("source", "external_id")
    return list(locked.values_list("pk", flat=True))


def add_note(*, customer: Customer, room: Room | None, text: str, author: Any) -> Note:
    """Keep an internal note about a customer. It is no message: nothing ever sends it."""
    return Note.objects.create(customer=customer, room=room, body=text, author=author)


@transaction.atomic
def change_note(*, note: Note, version: int, text: str) -> bool:
    """Put a text in the place of a note's and keep the one before; who may is the caller's to look at.

    False, and nothing changed, where it is not that version any more or its time is over.
    """
    moment = now()
    seen = Note.objects.filter(pk=note.pk, version=version, made_at__gt=moment - CHANGEABLE_FOR)
    before = seen.values_list("body", flat=True).first()
    if before == text:
        return True
    if before is None or not seen.update(body=text, version=version + 1, edited_at=moment):
        return False
    NoteRevision.objects.create(note=note, version=version, body=before, until=moment)
    return True


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


@transaction.atomic
def delete_note(*, note: Note, because: str) -> None:
    """Delete a note for good. Raises KeptError while the customer's data has to be kept.

    The reason is the caller's to log: there is nothing left here that could hold it.
    """
    if not because.strip():
        raise ValueError("a note is deleted for a reason")
    refuse_if_kept(note.customer)
    note.delete()


def refuse_if_kept(customer: Customer | None) -> None:
    """Raise KeptError where somebody says that this customer's data has to stay."""
    if customer is not None:
        customer_data_deleting.send(Customer, customer=customer)
