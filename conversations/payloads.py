"""Our own message and room bodies, parsed once into frozen values. Strict: a wrong field is named.

The shapes that CRMs send are read by `crm_shapes`, which is lenient where this module is not.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from funnel_site.lib.marking import marked
from funnel_site.lib.phone import PhoneError, normalise_phone

MESSAGE_LENGTH = 4_096
ROOM_ID_LENGTH = 128
MESSAGE_ID_LENGTH = 200
LARGEST_AMOUNT = Decimal(10) ** 12
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(hours=24)
LONGEST_SALE = timedelta(days=3653)

CHANNELS = frozenset(
    {"whatsapp", "instagram", "facebook", "telegram", "line", "sms", "email", "website", "other"}
)
SENDERS = frozenset({"customer", "agent", "bot"})
AMOUNT = re.compile(r"\d{1,15}(\.\d{1,2})?", re.ASCII)
MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
LIKE_A_UUID = re.compile(r"(urn:uuid:.*|\{[0-9a-fA-F-]*\}|[0-9a-fA-F]+(-[0-9a-fA-F]+){4})")


class PayloadError(ValueError):
    """The sender's mistake, with the field: the same bytes can never succeed."""

    def __init__(self, field_name: str, code: str, detail: str) -> None:
        super().__init__(f"{field_name}: {detail}" if field_name else detail)
        self.field = field_name
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One message as any door understood it. Empty strings where something was not said."""

    text: str
    sender: str
    channel: str
    sent_at: datetime
    has_sent_at: bool
    room_id: str = ""
    message_id: str = ""
    phone: str = ""
    user_id: str = ""
    name: str = ""
    media: tuple[Mapping[str, Any], ...] = ()
    stated: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    address: str = ""
    """The customer's address exactly as it came, where answers go to it."""
    our_address: str = ""
    """The number of ours that was written to."""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity_keys(self) -> list[tuple[str, str]]:
        """The keys of the customer, the strongest first."""
        keys = [("phone", self.phone), ("whatsapp_user", self.user_id)]
        return [(kind, value) for kind, value in keys if value]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomDeclaration:
    """The body of POST /api/rooms/."""

    room_id: str
    phone: str
    channel: str
    started_at: datetime
    closed_at: datetime | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a body is read against: the zone and region of its source, and when it came."""

    zone: ZoneInfo
    region: str
    received_at: datetime


def as_object(value: Any) -> Mapping[str, Any]:
    """The value, if it is a JSON object."""
    if not isinstance(value, dict):
        raise PayloadError("", "not_an_object", marked("Send a JSON object."))
    return value


def read_text(fields: Mapping[str, Any], name: str, *, limit: int, required: bool = False) -> str:
    """A text field without surrounding blanks; empty where it is absent or null."""
    value = fields.get(name)
    if value is None:
        if required:
            raise PayloadError(name, "required", marked("This field is required."))
        return ""
    if not isinstance(value, str):
        raise PayloadError(name, "not_text", marked("Send this field as text."))
    text = value.strip()
    if required and not text:
        raise PayloadError(name, "blank", marked("This field may not be blank."))
    if len(text) > limit:
        raise PayloadError(name, "too_long", marked("At most %(most)s characters.", most=limit))
    return text


def read_choice(
    fields: Mapping[str, Any], name: str, choices: frozenset[str], *, default: str = ""
) -> str:
    """One of the choices, whatever its case; the default where it is absent."""
    if name not in fields and default:
        return default
    word = read_text(fields, name, limit=64, required=True).casefold()
    if word not in choices:
        raise PayloadError(
            name, "unknown", marked("Not one of: %(choices)s.", choices=", ".join(sorted(choices)))
        )
    return word


def read_phone(fields: Mapping[str, Any], name: str, region: str, *, required: bool) -> str:
    """A phone number in E.164; empty where it is absent and not required."""
    text = read_text(fields, name, limit=64, required=required)
    if not text:
        return ""
    try:
        return normalise_phone(text, region)
    except PhoneError as error:
        raise PayloadError(name, "invalid_phone", error.args[0]) from error


def parse_moment(text: str, zone: ZoneInfo) -> tuple[datetime, bool]:
    """ISO 8601 to an aware time in UTC, and whether its zone had to be assumed.

    Raises ValueError for anything else, and for times outside 2000 to 2100.
    """
    if not MOMENT.fullmatch(text):
        raise ValueError("not an ISO 8601 time")
    moment = datetime.fromisoformat(text)
    is_naive = moment.tzinfo is None
    if is_naive:
        moment = moment.replace(tzinfo=zone)
    moment = moment.astimezone(UTC)
    if not EARLIEST <= moment < LATEST:
        raise ValueError("outside 2000 to 2100")
    return moment, is_naive


def read_moment(
    fields: Mapping[str, Any], name: str, zone: ZoneInfo
) -> tuple[datetime | None, bool]:
    """A time field in UTC (None where absent), and whether its zone had to be assumed."""
    if fields.get(name) is None:
        return None, False
    text = read_text(fields, name, limit=40, required=True)
    try:
        return parse_moment(text, zone)
    except (ValueError, OverflowError) as error:
        raise PayloadError(
            name, "invalid_time", marked("Send an ISO 8601 time between 2000 and 2100.")
        ) from error


def read_amount(fields: Mapping[str, Any], name: str) -> Decimal | None:
    """An amount of money, not negative, at most two decimals, below 10^12."""
    value = fields.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float | str) and not isinstance(value, bool)
    text = str(value).strip() if is_number else ""
    if text.endswith(".0") and isinstance(value, float):
        text = text[:-2]
    if not AMOUNT.fullmatch(text):
        raise PayloadError(
            name,
            "invalid_amount",
            marked("Send a plain number, not negative, at most two decimals."),
        )
    amount = Decimal(text)
    if amount >= LARGEST_AMOUNT:
        raise PayloadError(name, "too_large", marked("The amount is not believable."))
    return amount


def read_room_id(fields: Mapping[str, Any], *, required: bool) -> str:
    """The CRM's room id: any printable text; one that looks like a UUID must be one."""
    text = read_text(fields, "room_id", limit=ROOM_ID_LENGTH, required=required)
    if not text.isprintable():
        raise PayloadError("room_id", "not_printable", marked("Only printable characters."))
    return canonical_room_id(text)


def canonical_room_id(text: str) -> str:
    """The one spelling of a room id; raises PayloadError for a broken UUID."""
    if not LIKE_A_UUID.fullmatch(text):
        return text
    try:
        known = uuid.UUID(text) if len(text) == 36 else uuid.UUID(int=0)
    except ValueError:
        known = uuid.UUID(int=0)
    if known.int == 0:
        raise PayloadError("room_id", "invalid_uuid", marked("This looks like a UUID and is none."))
    return str(known)


def read_message(value: Any, reading: Reading) -> InboundMessage:
    """The body of POST /api/messages/; raises PayloadError naming the field."""
    fields = as_object(value)
    user_id = read_text(fields, "user_id", limit=150)
    phone = read_phone(fields, "phone_number", reading.region, required=not user_id)
    sent_at, is_assumed = read_moment(fields, "sent_at", reading.zone)
    if sent_at is not None and sent_at > reading.received_at + CLOCK_TOLERANCE:
        raise PayloadError(
            "sent_at", "in_the_future", marked("More than 24 hours ahead of our clock.")
        )
    media = _media(fields)
    return InboundMessage(
        text=read_text(fields, "message", limit=MESSAGE_LENGTH, required=not media),
        sender=read_choice(fields, "sender", SENDERS, default="customer"),
        channel=read_choice(fields, "channel", CHANNELS, default="whatsapp"),
        sent_at=sent_at or reading.received_at,
        has_sent_at=sent_at is not None,
        room_id=read_room_id(fields, required=False),
        message_id=_message_id(fields),
        phone=phone,
        user_id=user_id,
        name=read_text(fields, "name", limit=200),
        media=media,
        stated=read_stated(fields, reading.zone),
        flags=("tz_assumed",) if is_assumed else (),
    )


def read_stated(fields: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """What a CRM says outright about a booking or a transaction; JSON values, times in UTC."""
    booking, _ = read_moment(fields, "booking_date", zone)
    transaction, _ = read_moment(fields, "transaction_date", zone)
    amount = read_amount(fields, "transaction_value")
    currency = read_text(fields, "currency", limit=3).upper()
    if currency and not re.fullmatch("[A-Z]{3}", currency):
        raise PayloadError(
            "currency", "invalid_currency", marked("Send a three-letter ISO 4217 code.")
        )
    if booking and transaction and transaction < booking - LONGEST_SALE:
        raise PayloadError(
            "transaction_date", "before_booking", marked("Ten years or more before the booking.")
        )
    if amount == 0 and transaction is None:
        # CRMs that always fill the field write 0 for "nothing yet".
        amount = None
    lead_channel = read_text(fields, "lead_channel", limit=32).casefold()
    stated = {
        "booking_date": booking and booking.isoformat(),
        "transaction_date": transaction and transaction.isoformat(),
        "transaction_value": None if amount is None else str(amount),
        "currency": currency if amount is not None else None,
        "lead_channel": lead_channel,
    }
    return {name: value for name, value in stated.items() if value}


def read_room(value: Any, reading: Reading) -> RoomDeclaration:
    """The body of POST /api/rooms/; raises PayloadError naming the field."""
    fields = as_object(value)
    started_at, _ = _given_moment(fields, "start_time", reading)
    closed_at, _ = _given_moment(fields, "end_time", reading)
    if started_at and started_at > reading.received_at + CLOCK_TOLERANCE:
        raise PayloadError(
            "start_time", "in_the_future", marked("More than 24 hours ahead of our clock.")
        )
    if closed_at and closed_at < (started_at or reading.received_at):
        raise PayloadError("end_time", "before_start", marked("The room ends before it starts."))
    return RoomDeclaration(
        room_id=read_room_id(fields, required=True),
        phone=read_phone(fields, "phone_number", reading.region, required=True),
        channel=read_choice(fields, "channel", CHANNELS),
        started_at=started_at or reading.received_at,
        closed_at=closed_at,
        name=read_text(fields, "name", limit=200),
    )


def _given_moment(
    fields: Mapping[str, Any], name: str, reading: Reading
) -> tuple[datetime | None, bool]:
    """A time that may be left out, but not sent as null."""
    if name in fields and fields[name] is None:
        raise PayloadError(
            name, "invalid_time", marked("Leave the field out or send an ISO 8601 time.")
        )
    return read_moment(fields, name, reading.zone)


def _message_id(fields: Mapping[str, Any]) -> str:
    text = read_text(fields, "message_id", limit=MESSAGE_ID_LENGTH)
    if not text.isprintable():
        raise PayloadError("message_id", "not_printable", marked("Only printable characters."))
    return text


def _media(fields: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Attachment links with their types. Kept as text; nothing is fetched."""
    value = fields.get("media")
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > 10:
        raise PayloadError("media", "not_a_list", marked("Send a list of at most 10 attachments."))
    for item in value:
        if not isinstance(item, dict) or not isinstance(item.get("url"), str):
            raise PayloadError("media", "invalid_item", marked("Each attachment needs a url."))
    return tuple(
        {"url": item["url"][:2_000], "type": str(item.get("type", ""))[:100]} for item in value
    )


def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day of a moment in a zone."""
    return moment.astimezone(zone).date()
