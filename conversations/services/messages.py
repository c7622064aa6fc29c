"""Writing a batch of messages with their customers and rooms, and telling who listens."""

from collections.abc import Sequence
from dataclasses import replace

from conversations.models import Message
from conversations.services.arrivals import note_arrivals
from conversations.services.identities import CustomerBook
from conversations.services.rooms import Incoming, RoomBook
from conversations.services.twilio_inbox import TWILIO
from conversations.services.veiling import veiled
from conversations.signals import messages_stored
from funnel_site.lib.batches import insert_rows
from funnel_site.tombstones.services import erased_among


def store_messages(incoming: Sequence[Incoming]) -> list[Message]:
    """Store what is new of the batch; returns the new messages.

    Locks its customers, then its rooms, each in one order, until the caller's transaction ends.
    The same message again, in this batch or from another door, changes nothing.
    """
    incoming = _veil(incoming)
    customers = CustomerBook([item.message for item in incoming])
    customers.resolve()
    # Only now, with the customers locked, is it certain what others have stored.
    fresh = _drop_known(incoming)
    if not fresh:
        return []
    rooms = RoomBook(customers).place(fresh)
    messages = []
    for item in fresh:
        room = rooms[item.event_id]
        customer = customers.customer_of(item.message)
        messages.append(
            Message(
                room=room,
                customer=customer or room.customer,
                event_id=item.event_id,
                source=item.source,
                external_id=item.external_id,
                sender=item.message.sender,
                body=item.message.text,
                media=list(item.message.media),
                stated=dict(item.message.stated),
                details=dict(item.message.details),
                sent_at=item.message.sent_at,
                received_at=item.received_at,
                is_identified=customer is not None,
                flags=_flags(item),
            )
        )
    insert_rows(messages)
    note_arrivals(messages)
    messages_stored.send(Message, messages=[one for one in messages if not _is_blocked(one)])
    return messages


def _veil(incoming: Sequence[Incoming]) -> Sequence[Incoming]:
    """The batch without what would bring erased customers back. At most two statements."""
    erased = erased_among(key for item in incoming for key in item.message.identity_keys)
    if not erased:
        return incoming
    return [
        replace(item, message=veiled(item.message, erased, is_live=item.source == TWILIO))
        for item in incoming
    ]


def _is_blocked(message: Message) -> bool:
    """What a blocked customer writes is kept, and nothing reacts to it."""
    return message.customer is not None and message.customer.blocked_at is not None


def _drop_known(incoming: Sequence[Incoming]) -> list[Incoming]:
    """The messages that are neither stored nor repeated within the batch."""
    fresh: dict[tuple[str, str], Incoming] = {}
    for item in incoming:
        fresh.setdefault((item.source, item.external_id), item)
    for source in {source for source, _ in fresh}:
        ids = [external_id for other, external_id in fresh if other == source]
        known = Message.objects.filter(source=source, external_id__in=ids)
        for external_id in known.values_list("external_id", flat=True):
            del fresh[source, external_id]
    return list(fresh.values())


def _flags(item: Incoming) -> str:
    flags = [*item.message.flags]
    if not item.message.message_id:
        flags.append("weak_key")
    return " ".join(sorted(set(flags)))[:100]
