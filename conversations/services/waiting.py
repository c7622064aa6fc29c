"""Which rooms wait for an answer, kept as messages are stored.

A room waits since the customer's earliest message that nothing of ours has followed; the bot's
answers count, for the customer has been answered. It is read from the transcript's index anew for
each batch, so that it comes out the same in whatever order messages arrive.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from conversations.models import Message, Room, Sender
from funnel_site.lib.batches import update_rows

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


def note_waiting(messages: Sequence[Message]) -> None:
    """Bring the rooms of stored messages up to date: two statements, whatever their number.

    A room that staff closed opens again when its customer writes later than that. The rooms or their
    customers are locked by the caller.
    """
    before = {message.room_id: message.room for message in messages}
    changed = []
    room: Any
    for room in _with_waiting(Room.objects.filter(pk__in=before)):
        is_back = room.closed_by_id is not None and room.is_written_after_closing
        if room.waiting_since == room.waits_since and not is_back:
            continue
        room.waiting_since = room.waits_since
        if is_back:
            room.status, room.closed_at, room.closed_by_id = Room.Status.OPEN, None, None
            known = before[room.pk]
            known.status, known.closed_at, known.closed_by_id = room.status, None, None
        changed.append(room)
    update_rows(
        sorted(changed, key=lambda room: room.pk),
        ("waiting_since", "status", "closed_at", "closed_by"),
    )


def _with_waiting(rooms: QuerySet[Room]) -> QuerySet[Room]:
    """The rooms with `waits_since` and `is_written_after_closing`, each by one look at an index."""
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
    another_open = Room.objects.filter(
        Q(source=Room.SESSION_SOURCE, status=Room.Status.OPEN),
        customer=OuterRef("customer"),
        channel=OuterRef("channel"),
    ).exclude(pk=OuterRef("pk"))
    after = of_room.from_customers().filter(sent_at__gt=OuterRef("closed_at"))
    return rooms.annotate(
        waits_since=Subquery(asked.values("sent_at")[:1]),
        is_written_after_closing=Exists(after)
        & (~Q(source=Room.SESSION_SOURCE) | ~Exists(another_open)),
    ).only("pk", "waiting_since", "status", "closed_at", "closed_by")
