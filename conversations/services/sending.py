"""What we owe to customers: written down first, then claimed once, sent, and noted.

No transaction is open while Twilio is called. A call that has certainly not arrived is repeated
later; one that may have is never repeated by a machine, because a customer prefers a missing answer
to a doubled one: it stays "unknown" until a status callback tells, or a person decides.
"""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from conversations.delivery import RANK
from conversations.models import (
    Channel,
    Customer,
    Line,
    Message,
    MessageTemplate,
    Room,
    Sender,
    Sending,
)
from conversations.selectors import error_words, may_retry, service_window
from conversations.services.accounts import account_for
from conversations.services.sent_files import (
    OutgoingFile,
    StoredFile,
    attach,
    drop_unused,
    store_file,
)
from conversations.services.takeover import pause_bot
from conversations.services.twilio_inbox import TWILIO
from conversations.services.waking import wake_sender_after_commit
from conversations.signals import delivery_changed, messages_stored
from conversations.template_text import TemplateTextError, filled
from funnel_site.lib.marking import marked

LONGEST_TEXT = 1_600
QUEUED = Message.Status.QUEUED.value


class SendingRefusedError(Exception):
    """A message that may not be written at all: a code, and words for staff."""

    def __init__(self, code: str, words: str = "") -> None:
        self.code = code
        self.words = words or error_words(code)
        super().__init__(self.words)


def send_message(
    *,
    room: Room,
    text: str,
    author: Any = None,
    token: str = "",
    file: OutgoingFile | None = None,
) -> Message:
    """Owe the room's customer a text, a file or both; it is sent once this is committed.

    `token` names the form: the same again returns the first message and sends nothing. An author's
    message pauses the bot there. WhatsApp shows a text beside pictures alone: before another file it
    is a message of its own. Raises SendingRefusedError with one of the codes `empty`, `too_long`,
    `window_closed`, `opted_out`, `blocked`, `no_address`, `not_set_up`.
    """
    text = text.strip()
    if not text and file is None:
        raise SendingRefusedError("empty", marked("Write something first."))
    if len(text) > LONGEST_TEXT:
        raise SendingRefusedError(
            "too_long", marked("At most %(most)s characters.", most=LONGEST_TEXT)
        )
    if file is None:
        return _send_now(room, text, author, token)
    # The storage may be far away: no transaction is open while it takes the bytes.
    stored = store_file(file)
    try:
        return _send_now(room, text, author, token, stored)
    finally:
        # Refused after all, or the other half of a double click was quicker.
        drop_unused(stored)


@transaction.atomic
def _send_now(
    room: Room, text: str, author: Any, token: str, stored: StoredFile | None = None
) -> Message:
    if first := _same_form(token):
        return first
    customer = _lock_customer(room.customer_id)
    refuse_unless_writable(room, customer)
    if not service_window(room).is_open:
        raise SendingRefusedError("window_closed")
    is_apart = bool(stored and text and not stored.file.kind.takes_text)
    first = _owe(
        room,
        text,
        Sending(author=author, token=token, **_addresses(room)),
        sender=Sender.AGENT,
        stored=None if is_apart else stored,
    )
    if is_apart:
        _owe(
            room,
            "",
            Sending(author=author, **_addresses(room)),
            sender=Sender.AGENT,
            stored=stored,
        )
    if author is not None:
        pause_bot(room=room)
    return first


def send_template(
    *,
    customer: Customer,
    line: Line,
    template: MessageTemplate,
    variables: Mapping[str, str],
    author: Any = None,
    token: str = "",
    room: Room | None = None,
) -> Message:
    """Owe a customer an approved template, inside or outside the 24 hours.

    Without a room it goes to their latest one on WhatsApp, or opens one. Raises
    SendingRefusedError as `send_message` does, and with `template_variables`.
    """
    try:
        text = filled(template.body, variables)
    except TemplateTextError as error:
        raise SendingRefusedError("template_variables", str(error)) from error
    with transaction.atomic():
        if first := _same_form(token):
            return first
        locked = _lock_customer(customer.pk)
        room = room or _room_for(locked, line)
        refuse_unless_writable(room, locked, to_address=_address_of(room, locked))
        sending = Sending(
            author=author,
            token=token,
            template=template,
            variables=dict(variables),
            from_address=line.address,
            to_address=_address_of(room, locked),
        )
        return _owe(room, text, sending, sender=Sender.AGENT if author else Sender.BOT)


def send_bot_reply(*, message: Message) -> None:
    """Owe a reply of the bot that could not go out with the answer to the customer's message.

    `message` is stored already; it goes the way of every other one.
    """
    Sending.objects.create(message=message, **_addresses(message.room))
    wake_sender_after_commit(message.room_id)


def retry_sending(*, message: Message, author: Any = None, token: str = "") -> Message:
    """A new attempt at a message that failed; the first keeps its SID and what became of it.

    Raises SendingRefusedError, with `not_retryable` where a repeat cannot help.
    """
    with transaction.atomic():
        if first := _same_form(token):
            return first
        customer = _lock_customer(message.customer_id)
        message = Message.objects.select_for_update(no_key=True, of=("self",)).get(pk=message.pk)
        last = message.sendings.order_by("-number").first()
        if last is None or not may_retry(message):
            reason = error_words(message.error_code) or marked("It has not failed.")
            raise SendingRefusedError("not_retryable", reason)
        refuse_unless_writable(message.room, customer, to_address=last.to_address)
        if last.template_id is None and not service_window(message.room).is_open:
            raise SendingRefusedError("window_closed")
        last.status, last.error_code, last.error_text = (
            message.status,
            message.error_code,
            message.error_text,
        )
        last.save(update_fields=["status", "error_code", "error_text"])
        Sending.objects.create(
            message=message,
            number=last.number + 1,
            author=author,
            token=token,
            from_address=last.from_address,
            to_address=last.to_address,
            template=last.template,
            variables=last.variables,
        )
        message.external_id, message.error_code, message.error_text = "", "", ""
        message.status, message.status_rank = QUEUED, RANK[QUEUED]
        message.save(
            update_fields=["external_id", "error_code", "error_text", "status", "status_rank"]
        )
        delivery_changed.send(Message, messages=[message])
        wake_sender_after_commit(message.room_id)
    return message


def refuse_unless_writable(room: Room, customer: Customer | None, *, to_address: str = "") -> None:
    """Raise SendingRefusedError where nothing may or can be sent to this customer in this room."""
    if customer is None or not (to_address or room.reply_address):
        raise SendingRefusedError("no_address")
    if customer.opted_out_of(room.channel) is not None:
        raise SendingRefusedError("opted_out")
    if customer.blocked_at is not None:
        raise SendingRefusedError("blocked")
    if account_for() is None:
        raise SendingRefusedError("not_set_up")


def _same_form(token: str) -> Message | None:
    """The message that this form has asked for already."""
    first = Sending.objects.filter(token=token).select_related("message").first() if token else None
    return first.message if first else None


def _lock_customer(customer_id: int | None) -> Customer | None:
    """The customer's row, locked as the inbox locks it: before any room."""
    if customer_id is None:
        return None
    return Customer.objects.select_for_update(no_key=True).filter(pk=customer_id).first()


def _addresses(room: Room) -> dict[str, str]:
    return {"from_address": room.our_address, "to_address": room.reply_address}


def _address_of(room: Room, customer: Customer | None) -> str:
    """Where a customer is written to: as they last wrote, else by their number."""
    if room.reply_address or customer is None:
        return room.reply_address
    written = (
        Room.objects.filter(customer=customer)
        .exclude(reply_address="")
        .order_by("-last_inbound_at")
        .values_list("reply_address", flat=True)
        .first()
    )
    return written or (f"whatsapp:{customer.phone_number}" if customer.phone_number else "")


def _room_for(customer: Customer | None, line: Line) -> Room:
    """The customer's room on WhatsApp that is not resolved, or a new one; they are locked."""
    sessions = Room.objects.filter(
        customer=customer, channel=Channel.WHATSAPP, source=Room.SESSION_SOURCE
    )
    if room := sessions.exclude(status=Room.Status.RESOLVED).first():
        return room
    moment = now()
    return Room.objects.create(
        customer=customer,
        channel=Channel.WHATSAPP,
        source=Room.SESSION_SOURCE,
        external_id=f"to-{customer.pk if customer else 0}-{moment:%Y%m%d%H%M%S%f}",
        started_at=moment,
        last_message_at=moment,
        our_address=line.address,
    )


def _owe(
    room: Room, text: str, sending: Sending, *, sender: str, stored: StoredFile | None = None
) -> Message:
    """Write the message into the room's transcript, owed."""
    moment = now()
    message = Message.objects.create(
        room=room,
        customer_id=room.customer_id,
        source=TWILIO,
        sender=sender,
        body=text,
        media=[{"type": stored.file.kind.content_type}] if stored else [],
        sent_at=moment,
        received_at=moment,
        status=QUEUED,
        status_rank=RANK[QUEUED],
    )
    sending.message = message
    sending.due_at = sending.made_at = moment
    try:
        with transaction.atomic():
            sending.save()
    except IntegrityError:
        # The same form at the same moment; the customer's lock makes this the rarest of cases.
        message.delete()
        if first := _same_form(sending.token):
            return first
        raise
    if stored is not None:
        attach(message, stored)
    Room.objects.filter(pk=room.pk, last_message_at__lt=moment).update(last_message_at=moment)
    room.last_message_at = max(room.last_message_at or moment, moment)
    messages_stored.send(Message, messages=[message])
    wake_sender_after_commit(room.pk)
    return message
