"""Twilio's REST API: sending a message, asking what became of one, and its errors in our words.

Two kinds of failure matter: those after which the message has certainly not left, and those after
which nobody knows. Only the first may be followed by another call.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError

from funnel_site.lib.marking import marked

TWILIO_HOST = "https://api.twilio.com"
LISTED = 50
"""How many of the newest messages of a conversation are looked through."""
TIMEOUT = 10.0
"""Seconds for connecting, and again for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account that sends, and where its API is."""

    sid: str
    token: str
    base_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message for Twilio to send."""

    from_address: str
    to_address: str
    status_callback: str
    body: str = ""
    media_urls: tuple[str, ...] = ()
    content_sid: str = ""
    variables: Mapping[str, str] | None = None
    messaging_service_sid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Twilio has it."""

    sid: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What Twilio says became of a message. The code is empty where nothing went wrong."""

    status: str
    error_code: str
    error_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A message in Twilio's own list."""

    sid: str
    body: str
    made_at: datetime
    told: Told


class GatewayError(Exception):
    """Why Twilio does not have it: a code and words."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words


class RefusedError(GatewayError):
    """Twilio said no: the same call would be refused again."""


class NotSentError(GatewayError):
    """It has certainly not left, and another call may succeed later."""


class UnclearError(GatewayError):
    """No usable answer: it may have left. Never to be repeated by a machine."""


class _HttpClient(TwilioHttpClient):
    """twilio's client, pointed at another address where one is set."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=TIMEOUT)
        self.base_url = base_url.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if self.base_url and url.startswith(f"{TWILIO_HOST}/"):
            url = self.base_url + url.removeprefix(TWILIO_HOST)
        return super().request(method, url, *args, **kwargs)


def send(account: Account, outgoing: Outgoing) -> Accepted:
    """Ask Twilio to send a message, once. Raises RefusedError, NotSentError or UnclearError."""
    with _calling(account) as client:
        made = client.messages.create(**_parameters(outgoing))
    if not made.sid:
        raise UnclearError("bad_answer", marked("The answer has no SID."))
    return Accepted(sid=made.sid, status=str(made.status or ""))


def ask(account: Account, sid: str) -> Told:
    """Ask Twilio what became of a message. Raises GatewayError; asking changes nothing there."""
    with _calling(account) as client:
        found = client.messages(sid).fetch()
    if found.sid != sid or not found.status:
        raise UnclearError("bad_answer", marked("The answer is not about this message."))
    return _told(found)


def listed(account: Account, *, from_: str, to: str) -> list[Listed]:
    """The newest messages that Twilio has from one address to another. Raises GatewayError."""
    with _calling(account) as client:
        found = client.messages.list(from_=from_, to=to, limit=LISTED, page_size=LISTED)
    return [
        Listed(sid=one.sid, body=str(one.body or ""), made_at=one.date_created, told=_told(one))
        for one in found
        if one.sid and one.date_created and str(one.direction).startswith("outbound")
    ]


def _told(found: Any) -> Told:
    return Told(
        status=str(found.status).strip().lower(),
        error_code=str(found.error_code or "")[:16],
        error_text=str(found.error_message or "")[:300],
    )


@contextmanager
def _calling(account: Account) -> Iterator[Client]:
    """A client for one call, whose troubles come out as RefusedError, NotSentError or UnclearError."""
    http = _HttpClient(account.base_url)
    try:
        yield Client(account.sid, account.token, http_client=http)
    except TwilioRestException as error:
        raise _refusal(error) from error
    except requests.ConnectTimeout as error:
        raise NotSentError("unreachable", marked("Twilio could not be reached in time.")) from error
    except requests.ConnectionError as error:
        raise _broken(error) from error
    except requests.RequestException as error:
        raise UnclearError("no_answer", type(error).__name__) from error
    except (TwilioException, ValueError, KeyError, AttributeError) as error:
        raise UnclearError("bad_answer", type(error).__name__) from error
    finally:
        if http.session is not None:
            http.session.close()


def _parameters(outgoing: Outgoing) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "from_": outgoing.from_address,
        "to": outgoing.to_address,
        "status_callback": outgoing.status_callback,
    }
    if outgoing.messaging_service_sid:
        parameters["messaging_service_sid"] = outgoing.messaging_service_sid
    if outgoing.content_sid:
        parameters["content_sid"] = outgoing.content_sid
        parameters["content_variables"] = orjson.dumps(dict(outgoing.variables or {})).decode()
    else:
        parameters |= {"body": outgoing.body} if outgoing.body else {}
        parameters |= {"media_url": list(outgoing.media_urls)} if outgoing.media_urls else {}
    return parameters


def _refusal(error: TwilioRestException) -> GatewayError:
    """4xx is a no, 429 "not now". After 5xx Twilio may have it all the same."""
    code = str(error.code or error.status)[:16]
    words = str(error.msg)[:300]
    if error.status == 429:
        return NotSentError("20429", words)
    if 400 <= error.status < 500:
        return RefusedError(code, words)
    return UnclearError("no_answer", f"HTTP {error.status}")


def _broken(error: requests.ConnectionError) -> GatewayError:
    """A connection that was never made carried nothing; one that broke may have."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, NewConnectionError):
        return NotSentError("unreachable", marked("Twilio could not be reached."))
    return UnclearError("no_answer", marked("The connection broke before an answer came."))
