"""Twilio's posts as bytes on the wire: signed by the published scheme, not by twilio's library."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from xml.etree import ElementTree

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "a-token-of-the-tests-0123456789"
OURS = "whatsapp:+14155238886"
CUSTOMER = "whatsapp:+628123456789"

Fields = Mapping[str, str | Sequence[str]]


def new_sid(prefix: str = "SM") -> str:
    return f"{prefix}{uuid4().hex}"


def pairs_of(fields: Fields) -> list[tuple[str, str]]:
    """The form's pairs; a list is a name that is sent several times."""
    return [
        (name, value)
        for name, values in fields.items()
        for value in ([values] if isinstance(values, str) else values)
    ]


def signature(url: str, pairs: Sequence[tuple[str, str]], token: str = TOKEN) -> str:
    """X-Twilio-Signature: names sorted, each name's distinct values sorted, nothing in between."""
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def message_form(body: str = "Hi", **fields: Any) -> dict[str, Any]:
    """What Twilio sends for a WhatsApp text; a field set to None is left out."""
    sender = fields.get("From") or CUSTOMER
    sid = fields.get("MessageSid") or new_sid()
    form = {
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ProfileName": "Johnny",
        "MessageType": "text",
        "SmsSid": sid,
        "WaId": str(sender).rpartition("+")[2],
        "SmsStatus": "received",
        "Body": body,
        "To": OURS,
        "NumSegments": "1",
        "ReferralNumMedia": "0",
        "MessageSid": sid,
        "AccountSid": ACCOUNT,
        "From": sender,
        "ApiVersion": "2010-04-01",
        **fields,
    }
    return {name: value for name, value in form.items() if value is not None}


def status_form(sid: str, status: str, **fields: Any) -> dict[str, Any]:
    """What Twilio sends when a message's delivery gets on."""
    form = {
        "ChannelPrefix": "whatsapp",
        "ApiVersion": "2010-04-01",
        "MessageStatus": status,
        "SmsSid": sid,
        "SmsStatus": status,
        "ChannelInstallSid": "XE" + "0" * 32,
        "To": CUSTOMER,
        "From": OURS,
        "MessageSid": sid,
        "AccountSid": ACCOUNT,
        **fields,
    }
    return {name: value for name, value in form.items() if value is not None}


def encode(fields: Fields) -> bytes:
    return urlencode(pairs_of(fields)).encode()


def replies_in(twiml: bytes) -> list[str]:
    """The texts that a TwiML answer sends."""
    root = ElementTree.fromstring(twiml)
    assert root.tag == "Response"
    return [message.text or "" for message in root.iter("Message")]


def callback_in(twiml: bytes) -> str:
    """Where Twilio is to report on the reply."""
    [message] = ElementTree.fromstring(twiml).iter("Message")
    return message.get("statusCallback", "")
