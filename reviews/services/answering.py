"""One delivery of Twilio's at the door: kept, understood and answered in one transaction.

The answer is TwiML, so the message is taken up at once and not by the drain. What cannot be taken
up is kept all the same and gets an empty answer: the drain, or staff, look at it later.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils.timezone import now

from conversations.models import InboundEvent
from conversations.services.identities import LostRaceError
from conversations.services.inbox import Delivery, Stored, mark_failed, store_deliveries
from conversations.services.messages import store_messages
from conversations.services.statuses import apply_report
from conversations.services.twilio_inbox import (
    QUERY_HEADER,
    TWILIO,
    TWILIO_STATUS,
    PayloadError,
    incoming_of,
    report_of,
)
from conversations.services.waking import wake_after_commit
from conversations.twilio_shapes import Form, is_message_key
from reviews.models import BotAnswer
from reviews.services.answers import EMPTY_TWIML, answer_of

logger = structlog.get_logger(__name__)

MOST_RACES = 10
MOST_TROUBLES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A signed form post of Twilio's."""

    account_sid: str
    sid: str
    """MessageSid as it stands in the form, right or not."""
    form: Form
    body: bytes
    headers: Mapping[str, str]
    query: str = ""


def answer_message(post: Post) -> str:
    """Keep an inbound message, let the bot answer, and return the TwiML.

    The same MessageSid again gets the very same answer and changes nothing; with another body too,
    which is kept for staff as a contradiction.
    """
    received_at = now()
    for race in range(MOST_RACES):
        try:
            with transaction.atomic():
                return _answer(post, received_at)
        except LostRaceError:
            logger.info("another request made the same customer first", race=race)
        except (OperationalError, InterfaceError):
            # A deadlock or a lock's time-out is over by now; a database that is away is not.
            if race >= MOST_TROUBLES:
                raise
            logger.warning("the database refused; trying again", race=race, exc_info=True)
        except Exception:
            # Never a 500: the delivery is kept, and Twilio would not send it again.
            logger.exception("a message waits for the drain", message_sid=post.sid[:40])
            return _leave_to_the_drain(post, received_at)
    raise OperationalError("too many requests make the same customer at once")


def _answer(post: Post, received_at: datetime) -> str:
    """All of a delivery in the caller's transaction: what it leads to, or why nothing."""
    [stored] = _store(post, received_at, is_taken_up=True)
    if stored.is_duplicate:
        return _earlier_answer(post)
    try:
        item = incoming_of(event_id=stored.event_id, form=post.form, received_at=received_at)
    except PayloadError as error:
        mark_failed([(stored.event_id, error.code, str(error))])
        return EMPTY_TWIML
    [message] = store_messages([item], are_known_new=True)
    return message.door_answer or EMPTY_TWIML


def _leave_to_the_drain(post: Post, received_at: datetime) -> str:
    """Keep a delivery whose consequences could not be stored, and answer it with nothing."""
    with transaction.atomic():
        [stored] = _store(post, received_at, is_taken_up=False)
        if stored.is_duplicate:
            return _earlier_answer(post)
        BotAnswer.objects.create(
            event_id=stored.event_id,
            account_sid=post.account_sid,
            message_sid=post.sid,
            twiml=EMPTY_TWIML,
        )
        wake_after_commit()
    return EMPTY_TWIML


def _store(post: Post, received_at: datetime, *, is_taken_up: bool) -> list[Stored]:
    return store_deliveries(
        source=TWILIO,
        deliveries=[Delivery(key=_key(post), body=post.body, headers=post.headers)],
        received_at=received_at,
        are_taken_up=is_taken_up,
    )


def _key(post: Post) -> str:
    """The message's own key; of a form that names none, the bytes are all there is to go by."""
    if is_message_key(post.account_sid, post.sid):
        return f"{post.account_sid}:{post.sid}"
    return f"unusable:{hashlib.sha256(post.body).hexdigest()}"


def _earlier_answer(post: Post) -> str:
    if not is_message_key(post.account_sid, post.sid):
        return EMPTY_TWIML
    return answer_of(account_sid=post.account_sid, message_sid=post.sid)


def note_status(post: Post, *, word: str) -> None:
    """Keep a status callback and merge it into its message. A repeat changes nothing."""
    error_code = "".join(filter(str.isalnum, post.form.get("ErrorCode", [""])[0]))[:16]
    headers = {**post.headers, QUERY_HEADER: post.query[:300]}
    # Committed by itself: Twilio does not repeat a status that met a deadlock.
    [stored] = store_deliveries(
        source=TWILIO_STATUS,
        deliveries=[
            Delivery(
                key=f"{_key(post)}:{_known(word)}:{error_code}", body=post.body, headers=headers
            )
        ],
        received_at=now(),
    )
    if not stored.is_duplicate:
        _apply(stored.event_id, body=post.body, headers=headers)


def _known(word: str) -> str:
    """A status for a key: words of Twilio's kind as they are, all else as one."""
    return word if word.isascii() and word.replace("_", "").isalpha() and len(word) <= 32 else "?"


def _apply(event_id: int, *, body: bytes, headers: Mapping[str, str]) -> None:
    """Merge a stored status, or leave it to the drain."""
    try:
        with transaction.atomic():
            apply_report(report_of(body=body, headers=headers))
            InboundEvent.objects.filter(pk=event_id).update(
                state=InboundEvent.State.PROCESSED, processed_at=now()
            )
    except PayloadError as error:
        mark_failed([(event_id, error.code, str(error))])
    except Exception:
        logger.exception("a status waits for the drain", event_id=event_id)
        wake_after_commit()
