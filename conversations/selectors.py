"""Reads of conversations: what became of an event, whose a room is, a room's transcript."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Max, Q, QuerySet
from django.utils.timezone import now

from conversations.delivery import FAILURES
from conversations.delivery_words import delivery_of, unknown
from conversations.models import (
    Customer,
    CustomerIdentity,
    ErrorMeaning,
    InboundEvent,
    Message,
    MessageQuerySet,
    Room,
    Sender,
    Sending,
)
from conversations.payloads import InboundMessage
from conversations.windows import Window
from funnel_site.lib.marking import marked


def rooms_open_to(user: Any) -> Q:
    """The rooms that a member of staff may see: theirs and nobody's, or all with see_all_rooms."""
    if user.has_perm("conversations.see_all_rooms"):
        return Q()
    return Q(assigned_to=None) | Q(assigned_to=user.pk)


def sees_room(user: Any, room: Room) -> bool:
    """As rooms_open_to, of one room at hand."""
    return room.assigned_to_id in (None, user.pk) or user.has_perm("conversations.see_all_rooms")


def of_rooms_open_to(user: Any, path: str) -> Q:
    """What hangs on such rooms by `path`, as the messages by `room`; a row without a room, too."""
    if user.has_perm("conversations.see_all_rooms"):
        return Q()
    return Q(**{f"{path}__assigned_to": None}) | Q(**{f"{path}__assigned_to": user.pk})


def with_words(messages: QuerySet[Message], text: str) -> QuerySet[Message]:
    """The messages that have all these whole words. PostgreSQL alone: by its full-text index."""
    said = SearchVector("body", config="simple")
    return messages.alias(said=said).filter(said=SearchQuery(text, config="simple"))


def room_transcript(room: Room) -> MessageQuerySet:
    """A room's messages in the order they were sent, customers already loaded."""
    messages: MessageQuerySet = Message.objects.filter(room=room).select_related("customer")
    return messages.in_order()


def transcript_part(room: Room, *, before: int | None, length: int) -> list[Message]:
    """The newest messages of a room in their order, with their facts; or those before a message."""
    messages: MessageQuerySet = Message.objects.filter(room=room).select_related("customer")
    if before is not None:
        last = Message.objects.filter(room=room, pk=before).values_list("sent_at", "pk").first()
        if last is not None:
            messages = messages.filter(Q(sent_at__lt=last[0]) | Q(sent_at=last[0], pk__lt=last[1]))
    newest = messages.prefetch_related("evidence", "attachments").order_by("-sent_at", "-id")
    return list(newest[:length])[::-1]


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


def service_window(room: Room) -> Window:
    """WhatsApp's 24 hours, by the customer's last message to this number of ours in any room."""
    last = room.last_inbound_at
    if room.customer_id and room.our_address:
        latest = Room.objects.filter(
            customer_id=room.customer_id, our_address=room.our_address
        ).aggregate(at=Max("last_inbound_at"))["at"]
        last = max(filter(None, (last, latest)), default=None)
    return Window(last_inbound_at=last, now=now())


def error_words(code: str) -> str:
    """An error code in words; the code itself where nobody has written any, "" for none."""
    if not code:
        return ""
    words = ErrorMeaning.objects.filter(code=code).values_list("words", flat=True).first()
    return words or marked("Error %(code)s", code=code)


def may_retry(message: Message) -> bool:
    """Whether a person may send this again: it failed, or nobody knows, and a repeat can help."""
    last = Sending.objects.filter(message=message).order_by("-number").first()
    action = ErrorMeaning.objects.filter(code=message.error_code).values_list("action", flat=True)
    return _is_retryable(message, last, action.first())


def _is_retryable(message: Message, last: Sending | None, action: str | None) -> bool:
    if last is None or last.state in (Sending.State.OWED, Sending.State.CLAIMED):
        return False
    if last.state == Sending.State.UNKNOWN:
        return not message.external_id
    if message.status not in FAILURES:
        return False
    return action in (None, ErrorMeaning.Action.RETRY, ErrorMeaning.Action.ALARM)


def with_delivery(messages: Sequence[Message]) -> list[Message]:
    """The messages, each with `delivery` (its looks), `author`, `attempt`, `may_retry`, and what it
    answers: `answers_to` (a message, where we have it) and `is_answer`.

    Three queries, whatever their number.
    """
    _note_answered(messages)
    codes = {message.error_code for message in messages if message.error_code}
    meanings = ErrorMeaning.objects.in_bulk(codes) if codes else {}
    ours = [message.pk for message in messages if message.sender != Sender.CUSTOMER]
    sendings = Sending.objects.filter(message__in=ours).order_by("number").select_related("author")
    latest = {sending.message_id: sending for sending in sendings} if ours else {}
    shown: Any
    for shown in messages:
        last, meaning = latest.get(shown.pk), meanings.get(shown.error_code)
        shown.author = str(last.author) if last and last.author else ""
        shown.attempt = last.number if last else 0
        shown.may_retry = _is_retryable(shown, last, meaning.action if meaning else None)
        reason = meaning.words if meaning else shown.error_text or shown.error_code
        is_lost = last and last.state == Sending.State.UNKNOWN and not shown.external_id
        shown.delivery = None
        if shown.sender != Sender.CUSTOMER:
            shown.delivery = (
                unknown(last.ask_trouble) if last and is_lost else delivery_of(shown.status, reason)
            )
    return list(messages)


def _note_answered(messages: Sequence[Message]) -> None:
    """What each message answers by WhatsApp's own "reply to"; the target may come later, or never.

    A message of another customer is not shown, whatever the reply names.
    """
    sids = {sid for message in messages if (sid := message.details.get("reply_to"))}
    named = Message.objects.filter(source="twilio", external_id__in=sids) if sids else ()
    known = {(message.customer_id, message.external_id): message for message in named}
    shown: Any
    for shown in messages:
        sid = shown.details.get("reply_to", "")
        shown.is_answer = bool(sid)
        shown.answers_to = known.get((shown.customer_id, sid))


@dataclass(frozen=True, slots=True)
class CustomerSide:
    """One of two customers that staff compare: their keys, and how many rows hang on them."""

    customer: Customer
    keys: list[CustomerIdentity]
    numbers: list[tuple[str, int]]


def customer_sides(keys: Sequence[int]) -> list[CustomerSide]:
    """The customers of these primary keys, the one first seen longest ago first."""
    found = Customer.objects.filter(pk__in=keys).prefetch_related("identities")
    return [
        _side(customer) for customer in sorted(found, key=lambda one: (one.first_seen_at, one.pk))
    ]


def _side(customer: Customer) -> CustomerSide:
    numbers = []
    for relation in Customer._meta.related_objects:
        model: Any = relation.related_model
        if relation.many_to_many or model is CustomerIdentity:
            continue
        number = model._base_manager.filter(**{relation.field.name: customer}).count()
        if number:
            numbers.append((str(model._meta.verbose_name_plural).capitalize(), number))
    keys = list(customer.identities.all())
    return CustomerSide(customer=customer, keys=keys, numbers=numbers)
