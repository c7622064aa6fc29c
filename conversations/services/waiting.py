"""Which rooms wait for an answer, and which open again, kept as messages are stored.

A room waits since the customer's earliest message that nothing of ours has followed; the bot's
answers count, for the customer has been answered. It is read from the transcript's index anew for
each batch, so that it comes out the same in whatever order messages arrive.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from conversations.models import Message, Room, Sender
from funnel_site.lib.batches import update_rows

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
WRITTEN = ("waiting_since", "status", "closed_at", "snoozed_at", "snoozed_until")
READ = (
    "source",
    "changed_at",
    "resolved_at",
    "priority",
    "last_message_at",
    "last_inbound_at",
    "first_customer_message_at",
)
Status = Room.Status


def note_waiting(messages: Sequence[Message]) -> None:
    """Bring the rooms of stored messages up to date: two statements, whatever their number.

    What a customer writes later than staff resolved or snoozed their room opens it again; what was
    sent before is only filed. The rooms or their customers are locked by the caller.
    """
    before = {message.room_id: message.room for message in messages}
    changed = []
    room: Any
    for room in _with_waiting(Room.objects.filter(pk__in=before)):
        old = [getattr(room, name) for name in WRITTEN]
        room.waiting_since = room.waits_since
        _settle_state(room)
        if [getattr(room, name) for name in WRITTEN] == old:
            continue
        for name in WRITTEN:
            setattr(before[room.pk], name, getattr(room, name))
        changed.append(room)
    update_rows(sorted(changed, key=lambda room: room.pk), WRITTEN)


def _settle_state(room: Any) -> None:
    """The state that a room's messages ask for; a function of their set, not of their order."""
    if room.status == Status.RESOLVED:
        if room.is_resolved_by_staff and room.is_written_later:
            if room.has_successor:
                # It was open again for a while, until a newer session took its place.
                room.closed_at = room.last_message_at
            else:
                room.status, room.closed_at = Status.OPEN, None
    elif room.status == Status.SNOOZED:
        if room.is_written_later:
            room.status, room.snoozed_at, room.snoozed_until = Status.OPEN, None, None
    elif room.changed_at is None:
        room.status = Status.PENDING if _is_the_bots(room) else Status.OPEN
    elif room.status == Status.PENDING and (room.is_written_later or _waits_anew(room)):
        room.status = Status.OPEN


def _is_the_bots(room: Room) -> bool:
    """Whether all that the customer has written is a dialogue with the bot, who has answered."""
    return (
        room.last_inbound_at is not None
        and room.waiting_since is None
        and room.first_customer_message_at is None
        and not room.priority
    )


def _waits_anew(room: Room) -> bool:
    """Whether the bot has left something unanswered since the room was given to it."""
    since = room.waiting_since
    return since is not None and room.changed_at is not None and since > room.changed_at


def _with_waiting(rooms: QuerySet[Room]) -> QuerySet[Room]:
    """The rooms with what their messages say of them, each by a few looks at an index.

    `waits_since`; `is_written_later`, than staff last set the state, by the customer and not to the
    bot where the room is pending; `has_successor`, another session of the customer's that is live.
    """
    of_room = Message.objects.filter(room=OuterRef("pk"))
    answered = (
        Message.objects.filter(room=OuterRef("room"))
        .exclude(sender=Sender.CUSTOMER)
        .order_by("-sent_at", "-id")
        .values("sent_at")[:1]
    )
    asked = (
        of_room.from_customers()
        .filter(sent_at__gt=Coalesce(Subquery(answered), LONG_AGO))
        .order_by("sent_at", "id")
    )
    successor = Room.objects.exclude(status=Status.RESOLVED).filter(
        source=Room.SESSION_SOURCE,
        customer=OuterRef("customer"),
        channel=OuterRef("channel"),
    )
    set_at = Case(
        When(status=Status.RESOLVED, then="closed_at"),
        When(status=Status.SNOOZED, then="snoozed_at"),
        default="changed_at",
    )
    later = of_room.from_customers().filter(sent_at__gt=OuterRef("set_at"))
    return (
        rooms.annotate(set_at=set_at)
        .annotate(
            waits_since=Subquery(asked.values("sent_at")[:1]),
            is_written_later=Case(
                When(status=Status.PENDING, then=Exists(later.filter(is_for_bot=False))),
                default=Exists(later),
            ),
            has_successor=Q(source=Room.SESSION_SOURCE)
            & Exists(successor.exclude(pk=OuterRef("pk"))),
        )
        .only(*WRITTEN, *READ)
    )
