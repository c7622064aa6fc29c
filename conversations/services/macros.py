"""Macros: several steps on one room, all of them or none."""

from typing import Any

from django.db import transaction

from conversations.models import Customer, Macro, Room
from conversations.seen import RoomSeen
from conversations.services.desk import add_note, noted_change, take_room
from conversations.services.lifecycle import move_rooms
from conversations.services.sending import send_message


class MacroRefusedError(Exception):
    """A step cannot be done: `is_stale` where the room has changed since it was seen."""

    def __init__(self, *, is_stale: bool) -> None:
        self.is_stale = is_stale
        super().__init__("stale" if is_stale else "refused")


@transaction.atomic
def run_macro(
    *, macro: Macro, room: Room, seen: RoomSeen, reply: str, user: Any, token: str
) -> Room:
    """Do a macro's steps; returns the room as it is afterwards.

    `reply` is the macro's with its places filled; `token` names the form, so that it is sent once.
    Raises MacroRefusedError, and SendingRefusedError as `send_message` does; then nothing is done.
    """
    owner = Customer.objects.filter(rooms=room.pk).values("pk")
    list(Customer.objects.select_for_update(no_key=True).filter(pk__in=owner).values("pk"))
    current = Room.objects.select_for_update(no_key=True).get(pk=room.pk)
    if seen.differs_from(current):
        raise MacroRefusedError(is_stale=True)
    if reply:
        take_room(room=current, user=user)
        send_message(room=current, text=reply, author=user, token=token)
    if macro.note and room.customer is not None:
        add_note(customer=room.customer, room=room, text=macro.note, author=user)
    current.labels.add(*macro.labels.all())
    Room.objects.filter(pk=room.pk).update(**_values(macro, user), **noted_change(user))
    current.refresh_from_db()
    if macro.state and macro.state != current.status:
        moved = move_rooms(seen=[RoomSeen.of(current)], to=macro.state, user=user)
        if not moved.done:
            raise MacroRefusedError(is_stale=False)
        current.refresh_from_db()
    return current


def _values(macro: Macro, user: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if macro.team_id is not None:
        values["team"] = macro.team_id
    if macro.priority is not None:
        values["priority"] = macro.priority
    if macro.assign:
        values["assigned_to"] = user if macro.assign == Macro.Assign.ME else None
    return values
