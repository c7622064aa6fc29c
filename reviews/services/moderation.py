"""Every decision of staff on reviews. What a customer wrote is never changed.

Each decision is one event of the review; the same decision again is none. A review that is put
before staff again begins a new case: what was decided before stays in its events.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext

from reviews.models import ModerationEvent, Review

Moderation = Review.Moderation


def publish_reviews(*, reviews: Iterable[int], user: Any) -> list[int]:
    """Publish the reviews of these keys; returns the keys of those not published before."""
    return _decide(reviews, Moderation.PUBLISHED, reason="", user=user)


def hide_reviews(
    *, reviews: Iterable[int], because: str, user: Any, is_lead: bool = True
) -> list[int]:
    """Hide the reviews of these keys; returns the keys of those not hidden before.

    Without `is_lead` those that were rejected stay so. Raises ValidationError without a reason.
    """
    kept = () if is_lead else (Moderation.REJECTED,)
    return _decide(reviews, Moderation.HIDDEN, reason=_reason(because), user=user, kept=kept)


def reject_reviews(*, reviews: Iterable[int], because: str, user: Any) -> list[int]:
    """Refuse the reviews of these keys for good; returns the keys of those not refused before.

    Raises ValidationError without a reason.
    """
    return _decide(reviews, Moderation.REJECTED, reason=_reason(because), user=user)


def look_again(*, reviews: Iterable[int], because: str = "", user: Any) -> list[int]:
    """Put decided reviews before staff again, a new case each; returns their keys."""
    return _decide(reviews, Moderation.PENDING, reason=because.strip()[:200], user=user)


def _reason(because: str) -> str:
    reason = because.strip()[:200]
    if not reason:
        raise ValidationError({"because": gettext("Say why.")})
    return reason


@transaction.atomic
def _decide(
    reviews: Iterable[int],
    moderation: str,
    *,
    reason: str,
    user: Any,
    kept: Collection[str] = (),
) -> list[int]:
    """The decision on those that are neither decided so already nor in a state to be kept."""
    rows = Review.objects.select_for_update(no_key=True).filter(pk__in=list(reviews))
    others = rows.exclude(moderation__in=(moderation, *kept)).order_by("pk")
    changed = list(others.values_list("pk", flat=True))
    moment = now()
    is_shown = moderation in (Moderation.PUBLISHED, Moderation.PENDING)
    Review.objects.filter(pk__in=changed).update(
        moderation=moderation,
        moderated_by=user,
        moderated_at=moment,
        hidden_because="" if is_shown else reason,
    )
    ModerationEvent.objects.bulk_create(
        [
            ModerationEvent(review_id=key, moderation=moderation, reason=reason, by=user, at=moment)
            for key in changed
        ]
    )
    return changed


@transaction.atomic
def note_answer(*, review: int, text: str, user: Any) -> bool:
    """Keep what staff answered beside the review; the latest answer holds. False: no such review."""
    return bool(
        Review.objects.filter(pk=review).update(answer=text, answered_by=user, answered_at=now())
    )
