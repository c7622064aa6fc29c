"""Where a card is: one card, its history, a phone number's cards, many cards at once."""

import hashlib
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from carddata.answers import Card, card_answer
from carddata.card_ids import CardIdError, read_card_id
from carddata.models import CardAccess
from carddata.selectors import (
    as_card,
    card_details,
    card_history,
    cards_of_phone,
    find_card,
    step_answer,
)
from carddata.services.lookups import (
    Caller,
    look_up_card,
    look_up_cards,
    note_access,
    note_cards,
    note_refusal,
)
from funnel_site.access.models import ApiKey
from funnel_site.access.permissions import ScopeOrStaff
from funnel_site.access.throttling import count_call, window_left
from funnel_site.lib.door import JSONBodyMixin
from funnel_site.lib.keyset import newest_first
from funnel_site.lib.masking import refuse_search_by_person, shown_row
from funnel_site.lib.phone import PhoneError
from funnel_site.lib.problems import Problem, ProblemSerializer

MOST_CARDS = 500
PAGE_SIZE = 100
CARD_PARAMETER = OpenApiParameter(
    "card_id", str, OpenApiParameter.PATH, description="Blanks and small letters do not matter"
)
REFUSALS: dict[Any, Any] = {
    400: ProblemSerializer,
    401: ProblemSerializer,
    403: ProblemSerializer,
    429: ProblemSerializer,
}


def card_id_of(text: str) -> str:
    """A card id from an address; raises Problem naming `card_id`."""
    try:
        return read_card_id(text)
    except CardIdError as error:
        raise Problem(400, "invalid_card_id", str(error), field="card_id") from error


def unknown_card(card_id: str) -> Problem:
    """404 that names the card, as callers have come to expect."""
    return Problem(404, "not_found", f"Card {card_id} not found", field="card_id")


def check_parameters(request: Request, *known: str) -> None:
    """Raise Problem for a query parameter that this address does not have."""
    for name in request.query_params:
        if name not in known:
            raise Problem(400, "unknown_parameter", "There is no such parameter.", field=name[:40])


class CardView(APIView):
    """What all lookups have in common: who may, how often, and the note of a refusal."""

    permission_classes = [ScopeOrStaff]
    scope = "cards"
    staff_permission = "carddata.view_cardstatus"
    access_kind = CardAccess.Kind.CARD

    def caller(self) -> Caller:
        """Who asks, for the access log."""
        context = structlog.contextvars.get_contextvars()
        request_id = str(context.get("request_id", ""))
        key = self.request.auth
        if isinstance(key, ApiKey):
            return Caller(key_prefix=key.prefix, who=key.name, request_id=request_id)
        user: Any = self.request.user
        return Caller(user_id=user.pk, who=user.get_username(), request_id=request_id)

    def check_pace(self, cards: int) -> None:
        """Raise 429 for a person who looks at more cards a minute than a person can."""
        if isinstance(self.request.auth, ApiKey):
            return
        made = count_call(f"cards:user:{self.request.user.pk}", cost=cards)
        if made > settings.CARD_LOOKUPS_PER_MINUTE:
            raise Throttled(wait=window_left())

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> Any:
        if request.auth or request.user.pk:
            subject = str(self.kwargs.get("card_id", ""))
            printable = "".join(letter for letter in subject if letter.isprintable())
            note_refusal(self.caller(), self.access_kind, subject=printable)
        return super().permission_denied(request, message, code)


class CardAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    card_id = serializers.CharField()
    user_contact = serializers.CharField(allow_blank=True, help_text="Without the country code")
    timestamp = serializers.CharField(help_text="The partner's local time, without its zone")
    status = serializers.CharField()
    comment = serializers.CharField(allow_blank=True)


class DetailedAnswer(CardAnswer):
    occurred_at = serializers.DateTimeField(required=False, help_text="With its offset; detail=1")
    phone_number = serializers.CharField(required=False)
    sources = serializers.ListField(child=serializers.CharField(), required=False)
    stale_since = serializers.DateTimeField(required=False, allow_null=True)
    conflict = serializers.CharField(required=False, allow_null=True)


class CardStatusView(CardView):
    """A card's current status."""

    @extend_schema(
        operation_id="card_status",
        parameters=[
            CARD_PARAMETER,
            OpenApiParameter(
                "detail", str, enum=("0", "1"), description="1: with what stands behind"
            ),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
        ],
        responses={
            200: DetailedAnswer,
            304: OpenApiResponse(description="As it was when that ETag was given"),
            404: ProblemSerializer,
            **REFUSALS,
        },
    )
    def get(self, request: Request, card_id: str) -> HttpResponseBase:
        check_parameters(request, "detail")
        detail = request.query_params.get("detail", "0")
        if detail not in ("0", "1"):
            raise Problem(400, "invalid", "detail is 0 or 1.", field="detail")
        wanted = card_id_of(card_id)
        self.check_pace(1)
        card = look_up_card(wanted, self.caller())
        if card is None:
            raise unknown_card(wanted)
        answer = card_answer(card)
        if detail == "1":
            answer |= card_details(card)
        return tagged(request, shown_row(answer))


def tagged(request: Request, answer: dict[str, Any]) -> HttpResponseBase:
    """The answer with its ETag, or 304 where the caller has it already."""
    digest = hashlib.blake2b(orjson.dumps(answer), digest_size=12).hexdigest()
    etag = f'"{digest}"'
    response: Any = Response(answer, headers={"ETag": etag})
    conditional: Any = get_conditional_response(request._request, etag=etag, response=response)
    return conditional  # type: ignore[no-any-return]


class CardHistoryView(CardView):
    """All that partners said of a card, newest first."""

    access_kind = CardAccess.Kind.HISTORY

    class History(serializers.Serializer[Any]):
        class Step(serializers.Serializer[Any]):
            timestamp = serializers.CharField()
            occurred_at = serializers.DateTimeField()
            status = serializers.CharField()
            word = serializers.CharField(allow_blank=True, help_text="The partner's own")
            comment = serializers.CharField(allow_blank=True)
            user_contact = serializers.CharField(allow_blank=True)
            consignment_no = serializers.CharField(allow_blank=True)
            partner = serializers.CharField()
            file = serializers.CharField()
            line = serializers.IntegerField()
            also_in = serializers.ListField(child=serializers.CharField())
            current = serializers.BooleanField()

        card_id = serializers.CharField()
        results = Step(many=True)
        next = serializers.CharField(allow_null=True)

    @extend_schema(
        operation_id="card_history",
        parameters=[
            CARD_PARAMETER,
            OpenApiParameter("cursor", str, description="The `next` of the page before"),
        ],
        responses={200: History, 404: ProblemSerializer, **REFUSALS},
    )
    def get(self, request: Request, card_id: str) -> Response:
        check_parameters(request, "cursor")
        wanted = card_id_of(card_id)
        self.check_pace(1)
        card = find_card(wanted)
        note_access(self.caller(), self.access_kind, subject=wanted, found=int(card is not None))
        if card is None:
            raise unknown_card(wanted)
        events, cursor = newest_first(
            card_history(wanted),
            by="occurred_at",
            cursor=request.query_params.get("cursor", ""),
            page_size=PAGE_SIZE,
            salt=f"card-history:{wanted}",
        )
        events.sort(
            key=lambda event: (event.occurred_at, event.weight, event.content), reverse=True
        )
        is_first = not request.query_params.get("cursor")
        steps = [
            shown_row(step_answer(event, is_current=is_first and place == 0))
            for place, event in enumerate(events)
        ]
        return Response({"card_id": wanted, "results": steps, "next": cursor or None})


class CardsView(JSONBodyMixin, CardView):
    """The cards of a phone number, or up to 500 cards by their ids."""

    access_kind = CardAccess.Kind.LIST

    class Question(serializers.Serializer[Any]):
        card_ids = serializers.ListField(
            child=serializers.CharField(), max_length=MOST_CARDS, required=False
        )
        phone = serializers.CharField(required=False)
        cursor = serializers.CharField(required=False)

    class CardsOfPhone(serializers.Serializer[Any]):
        class OwnedCard(CardAnswer):
            phone_number = serializers.CharField(help_text="E.164: whose card it is")

        results = OwnedCard(many=True)
        next = serializers.CharField(allow_null=True)

    class ManyCards(serializers.Serializer[Any]):
        class Item(serializers.Serializer[Any]):
            index = serializers.IntegerField()
            status = serializers.IntegerField()
            card = CardAnswer(required=False)
            code = serializers.CharField(required=False)
            detail = serializers.CharField(required=False)

        results = Item(many=True)

    ANSWERS: dict[Any, Any] = {
        200: OpenApiResponse(CardsOfPhone, "The cards of a phone number"),
        207: OpenApiResponse(ManyCards, "One result an asked card, in order"),
        **REFUSALS,
    }

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        if request.method == "POST":
            super().initial(request, *args, **kwargs)
        else:
            super(JSONBodyMixin, self).initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="cards",
        parameters=[
            OpenApiParameter("phone", str, description="In any format"),
            OpenApiParameter("card_id", str, many=True, description="Repeated, up to 500"),
            OpenApiParameter("cursor", str, description="The `next` of the page before"),
        ],
        responses=ANSWERS,
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "phone", "card_id", "cursor")
        query = request.query_params
        question: dict[str, Any] = {
            name: query.get(name) for name in ("phone", "cursor") if name in query
        }
        if "card_id" in query:
            question["card_ids"] = query.getlist("card_id")
        return self._answer(question)

    @extend_schema(operation_id="cards_of_body", request=Question, responses=ANSWERS)
    def post(self, request: Request) -> Response:
        if not isinstance(request.data, dict):
            raise Problem(400, "invalid", "Send an object.")
        for name in request.data:
            if name not in ("card_ids", "phone", "cursor"):
                raise Problem(400, "unknown_field", "There is no such field.", field=name[:40])
        return self._answer(request.data)

    def _answer(self, question: dict[str, Any]) -> Response:
        phone, card_ids = question.get("phone"), question.get("card_ids")
        if (phone is None) == (card_ids is None):
            raise Problem(400, "required", "Ask for a phone number or for card ids.", field="phone")
        if card_ids is None:
            return self._of_phone(phone, question.get("cursor", ""))
        return self._of_ids(card_ids)

    def _of_phone(self, phone: Any, cursor: Any) -> Response:
        if not isinstance(phone, str) or not isinstance(cursor, str):
            raise Problem(400, "invalid_phone", "A phone number is text.", field="phone")
        try:
            refuse_search_by_person("phone")
            cards = cards_of_phone(phone)
        except PhoneError as error:
            raise Problem(400, "invalid_phone", str(error), field="phone") from error
        self.check_pace(1)
        digest = hashlib.blake2b(phone.encode("utf-8", "replace"), digest_size=8).hexdigest()
        page, after = newest_first(
            cards, by="occurred_at", cursor=cursor, page_size=PAGE_SIZE, salt=f"cards:{digest}"
        )
        caller = self.caller()
        tail = "".join(letter for letter in phone if letter.isdigit())[-4:]
        note_access(caller, CardAccess.Kind.PHONE, subject=f"…{tail}", found=len(page))
        note_cards(caller, CardAccess.Kind.PHONE, page)
        results = [
            shown_row({**card_answer(as_card(row)), "phone_number": row.contact}) for row in page
        ]
        return Response({"results": results, "next": after or None})

    def _of_ids(self, card_ids: Any) -> Response:
        if not isinstance(card_ids, list) or not all(isinstance(one, str) for one in card_ids):
            raise Problem(400, "invalid", "card_ids is a list of texts.", field="card_ids")
        if not 1 <= len(card_ids) <= MOST_CARDS:
            raise Problem(400, "too_many", f"Ask for 1 to {MOST_CARDS} cards.", field="card_ids")
        self.check_pace(len(card_ids))
        read = [read_or_reason(text) for text in card_ids]
        cards = look_up_cards([one for one, reason in read if not reason], self.caller())
        results = [
            {"index": index, **item_answer(card_id, reason, cards)}
            for index, (card_id, reason) in enumerate(read)
        ]
        return Response({"results": results}, status=207)


def read_or_reason(text: str) -> tuple[str, str]:
    """A card id, or why it is none."""
    try:
        return read_card_id(text), ""
    except CardIdError as error:
        return "", str(error)


def item_answer(card_id: str, reason: str, cards: dict[str, Card]) -> dict[str, Any]:
    """What is answered of one card among many."""
    if reason:
        return {"status": 400, "code": "invalid_card_id", "detail": reason}
    card = cards.get(card_id)
    if card is None:
        return {"status": 404, "code": "not_found", "detail": f"Card {card_id} not found"}
    return {"status": 200, "card": shown_row(card_answer(card))}
