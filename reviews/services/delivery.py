"""A review's status is what became of the bot's confirmation."""

from collections.abc import Sequence

from conversations.models import Message
from funnel_site.lib.batches import update_rows
from reviews.models import Review


def follow_confirmations(messages: Sequence[Message]) -> None:
    """Take up the delivery of messages that confirm a review."""
    status = {message.pk: message.status for message in messages if message.status}
    reviews = list(Review.objects.filter(confirmation__in=status))
    for review in reviews:
        review.status = status[review.confirmation_id or 0]
    update_rows(reviews, ["status"])
