"""The API for systems that send rooms and messages: validate, keep, wake, answer."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.models import InboundEvent, Room
from conversations.payloads import (
    CHANNELS,
    MESSAGE_LENGTH,
    SENDERS,
    InboundMessage,
    PayloadError,
    read_message,
    read_room,
)
from conversations.selectors import event_outcome, rooms_by_id, strangers
from conversations.services.drain import reading_of
from conversations.services.identities import LostRaceError
from conversations.services.inbox import (
    IDEMPOTENCY,
    Delivery,
    Stored,
    canonical,
    store_deliveries,
    weak_key,
)
from conversations.services.rooms import CRM, RoomContradictionError, declare_room
from conversations.services.waking import wake_after_commit
from funnel_site.access.permissions import ScopeOrStaff
from funnel_site.lib.door import JSONBodyMixin
from funnel_site.lib.problems import Problem, ProblemSerializer, problem_body

SOURCE = "api"
MOST_ITEMS = 1_000
ITEM_LIMIT = 64 * 2**10
LIST_LIMIT = 8 * 2**20
ERRORS: dict[Any, Any] = dict.fromkeys((400, 401, 403, 409, 411, 413, 415, 429), ProblemSerializer)


@dataclass(slots=True)
class Item:
    """One message of a request: read, or refused."""

    place: int
    value: Any
    message: InboundMessage | None = None
    problem: Problem | None = None


class MessagesView(JSONBodyMixin, APIView):
    """Take one message, or a list of up to 1,000 with an answer for each."""

    permission_classes = [ScopeOrStaff]
    scope = "ingest"
    body_limit = LIST_LIMIT

    class MessageBody(serializers.Serializer[Any]):
        phone_number = serializers.CharField(required=False, help_text="Required without user_id")
        user_id = serializers.CharField(required=False, help_text="WhatsApp's id of a person")
        room_id = serializers.CharField(required=False, allow_null=True, max_length=128)
        message_id = serializers.CharField(required=False, allow_null=True, max_length=200)
        message = serializers.CharField(max_length=MESSAGE_LENGTH)
        channel = serializers.ChoiceField(sorted(CHANNELS), required=False)
        sender = serializers.ChoiceField(sorted(SENDERS), required=False)
        sent_at = serializers.DateTimeField(required=False, allow_null=True)
        name = serializers.CharField(required=False, allow_null=True, max_length=200)
        booking_date = serializers.DateTimeField(required=False, allow_null=True)
        transaction_date = serializers.DateTimeField(required=False, allow_null=True)
        transaction_value = serializers.FloatField(required=False, allow_null=True, min_value=0)
        currency = serializers.CharField(required=False, allow_null=True, max_length=3)
        lead_channel = serializers.CharField(required=False, allow_null=True, max_length=32)
        media = serializers.ListField(
            child=serializers.DictField(), required=False, allow_null=True, max_length=10
        )

    class MessageAnswer(serializers.Serializer[Any]):
        event_id = serializers.IntegerField()
        duplicate = serializers.BooleanField()

    class MessageItemAnswer(serializers.Serializer[Any]):
        index = serializers.IntegerField()
        status = serializers.IntegerField()
        event_id = serializers.IntegerField(required=False)
        duplicate = serializers.BooleanField(required=False)
        detail = serializers.CharField(required=False)
        code = serializers.CharField(required=False)
        field = serializers.CharField(required=False)

    @extend_schema(
        operation_id="send_messages",
        request=PolymorphicProxySerializer(
            "MessageOrMessages",
            [MessageBody, MessageBody(many=True)],
            resource_type_field_name=None,
            many=False,
        ),
        responses={
            200: OpenApiResponse(MessageAnswer, "The same message again"),
            202: OpenApiResponse(MessageAnswer, "Kept; see /api/events/{id}"),
            207: OpenApiResponse(MessageItemAnswer(many=True), "A list: one answer per item"),
            **ERRORS,
        },
    )
    def post(self, request: Request) -> Response:
        if isinstance(request.data, list):
            return self._take_list(request.data)
        if len(request._request.body) > ITEM_LIMIT:
            raise Problem(413, "too_large", f"One message has at most {ITEM_LIMIT} bytes.")
        item = Item(place=0, value=request.data)
        idempotency_key = _idempotency_key(request)
        [(answer, _)] = self._take([item], idempotency_key, request._request.body)
        if isinstance(answer, Problem):
            raise answer
        return Response(
            {"event_id": answer.event_id, "duplicate": answer.is_duplicate},
            status=200 if answer.is_duplicate else 202,
        )

    def _take_list(self, values: list[Any]) -> Response:
        if not values:
            raise Problem(400, "empty_list", "The list holds no message.")
        if len(values) > MOST_ITEMS:
            raise Problem(413, "too_many_items", f"At most {MOST_ITEMS} messages in a list.")
        items = [Item(place=place, value=value) for place, value in enumerate(values)]
        return Response(
            [_item_answer(item.place, answer) for answer, item in self._take(items, "", b"")],
            status=207,
        )

    def _take(
        self, items: list[Item], idempotency_key: str, body: bytes
    ) -> list[tuple[Stored | Problem, Item]]:
        """Validate and keep the items; the outcome of each in its order."""
        received_at = now()
        reading = reading_of(received_at)
        for item in items:
            try:
                item.message = read_message(item.value, reading)
            except PayloadError as error:
                item.problem = Problem(400, error.code, error.detail, field=error.field)
        _object([item for item in items if item.message])
        good = [item for item in items if item.message and not item.problem]
        stored = store_deliveries(
            source=SOURCE,
            deliveries=[
                Delivery(key=_key(item, idempotency_key), body=body or canonical(item.value))
                for item in good
            ],
            received_at=received_at,
        )
        if any(not one.is_duplicate for one in stored):
            wake_after_commit()
        by_place = {item.place: one for item, one in zip(good, stored, strict=True)}
        return [(_outcome(item, by_place.get(item.place)), item) for item in items]


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 200 or not key.isprintable():
        raise Problem(
            400, "invalid_key", "At most 200 printable characters.", field="Idempotency-Key"
        )
    return key


def _key(item: Item, idempotency_key: str) -> str:
    assert item.message is not None
    if item.message.message_id:
        return item.message.message_id
    if idempotency_key:
        return IDEMPOTENCY + idempotency_key
    return weak_key(item.message) or f"new:{uuid.uuid4()}"


def _object(items: list[Item]) -> None:
    """Refuse messages for a room that is somebody else's, or that was closed before."""
    messages = [item.message for item in items if item.message]
    rooms = rooms_by_id(CRM, [message.room_id for message in messages if message.room_id])
    foreign = strangers(rooms, messages)
    for place, (item, message) in enumerate(zip(items, messages, strict=True)):
        room = rooms.get(message.room_id)
        if place in foreign:
            item.problem = Problem(
                409, "room_customer_mismatch", "The room is another customer's.", field="room_id"
            )
        elif (
            room
            and room.closed_at
            and not room.is_resolved_by_staff
            and message.sent_at > room.closed_at
        ):
            item.problem = Problem(
                409, "room_closed", "The room was closed before.", field="room_id"
            )


def _outcome(item: Item, stored: Stored | None) -> Stored | Problem:
    if item.problem:
        return item.problem
    assert stored is not None
    if stored.is_conflict:
        return Problem(
            409,
            "conflict",
            f"Event {stored.event_id} came first under the same key with another body.",
            field="message_id",
        )
    return stored


def _item_answer(place: int, answer: Stored | Problem) -> dict[str, Any]:
    if isinstance(answer, Problem):
        body = problem_body(
            answer.status_code, answer.problem_code, answer.problem_detail, field=answer.field
        )
        return {"index": place, **body}
    return {
        "index": place,
        "status": 200 if answer.is_duplicate else 202,
        "event_id": answer.event_id,
        "duplicate": answer.is_duplicate,
    }


class RoomsView(JSONBodyMixin, APIView):
    """State a room: its id, customer, channel and start."""

    permission_classes = [ScopeOrStaff]
    scope = "ingest"

    class RoomBody(serializers.Serializer[Any]):
        room_id = serializers.CharField(max_length=128)
        phone_number = serializers.CharField()
        channel = serializers.ChoiceField(sorted(CHANNELS))
        start_time = serializers.DateTimeField(required=False)
        end_time = serializers.DateTimeField(required=False)
        name = serializers.CharField(required=False, allow_null=True, max_length=200)

    class RoomAnswer(serializers.Serializer[Any]):
        room_id = serializers.CharField()
        phone_number = serializers.CharField()
        channel = serializers.CharField()
        start_time = serializers.DateTimeField()
        end_time = serializers.DateTimeField(allow_null=True)
        status = serializers.CharField()
        customer_id = serializers.IntegerField()

    @extend_schema(
        operation_id="create_room",
        request=RoomBody,
        responses={
            200: OpenApiResponse(RoomAnswer, "The same room again"),
            201: RoomAnswer,
            **ERRORS,
        },
    )
    def post(self, request: Request) -> Response:
        try:
            declaration = read_room(request.data, reading_of(now()))
        except PayloadError as error:
            raise Problem(400, error.code, error.detail, field=error.field) from error
        for _ in range(10):
            try:
                room, is_new = declare_room(declaration=declaration)
            except RoomContradictionError as error:
                raise Problem(
                    409,
                    "room_conflict",
                    "The room is known with another customer or channel.",
                    field="room_id",
                ) from error
            except LostRaceError:
                continue
            return Response(_room_answer(room), status=201 if is_new else 200)
        raise Problem(503, "busy", "Too many requests make this customer at once.")


def _room_answer(room: Room) -> dict[str, Any]:
    zone = reading_of(now()).zone
    return {
        "room_id": room.external_id,
        "phone_number": room.customer.phone_number if room.customer else "",
        "channel": room.channel,
        "start_time": room.started_at.astimezone(zone).isoformat(),
        "end_time": room.closed_at and room.closed_at.astimezone(zone).isoformat(),
        "status": room.status,
        "customer_id": room.customer_id,
    }


class EventView(APIView):
    """What became of a message that was kept."""

    permission_classes = [ScopeOrStaff]
    scope = "ingest"
    staff_permission = "conversations.view_inboundevent"

    class EventAnswer(serializers.Serializer[Any]):
        event_id = serializers.IntegerField()
        source = serializers.CharField()  # type: ignore[assignment]
        state = serializers.ChoiceField(InboundEvent.State.values)
        received_at = serializers.DateTimeField()
        processed_at = serializers.DateTimeField(allow_null=True)
        error_code = serializers.CharField(allow_blank=True)
        error = serializers.CharField(allow_blank=True)
        messages = serializers.ListField(child=serializers.DictField())

    @extend_schema(
        operation_id="event_outcome",
        responses={
            200: EventAnswer,
            401: ProblemSerializer,
            403: ProblemSerializer,
            404: ProblemSerializer,
        },
    )
    def get(self, request: Request, event_id: str) -> Response:
        event = InboundEvent.objects.filter(pk=int(event_id)).first()
        if event is None:
            raise Http404
        return Response(event_outcome(event))
