"""Playing Twilio towards a site of ours: forms as Twilio sends them, signed as Twilio signs them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree import ElementTree

import requests
from twilio.request_validator import RequestValidator

from conversations.twilio_signatures import signed_address

INBOUND_PATH = "/webhooks/twilio/inbound"
TIMEOUT = 15.0
"""Seconds, as Twilio's own."""


class SiteError(Exception):
    """The site did not answer as Twilio wants it to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One message of the site's answer."""

    text: str
    status_callback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One customer at one of our numbers, and the account that carries their messages."""

    account_sid: str
    token: str
    site: str
    """Where the site is reached."""
    public_url: str
    """What it calls itself: the address that is signed."""
    customer: str
    ours: str

    def say(self, text: str, **fields: str) -> list[Reply]:
        """Send a message and return the replies. Raises SiteError."""
        sid = new_sid()
        form = {
            "MessageSid": sid,
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "AccountSid": self.account_sid,
            "From": self.customer,
            "To": self.ours,
            "Body": text,
            "NumMedia": "0",
            "NumSegments": "1",
            "MessageType": "text",
            "SmsStatus": "received",
            "WaId": self.customer.rpartition("+")[2],
            "ApiVersion": "2010-04-01",
            **fields,
        }
        answer = self._post(signed_address(self.public_url, INBOUND_PATH, ""), form)
        try:
            root = ElementTree.fromstring(answer)  # noqa: S314 - our own site's answer
        except ElementTree.ParseError as error:
            raise SiteError("The answer is no TwiML.") from error
        return [
            Reply(text=found.text or "", status_callback=found.get("statusCallback", ""))
            for found in root.iter("Message")
        ]

    def deliver(self, reply: Reply, *statuses: str) -> None:
        """Report how the delivery of a reply gets on, as Twilio does for each message it sends."""
        sid = new_sid()
        for status in statuses:
            form = {
                "MessageSid": sid,
                "SmsSid": sid,
                "AccountSid": self.account_sid,
                "From": self.ours,
                "To": self.customer,
                "MessageStatus": status,
                "SmsStatus": status,
                "ApiVersion": "2010-04-01",
            }
            self._post(reply.status_callback, form)

    def _post(self, address: str, form: Mapping[str, str]) -> bytes:
        signature = RequestValidator(self.token).compute_signature(address, form)
        parts = urlsplit(address.removeprefix(self.public_url.rstrip("/")))
        query = f"?{parts.query}" if parts.query else ""
        try:
            response = requests.post(
                f"{self.site.rstrip('/')}{parts.path}{query}",
                data=form,
                headers={"X-Twilio-Signature": signature},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise SiteError(
                f"{self.site} cannot be reached: is the site running? ({type(error).__name__})"
            ) from error
        if response.status_code == 403:
            raise SiteError(
                "The site refused the signature. It must run with the same SECRET_KEY, TWILIO_*"
                f" and PUBLIC_BASE_URL as this command, which signed for {self.public_url}."
            )
        if not response.ok:
            raise SiteError(f"The site answered {response.status_code}.")
        return response.content


def new_sid() -> str:
    """An id as Twilio makes them for messages."""
    return f"SM{secrets.token_hex(16)}"
