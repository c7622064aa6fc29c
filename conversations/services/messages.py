"""Writing a batch of messages with their customers and rooms, and telling who listens."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from conversations.models import Customer, Message
from conversations.services.arrivals import changes_of_mind, late_opt_ins, note_arrivals
from conversations.services.consent import note_consents
from conversations.services.identities import CustomerBook
from conversations.services.rooms import Incoming, RoomBook, note_contacts
from conversations.services.twilio_inbox import TWILIO
from conversations.services.veiling import veiled
from conversations.signals import Heard, messages_heard, messages_stored
from funnel_site.lib.batches import insert_rows
from funnel_site.tombstones.services import erased_among


def store_messages(incoming: Sequence[Incoming], *, are_known_new: bool = False) -> list[Message]:
    """Store what is new of the batch; returns the new messages.

    `are_known_new` spares a look where the caller's transaction has stored the deliveries for the
    first time; should one have come by another door all the same, IntegrityError is raised.

    Locks its customers, then its rooms, each in one order, until the caller's transaction ends.
    The same message again, in this batch or from another door, changes nothing.
    """
    incoming = _veil(incoming)
    customers = CustomerBook([item.message for item in incoming])
    customers.resolve()
    # Only now, with the customers locked, is it certain what others have stored.
    fresh = list(incoming) if are_known_new else _drop_known(incoming)
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
                is_held=_is_blocked(customer or room.customer),
                flags=_flags(item),
            )
        )
    consents = changes_of_mind(messages)
    heard = [one for one in messages if not one.is_held]
    answers = hear(heard)
    insert_rows([*messages, *(reply for answer in answers for reply in answer.replies)])
    note_arrivals(messages)
    note_consents([*consents, *late_opt_ins(consents)])
    announce(heard, answers)
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


def hear(messages: Sequence[Message]) -> list[Heard]:
    """What the listeners make of messages, before anything of it is stored."""
    if not messages:
        return []
    responses = messages_heard.send(Message, messages=messages)
    answers = cast("list[Heard | None]", [answer for _, answer in responses])
    return [answer for answer in answers if answer is not None]


def announce(messages: Sequence[Message], answers: Sequence[Heard]) -> None:
    """Let the listeners store what they made of messages, and tell that these are stored.

    The caller holds the locks of their customers.
    """
    for answer in answers:
        answer.store()
    note_contacts(messages)
    messages_stored.send(Message, messages=messages)


def _is_blocked(customer: Customer | None) -> bool:
    """What a blocked customer writes is kept, and nothing reacts to it."""
    return customer is not None and customer.blocked_at is not None


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
