"""The shapes in which CRMs send messages, read leniently: what is there is taken, whatever its name.

A signed delivery is never refused for its content, because its sender cannot mend it. What has no
text and no customer raises PayloadError and becomes a dead letter.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from conversations.payloads import (
    CLOCK_TOLERANCE,
    ROOM_ID_LENGTH,
    InboundMessage,
    PayloadError,
    Reading,
    as_object,
    canonical_room_id,
    parse_moment,
    read_stated,
)
from funnel_site.lib.marking import marked
from funnel_site.lib.phone import PhoneError, normalise_phone
from funnel_site.lib.text import clean_text

LONGEST_TEXT = 65_536

ROOM_PATHS = ("room_id", "room.id", "roomId", "payload.room.id_str", "payload.room.id", "room")
MESSAGE_ID_PATHS = (
    "message_id",
    "message.id",
    "msg_id",
    "payload.message.unique_temp_id",
    "payload.message.id_str",
    "id",
)
TEXT_PATHS = (
    "message.text",
    "message.body",
    "message",
    "text",
    "content",
    "body",
    "payload.message.text",
)
CUSTOMER_PHONE_PATHS = ("customer_phone", "customer.phone", "customer.phone_number", "phone_number")
SENDER_PHONE_PATHS = ("sender.phone", "sender.phone_number", "phone", "from", "payload.from.email")
CHANNEL_PATHS = ("channel", "channel.source", "source", "payload.room.options.channel")
SENDER_PATHS = ("sender.type", "sender_type", "sender")
TIME_PATHS = (
    "sent_at",
    "timestamp",
    "created_at",
    "message.timestamp",
    "payload.message.timestamp",
)
NAME_PATHS = ("name", "sender.name", "customer.name", "payload.from.name")
USER_ID_PATHS = ("user_id", "sender.user_id", "customer.user_id")
MEDIA_PATHS = ("media", "attachments", "message.media", "payload.message.payload")

CHANNEL_WORDS = {
    "wa": "whatsapp",
    "wa-business": "whatsapp",
    "ig": "instagram",
    "fb": "facebook",
    "messenger": "facebook",
    "tg": "telegram",
    "web": "website",
    "webchat": "website",
    "qiscus": "website",
    "mail": "email",
}
KNOWN_CHANNELS = (
    "whatsapp",
    "instagram",
    "facebook",
    "telegram",
    "line",
    "sms",
    "email",
    "website",
)
SENDER_WORDS = {
    "customer": "customer",
    "user": "customer",
    "client": "customer",
    "contact": "customer",
    "agent": "agent",
    "admin": "agent",
    "operator": "agent",
    "staff": "agent",
    "bot": "bot",
    "system": "bot",
}
MESSAGE_TYPES = re.compile(r"message|comment|session|chat", re.IGNORECASE)


class NotAMessageError(Exception):
    """A delivery of a kind that carries no message; nothing is lost by leaving it at that."""


def items(value: Any) -> list[Any] | None:
    """The messages of a delivery that holds a list of them; None where it is a single one."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        for name in ("messages", "data"):
            if isinstance(value.get(name), list):
                return list(value[name])
    return None


def read_crm_message(value: Any, reading: Reading) -> InboundMessage:
    """One message in any known shape.

    Raises PayloadError where there is no text or no way to tell whose it is, NotAMessageError for
    deliveries of another kind.
    """
    fields = _unwrap(as_object(value))
    flags: list[str] = []
    text = _text(fields, flags)
    media = tuple(_media(fields))
    if not text and not media:
        _refuse_empty(fields)
    sender = _sender(fields)
    phone = _phone(fields, sender, reading.region, flags)
    sent_at = _sent_at(fields, reading, flags)
    room_id = _room_id(fields, flags)
    user_id = _first_text(fields, USER_ID_PATHS, limit=150)
    if not (room_id or phone or user_id):
        raise PayloadError(
            "phone", "no_identity", marked("Neither a room nor a usable phone number.")
        )
    return InboundMessage(
        text=text,
        sender=sender,
        channel=_channel(fields),
        sent_at=sent_at or reading.received_at,
        has_sent_at=sent_at is not None,
        room_id=room_id,
        message_id=_message_id(fields),
        phone=phone,
        user_id=user_id,
        name=_first_text(fields, NAME_PATHS, limit=200) if sender == "customer" else "",
        media=media,
        # A stated fact that cannot be read parks the delivery; the text is not used instead.
        stated=read_stated(fields, reading.zone),
        flags=tuple(flags),
    )


def _unwrap(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of a Standard Webhooks envelope, with its time where the data has none."""
    data = fields.get("data")
    if not isinstance(data, dict):
        return fields
    envelope = {name: fields[name] for name in ("type", "timestamp") if name in fields}
    return {**envelope, **data}


def _refuse_empty(fields: Mapping[str, Any]) -> None:
    kind = fields.get("type") or fields.get("webhook_type") or ""
    if isinstance(kind, str) and kind and not MESSAGE_TYPES.search(kind):
        raise NotAMessageError(kind[:60])
    raise PayloadError("message", "no_text", marked("No text and no attachment."))


def _candidates(fields: Mapping[str, Any], paths: tuple[str, ...]) -> Iterator[Any]:
    for path in paths:
        value: Any = fields
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            yield value


def _first_text(fields: Mapping[str, Any], paths: tuple[str, ...], *, limit: int) -> str:
    """The first non-empty text or whole number at one of the paths, cleaned."""
    for value in _candidates(fields, paths):
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and (text := clean_text(value)[0].strip()):
            return text[:limit]
    return ""


def _text(fields: Mapping[str, Any], flags: list[str]) -> str:
    for value in _candidates(fields, TEXT_PATHS):
        if isinstance(value, str) and value.strip():
            text, was_mended = clean_text(value)
            if was_mended:
                flags.append("text_cleaned")
            return text.strip()[:LONGEST_TEXT]
    return ""


def _sender(fields: Mapping[str, Any]) -> str:
    word = _first_text(fields, SENDER_PATHS, limit=32).casefold()
    if word:
        # An unknown sender must never open a lead.
        return SENDER_WORDS.get(word, "bot")
    # Qiscus: a customer's "email" is the phone number, a member of staff's is an address.
    author = _first_text(fields, ("payload.from.email",), limit=254)
    return "agent" if "@" in author else "customer"


def _phone(fields: Mapping[str, Any], sender: str, region: str, flags: list[str]) -> str:
    """The customer's phone number; what an agent's own number says is not taken for it."""
    paths = CUSTOMER_PHONE_PATHS + (SENDER_PHONE_PATHS if sender == "customer" else ())
    if sender != "customer" and not isinstance(fields.get("sender"), dict):
        paths = (*paths, "phone")
    for value in _candidates(fields, paths):
        text = str(value) if isinstance(value, int | str) else ""
        if not text.strip() or isinstance(value, bool):
            continue
        try:
            return normalise_phone(text, region)
        except PhoneError:
            if "phone_unusable" not in flags:
                flags.append("phone_unusable")
    return ""


def _channel(fields: Mapping[str, Any]) -> str:
    word = _first_text(fields, CHANNEL_PATHS, limit=64).casefold()
    if not word:
        return "whatsapp"
    word = CHANNEL_WORDS.get(word, word)
    return word if word in KNOWN_CHANNELS else "other"


def _room_id(fields: Mapping[str, Any], flags: list[str]) -> str:
    text = _first_text(fields, ROOM_PATHS, limit=ROOM_ID_LENGTH + 1)
    if len(text) > ROOM_ID_LENGTH or not text.isprintable():
        flags.append("room_id_unusable")
        return ""
    try:
        return canonical_room_id(text)
    except PayloadError:
        return text


def _message_id(fields: Mapping[str, Any]) -> str:
    for value in _candidates(fields, MESSAGE_ID_PATHS):
        text = _first_text({"id": value}, ("id",), limit=201)
        if text not in ("", "0") and len(text) <= 200 and text.isprintable():
            return text
    return ""


def _sent_at(fields: Mapping[str, Any], reading: Reading, flags: list[str]) -> datetime | None:
    """When the source says it was sent; not believed where that is nonsense or in the future."""
    for value in _candidates(fields, TIME_PATHS):
        moment = _moment(value, reading.zone, flags)
        if moment is None:
            continue
        if moment > reading.received_at + CLOCK_TOLERANCE:
            flags.append("clock_suspect")
            return None
        return moment
    return None


def _moment(value: Any, zone: ZoneInfo, flags: list[str]) -> datetime | None:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_epoch(value)
        moment, is_assumed = parse_moment(str(value).strip(), zone)
    except (ValueError, OverflowError, OSError):
        flags.append("time_unusable")
        return None
    if is_assumed:
        flags.append("tz_assumed")
    return moment


def _from_epoch(number: float) -> datetime:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970, told by their size."""
    while number > 10**11:
        number /= 1000
    moment = datetime.fromtimestamp(number, tz=UTC)
    if not 2000 <= moment.year < 2100:
        raise ValueError("outside 2000 to 2100")
    return moment


def _media(fields: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for value in _candidates(fields, MEDIA_PATHS):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and isinstance(item.get("url"), str):
                kind = item.get("type") or item.get("content_type") or ""
                yield {"url": clean_text(item["url"])[0][:2_000], "type": str(kind)[:100]}


def room_of(value: Any) -> str:
    """The room that a delivery names, for its acknowledgement; empty where it names none."""
    return _room_id(_unwrap(value), []) if isinstance(value, dict) else ""
