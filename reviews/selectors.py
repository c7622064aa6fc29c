"""Reads of reviews: the list that machines and staff ask for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from conversations.models import CustomerIdentity, Message, Room
from conversations.selectors import room_transcript
from funnel_site.lib.keyset import newest_first
from funnel_site.lib.masking import is_masked
from reviews.listing import ReviewQuery
from reviews.models import Review

SEED_FIELDS = (
    "id",
    "contact_number",
    "user_name",
    "product_name",
    "product_review",
    "status",
    "created_at",
)
MARGIN = timedelta(minutes=1)
LONGEST_DIALOGUE = 200
STREAMED = 1_000
"""Rows read at a time where the whole list is asked for."""


def listed_reviews(query: ReviewQuery) -> QuerySet[Review]:
    """The reviews that a query means, in no order."""
    rows = Review.objects.filter(moderation__in=query.moderation)
    wanted: dict[str, Any] = {
        "product_name__iexact": query.product,
        "status__in": query.statuses,
        "rating__gte": query.min_rating,
        "rating__lte": query.max_rating,
        "created_at__gte": query.created_after,
        "created_at__lt": query.created_before,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    if query.words:
        rows = rows.filter(
            Q(product_review__icontains=query.words)
            | Q(product_name__icontains=query.words)
            | (Q() if is_masked() else Q(user_name__icontains=query.words))
        )
    if query.contact:
        holders = CustomerIdentity.objects.filter(kind="phone", value=query.contact)
        rows = rows.filter(
            Q(customer__in=holders.values("customer_id"))
            | Q(contact_number__in=(query.contact, f"whatsapp:{query.contact}"))
        )
    return rows


def review_page(query: ReviewQuery, *, cursor: str, page_size: int) -> tuple[list[Review], str]:
    """One page, newest first, and the next page's cursor; empty on the last page."""
    return newest_first(
        listed_reviews(query),
        by="created_at",
        cursor=cursor,
        page_size=page_size,
        salt=f"reviews:{query.digest}",
    )


def every_review(query: ReviewQuery) -> Iterator[Review]:
    """All of them, newest first, read a thousand at a time: the memory does not grow."""
    cursor = ""
    while True:
        page, cursor = review_page(query, cursor=cursor, page_size=STREAMED)
        yield from page
        if not cursor:
            return


def row_of(review: Review, zone: ZoneInfo) -> dict[str, Any]:
    """A review as the API gives it: the seven fields, times in the site's zone."""
    row = {name: getattr(review, name) for name in SEED_FIELDS}
    row["created_at"] = review.created_at.astimezone(zone).isoformat()
    return row


def review_conversation(review: Review) -> tuple[Room | None, list[Message]]:
    """The room that a review came from and the messages of its dialogue, in order.

    None and nothing for a review that was imported and whose customer has no room.
    """
    session = review.session
    room = session.room if session else None
    if session is None or room is None:
        latest = Room.objects.filter(customer=review.customer).exclude(customer=None)
        return latest.order_by("-last_message_at", "pk").first(), []
    end = session.ended_at or review.created_at
    messages = (
        room_transcript(room)
        .prefetch_related("evidence", "attachments")
        .filter(sent_at__gte=session.started_at - MARGIN, sent_at__lte=end + MARGIN)
    )
    return room, list(messages[:LONGEST_DIALOGUE])
