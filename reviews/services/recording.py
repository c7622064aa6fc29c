"""Reviews as rows: made when a dialogue is finished, and which of a customer's is the latest."""

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q

from conversations.models import Line, Message
from conversations.services.attention import raise_priority
from funnel_site.lib.batches import update_rows
from funnel_site.lib.text import normalise
from reviews.models import Review, ReviewSession

LOW_RATING = 2
"""Stars, at most: somebody should talk to this customer."""


def record_reviews(
    finished: Sequence[tuple[Message, ReviewSession]],
    *,
    replies: Mapping[int, Message],
    lines: Mapping[str, Line],
) -> None:
    """Store the reviews of finished dialogues, each with the message that completed it.

    A customer's earlier one of the same product stays, as an earlier one. A low rating puts the
    room before others. `replies` are the bot's, by the customer's message; `lines` by address.
    """
    if not finished:
        return
    latest: dict[tuple[int, str], Review] = {}
    reviews = []
    for message, session in finished:
        line = lines.get(str(message.details["our_address"]))
        review = _review(message, session, replies.get(message.pk), line)
        key = (session.customer_id, _product_key(review))
        if key in latest:
            latest[key].is_latest = False
        latest[key] = review
        reviews.append(review)
    earlier = Q(pk=None)
    for (customer_id, _), review in latest.items():
        same = Q(product_name__iexact=review.product_name)
        if review.product_id is not None:
            same |= Q(product=review.product_id)
        earlier |= Q(customer=customer_id) & same
    Review.objects.filter(earlier, is_latest=True).update(is_latest=False)
    Review.objects.bulk_create(reviews)
    raise_priority(
        rooms=[
            message.room
            for message, session in finished
            if session.rating is not None and session.rating <= LOW_RATING
        ]
    )


def _product_key(review: Review) -> str:
    """What two reviews of one product have in common."""
    return f"#{review.product_id}" if review.product_id else normalise(review.product_name)


def _review(
    message: Message, session: ReviewSession, confirmation: Message | None, line: Line | None
) -> Review:
    assert message.customer is not None
    return Review(
        customer=message.customer,
        session=session,
        line=line,
        contact_number=message.customer.phone_number or message.room.reply_address,
        user_name=session.user_name,
        product_name=session.product_name,
        product_id=session.product_id,
        product_review=session.product_review,
        rating=session.rating,
        confirmation=confirmation,
        message_sid=message.external_id,
        created_at=message.sent_at,
    )


def lengthen_reviews(sessions: Sequence[ReviewSession]) -> None:
    """Let the stored reviews of these dialogues hold what their dialogues hold by now."""
    longer = {session.pk: session.product_review for session in sessions}
    reviews = list(Review.objects.filter(session__in=longer)) if longer else []
    for review in reviews:
        review.product_review = longer[review.session_id or 0]
    update_rows(reviews, ["product_review"])


def settle_latest(customers: Iterable[int]) -> None:
    """Of each product the customer's newest review is the latest, whatever it was before."""
    seen: set[tuple[int | None, str]] = set()
    changed = []
    reviews = Review.objects.filter(customer__in=set(customers)).order_by("-created_at", "-pk")
    for review in reviews.only("customer", "product", "product_name", "is_latest"):
        key = (review.customer_id, _product_key(review))
        if review.is_latest == (key in seen):
            review.is_latest = key not in seen
            changed.append(review)
        seen.add(key)
    update_rows(changed, ["is_latest"])
