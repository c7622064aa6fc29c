"""Which room is it? Rooms that messages name, and rooms that we cut from those that do not.

A named room's start, end, channel and owner are minima and maxima over its messages, so that they
come out the same in whatever order the messages arrive.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from conversations.models import Customer, Message, Room, Sender
from conversations.payloads import InboundMessage, RoomDeclaration
from conversations.services.identities import CustomerBook
from conversations.services.veiling import veiled
from funnel_site.lib.batches import update_rows
from funnel_site.tombstones.services import erased_among

CRM = "crm"
ROOM_FIELDS = (
    "customer",
    "channel",
    "status",
    "started_at",
    "closed_at",
    "last_message_at",
    "first_customer_message_at",
    "is_declared",
    "owner_sent_at",
    "owner_key",
    "our_address",
    "reply_address",
    "last_inbound_at",
)
SESSION_NAMESPACE = uuid.UUID("5f0c8f5e-5d55-4a52-9d0e-9c4c1d6c6e57")

ROOM_ATTRIBUTES = tuple(Room._meta.get_field(name).attname for name in ROOM_FIELDS)  # type: ignore[union-attr]
LEAD_ATTRIBUTES = ("customer_id", "channel", "first_customer_message_at")

RoomKey = tuple[str, str]


class RoomContradictionError(Exception):
    """A room is declared again with another customer or channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message on its way into the tables, with the key that makes it unique."""

    message: InboundMessage
    source: str
    external_id: str
    event_id: int
    received_at: datetime


class RoomBook:
    """The rooms of one batch: read and locked once, changed in memory, written once."""

    def __init__(self, customers: CustomerBook) -> None:
        self.customers = customers
        self.rooms: dict[RoomKey, Room] = {}
        self.before: dict[int, tuple[object, ...]] = {}
        self.has_messages: dict[int, bool] = {}
        self.owner_changed: list[int] = []
        self.newcomers: set[tuple[int, int]] = set()

    def place(self, incoming: Sequence[Incoming]) -> dict[int, Room]:
        """The room of each message by event id; rooms are locked and up to date afterwards."""
        named = [item for item in incoming if item.message.room_id]
        loose = [item for item in incoming if not item.message.room_id]
        placed: dict[int, Room] = {}
        self._lock_named(named)
        for item in named:
            room = self.rooms[item.source, item.message.room_id]
            placed[item.event_id] = room
            self._merge(room, item)
        self._write()
        placed |= SessionCutter(self.customers).place(loose)
        return placed

    def _lock_named(self, named: Iterable[Incoming]) -> None:
        first: dict[RoomKey, Incoming] = {}
        for item in named:
            first.setdefault((item.source, item.message.room_id), item)
        for source in sorted({source for source, _ in first}):
            ids = sorted(external_id for other, external_id in first if other == source)
            self._lock(source, ids)
            missing = [
                self._new_room(first[source, external_id])
                for external_id in ids
                if (source, external_id) not in self.rooms
            ]
            if missing:
                Room.objects.bulk_create(missing, ignore_conflicts=True)
                self._lock(source, [room.external_id for room in missing])

    def _lock(self, source: str, ids: Sequence[str]) -> None:
        locked = (
            Room.objects.select_for_update(no_key=True)
            .filter(source=source, external_id__in=ids)
            .order_by("external_id")
        )
        for room in locked:
            self.rooms[source, room.external_id] = room
            self.before[room.pk] = _state(room)
            self.has_messages[room.pk] = room.last_message_at is not None

    def _new_room(self, item: Incoming) -> Room:
        message = item.message
        return Room(
            source=item.source,
            external_id=message.room_id,
            channel=message.channel,
            started_at=message.sent_at,
        )

    def _merge(self, room: Room, item: Incoming) -> None:
        """Let one message have its say about its room. Commutative, and idempotent."""
        message = item.message
        if not room.is_declared:
            room.started_at, room.channel = min(
                (room.started_at, room.channel), (message.sent_at, message.channel)
            )
        note_times(room, message)
        customer = self.customers.customer_of(message)
        if customer is None:
            return
        if room.customer_id not in (None, customer.pk):
            assert room.customer_id is not None
            self.newcomers |= {(room.pk, room.customer_id), (room.pk, customer.pk)}
        key = ":".join(self.customers.keys_of(message)[0])
        owner = (room.owner_sent_at, room.owner_key) if room.owner_sent_at else None
        if not room.is_declared and (owner is None or (message.sent_at, key) < owner):
            if room.customer_id != customer.pk:
                room.customer = customer
                if self.has_messages[room.pk]:
                    self.owner_changed.append(room.pk)
            room.owner_sent_at, room.owner_key = message.sent_at, key

    def _write(self) -> None:
        rooms = sorted(self.rooms.values(), key=lambda room: room.pk)
        changed = [room for room in rooms if _state(room) != self.before[room.pk]]
        for room in changed:
            room.lead_may_change = _lead(_state(room)) != _lead(self.before[room.pk])
        update_rows(changed, ROOM_FIELDS)
        if self.newcomers:
            participation = Room.participants.through
            participation.objects.bulk_create(
                [
                    participation(room_id=room_id, customer_id=customer_id)
                    for room_id, customer_id in sorted(self.newcomers)
                ],
                ignore_conflicts=True,
            )
        if self.owner_changed:
            # What did not say whose it was follows its room.
            owner = Room.objects.filter(pk=OuterRef("room_id")).values("customer_id")
            Message.objects.filter(room__in=self.owner_changed, is_identified=False).update(
                customer=Subquery(owner)
            )


class SessionCutter:
    """Rooms of our own for messages that name none: cut where a customer was quiet for long.

    A room that staff have resolved takes up what the customer writes within ROOM_REOPEN_DAYS; what
    they write later is a new room, however short the silence was. The time of the resolution stays
    with the room when it opens again, so that messages may come in any order.
    """

    def __init__(self, customers: CustomerBook) -> None:
        self.customers = customers
        self.idle = timedelta(hours=settings.ROOM_IDLE_HOURS)
        self.reopening = timedelta(days=settings.ROOM_REOPEN_DAYS)
        self.sessions: dict[tuple[int, str], list[Room]] = {}
        self.before: dict[int, tuple[object, ...]] = {}

    def place(self, loose: Sequence[Incoming]) -> dict[int, Room]:
        """The room of each message by event id. The customers' rows are locked by the caller."""
        if not loose:
            return {}
        in_order = sorted(loose, key=lambda item: (item.message.sent_at, item.external_id))
        self._read(in_order)
        placed = {item.event_id: self._session(item) for item in in_order}
        self._write()
        return placed

    def _customer(self, item: Incoming) -> Customer:
        customer = self.customers.customer_of(item.message)
        assert customer is not None, "a message without a room says whose it is"
        return customer

    def _read(self, items: Sequence[Incoming]) -> None:
        first, last = items[0].message.sent_at, items[-1].message.sent_at
        near = Q(
            started_at__lte=last + self.idle,
            last_message_at__gte=first - self.idle,
        )
        taking_back = Q(started_at__lte=last, resolved_at__gte=first - self.reopening)
        rooms = Room.objects.filter(
            near | taking_back | ~Q(status=Room.Status.RESOLVED),
            source=Room.SESSION_SOURCE,
            customer__in={self._customer(item).pk for item in items},
        )
        for room in rooms.order_by("started_at", "pk"):
            assert room.customer_id is not None
            self.sessions.setdefault((room.customer_id, room.channel), []).append(room)
            self.before[room.pk] = _state(room)

    def _session(self, item: Incoming) -> Room:
        """The earliest session within reach of the message, a resolved one, or a new one."""
        message, customer = item.message, self._customer(item)
        rooms = self.sessions.setdefault((customer.pk, message.channel), [])
        reaching = next((room for room in rooms if self._reaches(room, message.sent_at)), None)
        room = reaching or next(
            (room for room in reversed(rooms) if self._takes_back(room, message.sent_at)), None
        )
        if room is not None:
            room.started_at = min(room.started_at, message.sent_at)
            note_times(room, message)
            return room
        room = Room(
            source=Room.SESSION_SOURCE,
            external_id=str(uuid.uuid5(SESSION_NAMESPACE, f"{item.source}:{item.external_id}")),
            customer=customer,
            channel=message.channel,
            started_at=message.sent_at,
        )
        note_times(room, message)
        rooms.append(room)
        rooms.sort(key=lambda one: one.started_at)
        return room

    def _reaches(self, room: Room, at: datetime) -> bool:
        """Whether a moment is within the session's messages, or near enough to them."""
        assert room.last_message_at is not None
        end = room.last_message_at + self.idle
        if room.resolved_at is not None and room.last_message_at <= room.resolved_at:
            end = min(end, room.resolved_at + self.reopening)
        return room.started_at - self.idle <= at <= end

    def _takes_back(self, room: Room, at: datetime) -> bool:
        """Whether a moment is between the start of a resolved session and the end of its grace."""
        if room.resolved_at is None:
            return False
        return room.started_at <= at <= room.resolved_at + self.reopening

    def _write(self) -> None:
        """End all but each customer's latest session, then write what changed or is new."""
        for rooms in self.sessions.values():
            latest = max(rooms, key=lambda room: (room.last_message_at, room.started_at))
            for room in rooms:
                if room is not latest and not room.is_resolved_by_staff:
                    room.status, room.closed_at = Room.Status.RESOLVED, room.last_message_at
        rooms = [room for group in self.sessions.values() for room in group]
        known = sorted((room for room in rooms if room.pk), key=lambda room: room.pk)
        changed = [room for room in known if _state(room) != self.before[room.pk]]
        for room in changed:
            room.lead_may_change = _lead(_state(room)) != _lead(self.before[room.pk])
        update_rows(changed, ROOM_FIELDS)
        new = [room for room in rooms if not room.pk]
        for room in new:
            room.lead_may_change = room.first_customer_message_at is not None
        Room.objects.bulk_create(new)


def note_times(room: Room, message: InboundMessage) -> None:
    """Widen a room's span to hold a message."""
    room.last_message_at = max(room.last_message_at or message.sent_at, message.sent_at)
    if message.sender == Sender.CUSTOMER:
        if message.address:
            # Whether it is for the bot turns out later: see note_contacts.
            _note_addresses(room, message)
        else:
            first = room.first_customer_message_at
            room.first_customer_message_at = min(first or message.sent_at, message.sent_at)


def note_contacts(messages: Sequence[Message]) -> None:
    """Take up as contacts what came by a number of ours and is no part of a dialogue with a bot.

    Who came by an advertisement is a contact whatever they say. A minimum over the messages, and so
    the same in any order.
    """
    changed: dict[int, Room] = {}
    for message in messages:
        if message.sender != Sender.CUSTOMER or "our_address" not in message.details:
            continue
        if message.is_for_bot and "referral" not in message.details:
            continue
        room, first = message.room, message.room.first_customer_message_at
        if first is None or message.sent_at < first:
            room.first_customer_message_at = message.sent_at
            room.lead_may_change = True
            changed[room.pk] = room
    update_rows([changed[key] for key in sorted(changed)], ["first_customer_message_at"])


def _note_addresses(room: Room, message: InboundMessage) -> None:
    """The latest message that came by a number of ours says where answers go, and how long."""
    latest = (message.sent_at, message.our_address, message.address)
    if room.last_inbound_at is None or latest >= (
        room.last_inbound_at,
        room.our_address,
        room.reply_address,
    ):
        room.last_inbound_at, room.our_address, room.reply_address = latest


def _lead(state: tuple[object, ...]) -> list[object]:
    """The part of a room's state that a funnel takes up."""
    return [state[ROOM_ATTRIBUTES.index(name)] for name in LEAD_ATTRIBUTES]


def _state(room: Room) -> tuple[object, ...]:
    return tuple(getattr(room, name) for name in ROOM_ATTRIBUTES)


@transaction.atomic
def declare_room(*, declaration: RoomDeclaration, source: str = CRM) -> tuple[Room, bool]:
    """The room as its CRM states it, and whether it is new.

    Stating it again changes nothing. Raises RoomContradictionError where the room is known with
    another customer or channel, LostRaceError where another request made the customer meanwhile.
    """
    opening = InboundMessage(
        text="",
        sender=Sender.AGENT,
        channel=declaration.channel,
        sent_at=declaration.started_at,
        has_sent_at=True,
        phone=declaration.phone,
    )
    opening = veiled(opening, erased_among(opening.identity_keys))
    customers = CustomerBook([opening])
    customers.resolve()
    customer = customers.customer_of(opening)
    room, is_new = Room.objects.select_for_update(no_key=True).get_or_create(
        source=source,
        external_id=declaration.room_id,
        defaults={
            "customer": customer,
            "channel": declaration.channel,
            "started_at": declaration.started_at,
            "closed_at": declaration.closed_at,
            "status": Room.Status.RESOLVED if declaration.closed_at else Room.Status.OPEN,
            "is_declared": True,
        },
    )
    if not is_new:
        _settle_declaration(room, customer, declaration)
    return room, is_new


def _settle_declaration(
    room: Room, customer: Customer | None, declaration: RoomDeclaration
) -> None:
    """Compare a known room with what is stated of it now; an end that is news is taken."""
    if room.customer_id is None:
        room.customer = customer
        Message.objects.filter(room=room, is_identified=False).update(customer=customer)
    if room.customer_id != (customer and customer.pk) or room.channel != declaration.channel:
        raise RoomContradictionError
    if declaration.closed_at and room.closed_at is None:
        room.closed_at, room.status = declaration.closed_at, Room.Status.RESOLVED
    room.is_declared = True
    room.save(update_fields=list(ROOM_FIELDS))
