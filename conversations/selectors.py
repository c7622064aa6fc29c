"""Reads of conversations: what became of an event, whose a room is, a room's transcript."""

from collections.abc import Iterable, Sequence
from typing import Any

from conversations.models import CustomerIdentity, InboundEvent, Message, MessageQuerySet, Room
from conversations.payloads import InboundMessage


def room_transcript(room: Room) -> MessageQuerySet:
    """A room's messages in the order they were sent, customers already loaded."""
    messages: MessageQuerySet = Message.objects.filter(room=room).select_related("customer")
    return messages.in_order()


def event_outcome(event: InboundEvent) -> dict[str, Any]:
    """What became of a delivery, as JSON values."""
    messages = event.messages.select_related("room").order_by("pk")
    return {
        "event_id": event.pk,
        "source": event.source,
        "state": event.state,
        "received_at": event.received_at,
        "processed_at": event.processed_at,
        "error_code": event.error_code,
        "error": event.error,
        "messages": [
            {
                "message_id": message.external_id,
                "room_id": message.room.external_id,
                "customer_id": message.customer_id,
                "sent_at": message.sent_at,
                "flags": message.flags.split(),
            }
            for message in messages[:1_000]
        ],
    }


def rooms_by_id(source: str, room_ids: Iterable[str]) -> dict[str, Room]:
    """Known rooms by their CRM's id, customers already loaded."""
    wanted = sorted(set(room_ids))
    if not wanted:
        return {}
    rooms = Room.objects.filter(source=source, external_id__in=wanted).select_related("customer")
    return {room.external_id: room for room in rooms}


def strangers(rooms: dict[str, Room], messages: Sequence[InboundMessage]) -> set[int]:
    """The places of the messages whose phone number is not of their room's people."""
    doubtful = [
        (place, rooms[message.room_id], message.phone)
        for place, message in enumerate(messages)
        if message.room_id in rooms
        and message.phone
        and not _is_of(rooms[message.room_id], message)
    ]
    if not doubtful:
        return set()
    phones = {phone for _, _, phone in doubtful}
    holders = dict(
        CustomerIdentity.objects.filter(kind="phone", value__in=phones).values_list(
            "value", "customer_id"
        )
    )
    members = set(
        Room.participants.through.objects.filter(
            room__in={room.pk for _, room, _ in doubtful}
        ).values_list("room_id", "customer_id")
    )
    return {
        place
        for place, room, phone in doubtful
        if holders.get(phone) != room.customer_id and (room.pk, holders.get(phone)) not in members
    }


def _is_of(room: Room, message: InboundMessage) -> bool:
    return room.customer is None or room.customer.phone_number == message.phone
