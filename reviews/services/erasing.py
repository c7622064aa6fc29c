"""Taking one review's words and its writer away. Product and stars stay: they are counted."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from conversations.services.desk import refuse_if_kept
from funnel_site.lib.deleting import ERASED
from reviews.models import Review, ReviewSession
from reviews.services.moderation import reject_reviews

BLANK = {
    "contact_number": "",
    "user_name": ERASED,
    "product_review": ERASED,
    "answer": "",
    "hidden_because": "",
}
"""What an erasure leaves of a review; the database lets nothing else of it be changed."""
BLANK_SESSION = {"product_name": "", "user_name": "", "product_review": ""}


@transaction.atomic
def erase_review(*, review: int, because: str, user: Any) -> None:
    """Delete a review as far as a reader can tell, for good; it is shown nowhere any more.

    The customer's messages stay in their room. Raises ValidationError without a reason, KeptError
    while the customer's data has to be kept.
    """
    found = Review.objects.select_for_update(of=("self",), no_key=True).get(pk=review)
    refuse_if_kept(found.customer)
    reject_reviews(reviews=[review], because=because, user=user)
    Review.objects.filter(pk=review).update(**BLANK)
    ReviewSession.objects.filter(review=found).update(**BLANK_SESSION)
    # The admin's own log calls a review by its writer's name.
    of_reviews = ContentType.objects.get_for_model(Review)
    LogEntry.objects.filter(content_type=of_reviews, object_id=str(review)).update(
        object_repr=ERASED
    )
