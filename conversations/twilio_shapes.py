"""Twilio's form posts, parsed once into frozen values: an inbound message, a delivery status.

Source: Twilio, "Twilio's request to your webhook" and "Monitor the status of your WhatsApp
outbound message". Twilio adds parameters without notice: known ones are read leniently, the rest
stays in the stored delivery. Only what makes a message ours (who, to whom, which) must be right.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from conversations.payloads import InboundMessage, PayloadError, Reading
from funnel_site.lib.marking import marked
from funnel_site.lib.phone import PhoneError, normalise_phone
from funnel_site.lib.text import clean_text

MOST_FIELDS = 500
MOST_MEDIA = 10
LONGEST_TEXT = 65_536
MESSAGE_SID = re.compile(r"(SM|MM)[0-9a-f]{32}")
ACCOUNT_SID = re.compile(r"AC[0-9a-f]{32}")
USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}")
NUMBER = re.compile(r"\+[0-9]{5,15}")
WORD = re.compile(r"[a-z_]{1,32}")
SINGLE = ("AccountSid", "MessageSid", "From", "To")
PLACE = ("Latitude", "Longitude", "Address", "Label")
BUTTON = ("ButtonPayload", "ButtonText", "ButtonType")
REFERRAL = {
    "ReferralSourceType": "source_type",
    "ReferralSourceId": "source_id",
    "ReferralSourceUrl": "source_url",
    "ReferralHeadline": "headline",
    "ReferralBody": "body",
    "ReferralCtwaClid": "click_id",
    "ReferralMediaContentType": "media_type",
    "ReferralMediaUrl": "media_url",
}
KEPT = {
    "AccountSid": "account_sid",
    "MessagingServiceSid": "messaging_service_sid",
    "ProfileName": "profile_name",
    "WaId": "wa_id",
    "OptOutType": "opt_out_type",
    "MessageType": "message_type",
    "OriginalRepliedMessageSid": "reply_to",
    "Forwarded": "forwarded",
    "FrequentlyForwarded": "frequently_forwarded",
    "InteractiveData": "interactive",
    "FlowData": "flow",
}
PLAIN_TYPES = frozenset(
    {"", "text", "image", "audio", "video", "document", "button", "interactive", "location"}
)
AD_CHANNEL = "whatsapp_ads"
POST_CHANNEL = "social_post"

Form = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """One status callback. `message_id` and `attempt` are our own, from the callback's address."""

    account_sid: str
    sid: str
    word: str
    """The status in lower case, known to us or not."""
    error_code: str
    error_text: str
    message_id: int | None = None
    attempt: int = 1


def parse_form(body: bytes) -> Form:
    """Names to their values in order; blank values stay, bytes that are no UTF-8 become U+FFFD.

    >>> parse_form(b"From=whatsapp%3A%2B62812&Body=")
    {'From': ['whatsapp:+62812'], 'Body': ['']}

    Raises PayloadError for more fields than Twilio has.
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise PayloadError(
            "", "too_many_fields", marked("More fields than a message has.")
        ) from error
    form: dict[str, list[str]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def read_twilio_message(form: Form, reading: Reading) -> InboundMessage:
    """An inbound message; raises PayloadError naming the field that cannot be used."""
    _check_single(form, SINGLE)
    if len(form.get("Body", [])) > 1:
        raise PayloadError("Body", "repeated", marked("Sent more than once."))
    sid, address, ours = _one(form, "MessageSid"), _one(form, "From"), _one(form, "To")
    if not MESSAGE_SID.fullmatch(sid):
        raise PayloadError("MessageSid", "invalid_sid", marked("Not an id of a message."))
    channel, phone, user_id = _sender(form, address, reading.region)
    if not ours or len(ours) > 80 or not ours.isprintable():
        raise PayloadError("To", "invalid_address", marked("Not an address of ours."))
    body, is_cleaned = clean_text(_one(form, "Body"))
    body = body.strip()[:LONGEST_TEXT]
    media, is_count_wrong = _media(form)
    details = {**_details(form), "our_address": ours}
    text = body or _described(details, has_media=bool(media))
    if text and not body:
        details["described"] = True
    flags = [
        name for name, raised in (("cleaned", is_cleaned), ("num_media", is_count_wrong)) if raised
    ]
    return InboundMessage(
        text=text,
        sender="customer",
        channel=channel,
        sent_at=reading.received_at,
        has_sent_at=False,
        message_id=sid,
        phone=phone,
        user_id=user_id,
        name=details.get("profile_name", "")[:200],
        media=media,
        stated=_stated(details),
        flags=tuple(flags),
        address=address,
        our_address=ours,
        details=details,
    )


def read_status(form: Form, query: Form) -> StatusReport:
    """A status callback; raises PayloadError where it does not say of which message.

    `query` is that of the address which we gave to Twilio: `m`, our message, and `n`, the attempt.
    """
    _check_single(form, ("AccountSid", "MessageSid"))
    sid = _one(form, "MessageSid")
    if not MESSAGE_SID.fullmatch(sid):
        raise PayloadError("MessageSid", "invalid_sid", marked("Not an id of a message."))
    word = (_one(form, "MessageStatus") or _one(form, "SmsStatus")).strip().lower()
    if not word:
        raise PayloadError("MessageStatus", "required", marked("Missing."))
    return StatusReport(
        account_sid=_one(form, "AccountSid"),
        sid=sid,
        word=word if WORD.fullmatch(word) else "",
        error_code=_cut(_one(form, "ErrorCode"), 16),
        error_text=_cut(_one(form, "ErrorMessage") or _one(form, "ChannelStatusMessage"), 300),
        message_id=_number(_one(query, "m")),
        attempt=_number(_one(query, "n")) or 1,
    )


def is_message_key(account_sid: str, sid: str) -> bool:
    """Whether these are an account's and a message's ids by their form."""
    return bool(ACCOUNT_SID.fullmatch(account_sid) and MESSAGE_SID.fullmatch(sid))


def _check_single(form: Form, names: Iterable[str]) -> None:
    """Twilio's signature has no separators: only one value each makes a form mean one thing."""
    for name in names:
        values = form.get(name, [])
        if not values or not values[0].strip():
            raise PayloadError(name, "required", marked("Missing."))
        if len(values) > 1:
            raise PayloadError(name, "repeated", marked("Sent more than once."))


def _one(form: Form, name: str) -> str:
    return (form.get(name) or [""])[0]


def _cut(text: str, limit: int) -> str:
    return clean_text(text)[0].strip()[:limit]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _sender(form: Form, address: str, region: str) -> tuple[str, str, str]:
    """Channel, phone number and WhatsApp user id of the sender."""
    scheme, colon, rest = address.partition(":")
    if not colon:
        scheme, rest = "sms", address
    if scheme not in ("whatsapp", "sms") or len(address) > 200:
        raise PayloadError(
            "From", "invalid_address", marked("Neither a number nor a WhatsApp user.")
        )
    user_id = _one(form, "ExternalUserId").partition(":")[2]
    if not USER_ID.fullmatch(user_id):
        user_id = ""
    if scheme == "whatsapp" and USER_ID.fullmatch(rest):
        known = _one(form, "WaId")
        phone = _phone(f"+{known}", region) if known.isdigit() else ""
        return scheme, phone, rest
    phone = _phone(rest, region)
    if not phone:
        raise PayloadError(
            "From", "invalid_address", marked("Neither a number nor a WhatsApp user.")
        )
    return scheme, phone, user_id


def _phone(text: str, region: str) -> str:
    """One spelling of the number. One that no country has is kept: Twilio has seen it in use."""
    try:
        return normalise_phone(text, region)
    except PhoneError:
        return text if NUMBER.fullmatch(text) else ""


def _media(form: Form) -> tuple[tuple[Mapping[str, Any], ...], bool]:
    """The attachments as links, and whether their number is not what was announced."""
    announced = _number(_one(form, "NumMedia") or "0")
    links = []
    for place in range(MOST_MEDIA):
        url = _cut(_one(form, f"MediaUrl{place}"), 2_000)
        if url:
            kind = _cut(_one(form, f"MediaContentType{place}"), 100).lower()
            links.append({"url": url, "type": kind})
    return tuple(links), announced != len(links)


def _details(form: Form) -> dict[str, Any]:
    """What came besides the text, under our names; nothing that is empty."""
    details: dict[str, Any] = {
        ours: _cut(_one(form, theirs), 2_000)
        for theirs, ours in KEPT.items()
        if _cut(_one(form, theirs), 1)
    }
    for group, names in (("location", PLACE), ("button", BUTTON)):
        found = {
            name.removeprefix("Button").lower(): value
            for name in names
            if (value := _cut(_one(form, name), 300))
        }
        if found:
            details[group] = found
    referral = {
        ours: value
        for theirs, ours in REFERRAL.items()
        if (value := _cut(_one(form, theirs), 2_000))
    }
    if referral:
        details["referral"] = referral
    return details


def _described(details: Mapping[str, Any], *, has_media: bool) -> str:
    """A line for people to read in place of a text that a message does not have."""
    if place := details.get("location"):
        name = ", ".join(place[part] for part in ("label", "address") if part in place)
        where = ", ".join(place[part] for part in ("latitude", "longitude") if part in place)
        return f"📍 {name} ({where})" if name else f"📍 {where}"
    if text := details.get("button", {}).get("text"):
        return str(text)
    kind = details.get("message_type", "").lower()
    if kind == "sticker" or has_media:
        return ""
    if kind not in PLAIN_TYPES:
        return f"[{kind[:40]}: a kind of message that cannot be shown here]"
    return ""


def _stated(details: Mapping[str, Any]) -> dict[str, Any]:
    """An advertisement is the first of attributions: it outranks a keyword's channel."""
    referral = details.get("referral")
    if not referral:
        return {}
    is_post = referral.get("source_type", "").lower() == "post"
    return {"lead_channel": POST_CHANNEL if is_post else AD_CHANNEL}
