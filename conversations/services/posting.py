"""Handing what is owed to Twilio: claimed once, one at a time a room, in the order it was written."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from conversations.delivery import RANK
from conversations.models import Line, Message, Room, Sender, Sending
from conversations.selectors import error_words, service_window
from conversations.services.accounts import account_for
from conversations.services.doubts import FIRST_LOOK
from conversations.services.pace import wait_for_turn
from conversations.services.reconciling import first_question
from conversations.services.sending import SendingRefusedError, refuse_unless_writable
from conversations.services.sent_files import lent_address
from conversations.services.statuses import apply_parked, apply_report, note_sid
from conversations.signals import delivery_changed
from conversations.twilio_gateway import (
    Accepted,
    Account,
    NotSentError,
    Outgoing,
    RefusedError,
    UnclearError,
    send,
)
from conversations.twilio_shapes import StatusReport
from conversations.twilio_signatures import signed_address
from funnel_site.lib.marking import marked

logger = structlog.get_logger(__name__)

STATUS_PATH = "/webhooks/twilio/status"
LOST_AFTER = timedelta(seconds=90)
MOST_TRIES = 6
FIRST_PAUSE = 5.0
"""Seconds before the second try; three times as long before each further one."""
ROOMS_AT_ONCE = 200

State = Sending.State


def callback_address(message_id: int, attempt: int = 1) -> str:
    """Where Twilio reports on a message of ours. Carries our id: Twilio's is known only later.

    >>> callback_address(7).endswith("/webhooks/twilio/status?m=7&n=1")
    True
    """
    return signed_address(settings.PUBLIC_BASE_URL, STATUS_PATH, f"m={message_id}&n={attempt}")


def send_owed() -> int:
    """Send whatever is due, room by room; returns how many messages were handed over."""
    close_lost()
    due = Sending.objects.filter(state=State.OWED, due_at__lte=now())
    rooms = due.order_by("due_at", "pk").values_list("message__room_id", flat=True)[:ROOMS_AT_ONCE]
    return sum(send_room(room_id) for room_id in dict.fromkeys(rooms))


def send_room(room_id: int) -> int:
    """Send what is due in a room, oldest first; returns how many messages were handed over.

    Stops where another worker is at it, or where the first in line has to wait: what is written
    later is not sent earlier.
    """
    handed_over = 0
    while (sending := _claim(room_id)) is not None:
        handed_over += _post(sending)
    return handed_over


def _claim(room_id: int) -> Sending | None:
    """Take the room's first owed message for this worker alone; None where there is nothing to do."""
    with transaction.atomic():
        if not Room.objects.select_for_update(no_key=True).filter(pk=room_id).exists():
            return None
        of_room = Sending.objects.filter(message__room_id=room_id)
        if of_room.filter(state=State.CLAIMED).exists():
            return None
        first = of_room.filter(state=State.OWED).order_by("message_id", "number").first()
        if first is None or first.due_at > now():
            return None
        claimed = Sending.objects.filter(pk=first.pk, state=State.OWED).update(
            state=State.CLAIMED, claimed_at=now()
        )
        if not claimed:
            return None
        return Sending.objects.select_related(
            "message__room__customer", "message__customer", "template"
        ).get(pk=first.pk)


def _post(sending: Sending) -> bool:
    """Call Twilio once and note the outcome; whether it was handed over."""
    try:
        account, outgoing = _prepare(sending)
    except SendingRefusedError as refusal:
        _close(sending, State.REFUSED, refusal.code, refusal.words)
        return False
    wait_for_turn(sending.from_address, per_second=settings.TWILIO_MESSAGES_PER_SECOND)
    try:
        accepted = send(account, outgoing)
    except RefusedError as error:
        _close(sending, State.REFUSED, error.code, error.words)
    except UnclearError as error:
        logger.warning("a message may have left", sending_id=sending.pk, code=error.code)
        _close(sending, State.UNKNOWN, error.code, error.words)
    except NotSentError as error:
        _put_back(sending, error)
    else:
        _hand_over(sending, accepted)
        return True
    return False


def _prepare(sending: Sending) -> tuple[Account, Outgoing]:
    """Look again at what may have changed since it was owed. Raises SendingRefusedError."""
    message = sending.message
    if _is_overtaken(sending):
        raise SendingRefusedError("bot_paused", marked("An agent has taken over meanwhile"))
    refuse_unless_writable(message.room, message.customer, to_address=sending.to_address)
    if sending.template is None and not service_window(message.room).is_open:
        raise SendingRefusedError("window_closed")
    line = Line.objects.filter(address=sending.from_address).first()
    account = account_for(line.account_sid if line else "")
    if account is None:
        raise SendingRefusedError("not_set_up")
    return account, Outgoing(
        from_address=sending.from_address,
        to_address=sending.to_address,
        status_callback=callback_address(message.pk, sending.number),
        body="" if sending.template else message.body,
        media_urls=tuple(map(lent_address, message.attachments.all())),
        content_sid=sending.template.content_sid if sending.template else "",
        variables=sending.variables,
        messaging_service_sid=line.messaging_service_sid if line else "",
    )


def _is_overtaken(sending: Sending) -> bool:
    """Whether this is the bot's part in a dialogue of which a person has taken charge since."""
    paused = sending.message.room.bot_paused_until
    is_dialogue = sending.message.sender == Sender.BOT and sending.template_id is None
    return is_dialogue and sending.author_id is None and paused is not None and paused > now()


def _hand_over(sending: Sending, accepted: Accepted) -> None:
    """Note Twilio's id; then look for statuses that were quicker."""
    with transaction.atomic():
        Sending.objects.filter(pk=sending.pk).update(
            state=State.DONE, sid=accepted.sid[:34], finished_at=now(), ask_at=first_question()
        )
        note_sid(message_id=sending.message_id, sid=accepted.sid)
        if accepted.status in RANK:
            apply_report(_report(accepted.sid, accepted.status))
    apply_parked(accepted.sid)


def _report(sid: str, word: str, code: str = "", text: str = "") -> StatusReport:
    return StatusReport(account_sid="", sid=sid, word=word, error_code=code, error_text=text)


def _close(sending: Sending, state: str, code: str, words: str) -> None:
    """End an attempt that was not handed over. What is unknown is not called failed.

    A status callback may have told meanwhile that it left after all: then that holds.
    """
    with transaction.atomic():
        Sending.objects.filter(pk=sending.pk, state=State.CLAIMED).update(
            state=state,
            finished_at=now(),
            ask_at=now() + FIRST_LOOK if state == State.UNKNOWN else None,
            error_code=code[:16],
            error_text=words[:300],
        )
        message = Message.objects.filter(pk=sending.message_id, external_id="")
        values: dict[str, object] = {"error_code": code[:16], "error_text": words[:300]}
        if state == State.REFUSED:
            values |= {"status": "failed", "status_rank": RANK["failed"]}
        if message.update(**values):
            delivery_changed.send(
                Message, messages=list(Message.objects.filter(pk=sending.message_id))
            )


def _put_back(sending: Sending, error: NotSentError) -> None:
    """It has certainly not left: try again later, longer each time, and in the end give up."""
    tries = sending.tries + 1
    if tries >= MOST_TRIES:
        _close(sending, State.REFUSED, error.code, error_words("unreachable"))
        return
    Sending.objects.filter(pk=sending.pk, state=State.CLAIMED).update(
        state=State.OWED,
        tries=tries,
        claimed_at=None,
        due_at=_next_try(tries),
        error_code=error.code[:16],
        error_text=error.words[:300],
    )


def _next_try(tries: int) -> datetime:
    return now() + timedelta(seconds=FIRST_PAUSE * 3.0 ** (tries - 1))


def close_lost() -> int:
    """Attempts whose worker is gone: nobody knows whether they left."""
    lost = Sending.objects.filter(state=State.CLAIMED, claimed_at__lt=now() - LOST_AFTER)
    count = 0
    for sending in lost.select_related("message"):
        _close(sending, State.UNKNOWN, "worker_lost", error_words("worker_lost"))
        count += 1
    return count
