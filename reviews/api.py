"""The list of reviews, for machines and for staff."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.models import Message
from funnel_site.access.models import ApiKey
from funnel_site.access.permissions import ScopeOrStaff
from funnel_site.lib.batches import chunks
from funnel_site.lib.masking import shown_row
from funnel_site.lib.problems import ProblemSerializer
from reviews.listing import SHOWN, ReviewQuery, read_request
from reviews.models import Review
from reviews.selectors import every_review, review_page, row_of

LINE_ENDS = (("\u2028".encode(), b"\\u2028"), ("\u2029".encode(), b"\\u2029"))
"""Legal in JSON and not in older JavaScript: escaped, as in every other answer."""
STATUSES = (Review.PENDING, *Message.Status.values)
PARAMETERS = [
    OpenApiParameter("q", str, description="Words in the review, the product or the name"),
    OpenApiParameter("product", str, description="The whole name, in any case"),
    OpenApiParameter("contact_number", str, description="In any format"),
    OpenApiParameter(
        "status", str, many=True, enum=STATUSES, description="Delivery of the confirmation"
    ),
    OpenApiParameter(
        "moderation",
        str,
        many=True,
        enum=Review.Moderation.values,
        description="All but hidden ones where not given; `hidden` is for staff alone",
    ),
    OpenApiParameter("min_rating", int, description="Stars, 1 to 5"),
    OpenApiParameter("max_rating", int, description="Stars, 1 to 5"),
    OpenApiParameter("created_after", OpenApiTypes.DATETIME, description="Included"),
    OpenApiParameter("created_before", OpenApiTypes.DATETIME, description="Not included"),
    OpenApiParameter("page_size", int, description="1 to 1,000: asks for pages"),
    OpenApiParameter("cursor", str, description="The `next` of the page before"),
]


class ReviewsView(APIView):
    """Reviews, newest first: a plain list, or pages where `page_size` or `cursor` is given."""

    permission_classes = [ScopeOrStaff]
    scope = "reviews"
    staff_permission = "reviews.view_review"

    class ReviewRow(serializers.Serializer[Any]):
        id = serializers.IntegerField()
        contact_number = serializers.CharField()
        user_name = serializers.CharField()
        product_name = serializers.CharField()
        product_review = serializers.CharField()
        status = serializers.ChoiceField(choices=STATUSES)
        created_at = serializers.DateTimeField()

    class ReviewPage(serializers.Serializer[Any]):
        def get_fields(self) -> dict[str, Any]:
            return {
                "results": ReviewsView.ReviewRow(many=True),
                "next": serializers.CharField(allow_null=True),
            }

    @extend_schema(
        operation_id="reviews",
        parameters=PARAMETERS,
        responses={
            200: OpenApiResponse(
                PolymorphicProxySerializer(
                    component_name="Reviews",
                    serializers=lambda: [
                        ReviewsView.ReviewRow(many=True),
                        ReviewsView.ReviewPage(),
                    ],
                    resource_type_field_name=None,
                    many=False,
                ),
                "Without `page_size` and `cursor` the plain list; with one of them an object: "
                "the list in `results`, and in `next` the cursor of the next page or null.",
                examples=[
                    OpenApiExample(
                        "The plain list",
                        value=[
                            {
                                "id": 1,
                                "contact_number": "whatsapp:+15550101",
                                "user_name": "John",
                                "product_name": "iPhone 15",
                                "product_review": "Excellent phone with great camera!",
                                "status": "delivered",
                                "created_at": "2026-11-21T11:14:56.362246+07:00",
                            }
                        ],
                    )
                ],
            ),
            400: ProblemSerializer,
            401: ProblemSerializer,
            403: ProblemSerializer,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        zone = ZoneInfo(settings.TIME_ZONE)
        is_machine = isinstance(request.auth, ApiKey)
        wanted = read_request(
            request.query_params,
            zone=zone,
            region=settings.PHONE_REGION,
            statuses=frozenset(STATUSES),
            moderation=frozenset(SHOWN if is_machine else Review.Moderation.values),
        )
        if wanted.page_size is None:
            return StreamingHttpResponse(
                json_list(wanted.query, zone),
                content_type="application/json",
                headers={"X-Content-Type-Options": "nosniff"},
            )
        page, cursor = review_page(wanted.query, cursor=wanted.cursor, page_size=wanted.page_size)
        return Response(
            {
                "results": [shown_row(row_of(review, zone)) for review in page],
                "next": cursor or None,
            }
        )


def json_list(query: ReviewQuery, zone: ZoneInfo) -> Iterator[bytes]:
    """A JSON array, some hundred rows at a time, in the spelling of the API's other answers."""
    before = b"["
    for rows in chunks(every_review(query), 500):
        text = orjson.dumps([shown_row(row_of(review, zone)) for review in rows])[1:-1]
        for separator, escaped in LINE_ENDS:
            text = text.replace(separator, escaped)
        yield before + text
        before = b","
    yield b"[]" if before == b"[" else b"]"
