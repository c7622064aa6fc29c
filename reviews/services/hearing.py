"""What the dialogue is told: stored rows as its own values."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings

from conversations.models import Line, Message
from reviews.models import ReviewSession
from reviews.products import Offer
from reviews.turns import Dialogue, Rules, Said, Step


def dialogue_of(session: ReviewSession) -> Dialogue:
    return Dialogue(
        step=Step(session.step),
        product=session.product_name,
        meant=Offer(session.product.pk, session.product.name) if session.product else None,
        offered=tuple(Offer(key, name) for key, name in session.offered),
        name=session.user_name,
        review=session.product_review,
        rating=session.rating,
        misses=session.misses,
        touched_at=session.touched_at,
    )


def said_in(message: Message) -> Said:
    """A stored message as the dialogue hears it."""
    details = message.details
    customer = message.customer
    assert customer is not None
    is_out = message.was_opted_out
    return Said(
        text="" if details.get("described") and "button" not in details else message.body.strip(),
        at=message.sent_at,
        has_media=bool(message.media),
        media_words=media_words([str(item.get("type", "")) for item in message.media]),
        profile_name=str(details.get("profile_name", "")).strip(),
        payload=str(details.get("button", {}).get("payload", "")),
        is_opted_out=_is_out(message) if is_out is None else is_out,
        is_answered="opt_out_type" in details,
    )


def _is_out(message: Message) -> bool:
    customer = message.customer
    return customer is not None and customer.opted_out_of(message.room.channel) is not None


def media_words(types: Sequence[str]) -> str:
    """What stands for a message's files where they are all that was said.

    >>> media_words(["image/jpeg", "image/png"]), media_words(["audio/ogg"]), media_words([])
    ('(2 pictures)', '', '')
    """
    kinds = [one.partition("/")[0] for one in types]
    counts = ((kinds.count("image"), "picture"), (kinds.count("video"), "film"))
    said = [f"{number} {word}{'s' if number > 1 else ''}" for number, word in counts if number]
    return f"({', '.join(said)})" if said else ""


def rules_of(line: Line | None, *, is_invited: bool) -> Rules:
    lifetime = timedelta(hours=settings.REVIEW_SESSION_HOURS)
    joins_within = timedelta(seconds=settings.REVIEW_JOIN_SECONDS)
    if line is None:
        return Rules(lifetime=lifetime, joins_within=joins_within)
    words = (" ".join(word.casefold().split()) for word in line.start_words.splitlines())
    return Rules(
        starts=line.starts,
        start_words=frozenset(word for word in words if word),
        is_invited=is_invited,
        asks_rating=line.asks_rating,
        lifetime=lifetime,
        joins_within=joins_within,
    )
