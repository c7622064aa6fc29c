"""Every decision of staff on reviews. What a customer wrote is never changed."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext

from reviews.models import Review


def publish_reviews(*, reviews: Iterable[int], user: Any) -> int:
    """Publish the reviews of these keys; returns how many were not published before."""
    return (
        Review.objects.filter(pk__in=list(reviews))
        .exclude(moderation=Review.Moderation.PUBLISHED)
        .update(
            moderation=Review.Moderation.PUBLISHED,
            moderated_by=user,
            moderated_at=now(),
            hidden_because="",
        )
    )


def hide_reviews(*, reviews: Iterable[int], because: str, user: Any) -> int:
    """Hide the reviews of these keys; returns how many were shown before.

    Raises ValidationError without a reason.
    """
    reason = because.strip()[:200]
    if not reason:
        raise ValidationError({"because": gettext("Say why.")})
    return (
        Review.objects.filter(pk__in=list(reviews))
        .exclude(moderation=Review.Moderation.HIDDEN)
        .update(
            moderation=Review.Moderation.HIDDEN,
            moderated_by=user,
            moderated_at=now(),
            hidden_because=reason,
        )
    )


@transaction.atomic
def note_answer(*, review: int, text: str, user: Any) -> bool:
    """Keep what staff answered beside the review; the latest answer holds. False: no such review."""
    return bool(
        Review.objects.filter(pk=review).update(answer=text, answered_by=user, answered_at=now())
    )
