"""The server and its state: accounts, messages, files, and callbacks that come as they do in life."""

import base64
import json
import random
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from tests.twilio_posts import signature
from tests.twilio_server.contract import problem_of_answer, problem_of_request
from tests.twilio_server.files import MOST_FILES, fetched, is_usable

MESSAGES = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Messages\.json")
MESSAGE = re.compile(
    r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Messages/((?:SM|MM)[0-9a-f]{32})\.json"
)
ADDRESS = re.compile(r"whatsapp:(\+[0-9]{5,15}|[A-Z]{2}\.[A-Za-z0-9]+)")
WINDOW = 24 * 3600
LONGEST_BODY = 1_600


class Callbacks(Enum):
    """How status callbacks come."""

    NONE = "none"
    ORDERLY = "orderly"
    WILD = "wild"
    """Shuffled, some doubled, some lost."""


class RefusalError(Exception):
    """An error answer of Twilio's."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class LocalTwilio:
    """A running local Twilio; `with LocalTwilio({sid: token}) as twilio`."""

    accounts: dict[str, str]
    callbacks: Callbacks = Callbacks.ORDERLY
    port: int = 0
    seed: int = 1
    statuses: Sequence[str] = ("queued", "sent", "delivered", "read")
    pause: float = 0.0
    """Seconds between callbacks."""
    faults: list[Callable[["Handler"], bool]] = field(default_factory=list)
    """What happens to the next calls in place of an answer: see the functions below."""
    errors: dict[str, int] = field(default_factory=dict)
    """Address to the code with which sending to it fails later."""
    senders: set[str] = field(default_factory=set)
    """Numbers that the accounts have; empty for any."""
    last_inbound: dict[str, float] = field(default_factory=dict)
    """When each customer last wrote; with entries, free text outside 24 hours fails."""
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """Every path that was asked for, with the user of its credentials."""
    delivered_callbacks: list[tuple[str, str, int]] = field(default_factory=list)
    """SID, status and the site's answer."""
    on_message: Callable[[dict[str, Any]], None] | None = None
    route: Callable[[str], str] = field(default=lambda address: address)
    """Where a public address is really reached: a test site listens on a port of its own."""
    carry: Callable[[str, dict[str, str], str], object] | None = None
    """What takes a callback's address, form and account in place of the network."""

    def __enter__(self) -> "LocalTwilio":
        handler = type("BoundHandler", (Handler,), {"twilio": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        self._threads = [threading.Thread(target=self.server.serve_forever, daemon=True)]
        self._threads[0].start()
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()
        return self

    def __exit__(self, *_: object) -> None:
        self.settle()
        self.server.shutdown()
        self.server.server_close()
        self._threads[0].join()

    def settle(self) -> None:
        """Wait until every file has been fetched and every callback sent; one may start another."""
        place = 1
        while place < len(self._threads):
            self._threads[place].join()
            place += 1

    def create(self, account: str, form: dict[str, list[str]]) -> dict[str, Any]:
        """A new message, or RefusalError as Twilio words it."""
        given = {name: values[0] for name, values in form.items()}
        self._check(given, form)
        media = form.get("MediaUrl", [])
        sid = f"{'MM' if media else 'SM'}{uuid4().hex}"
        moment = formatdate(usegmt=True)
        message: dict[str, Any] = {
            "sid": sid,
            "account_sid": account,
            "messaging_service_sid": given.get("MessagingServiceSid"),
            "from": given.get("From"),
            "to": given["To"],
            "body": given.get("Body", ""),
            "status": "accepted" if "MessagingServiceSid" in given else "queued",
            "direction": "outbound-api",
            "num_segments": "1",
            "num_media": str(len(media)),
            "error_code": None,
            "error_message": None,
            "price": None,
            "price_unit": None,
            "api_version": "2010-04-01",
            "date_created": moment,
            "date_updated": moment,
            "date_sent": None,
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
            "subresource_uris": {},
        }
        assert not problem_of_answer(message), problem_of_answer(message)
        with self._lock:
            self.messages[sid] = {**message, "form": given, "fetched": []}
        if self.on_message:
            self.on_message(self.messages[sid])
        if media:
            self._start(self._fetch_and_report, account, self.messages[sid], media)
        else:
            self._report(account, self.messages[sid])
        return message

    def _fetch_and_report(self, account: str, message: dict[str, Any], media: list[str]) -> None:
        """Files are fetched after the sender has the answer, as Twilio does it."""
        message["fetched"] = [fetched(self.route(address)) for address in media]
        self._report(account, message)

    def _start(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given)
        self._threads.append(thread)
        thread.start()

    def _check(self, given: dict[str, str], form: dict[str, list[str]]) -> None:
        is_sender_missing = "From" not in given and "MessagingServiceSid" not in given
        variables = given.get("ContentVariables", "{}")
        problems = {
            (21604, "A 'To' phone number is required."): "To" not in given,
            (21603, "A 'From' phone number is required."): is_sender_missing,
            (21619, "A text message body or media urls must be specified."): (
                not given.get("Body") and not {"ContentSid", "MediaUrl"} & given.keys()
            ),
            (21623, "Number of media files exceeds allowed limit"): (
                len(form.get("MediaUrl", [])) > MOST_FILES
            ),
            (21617, "The concatenated message body exceeds the 1600 character limit."): (
                len(given.get("Body", "")) > LONGEST_BODY
            ),
            (21656, "The Content Variables parameter is invalid."): not _is_object(variables),
            (63007, "Twilio could not find a Channel with the specified From address"): bool(
                self.senders and given.get("From") not in self.senders
            ),
            (21211, "The 'To' number is not a valid phone number."): (
                not ADDRESS.fullmatch(given.get("To", ""))
            ),
        }
        for (code, words), is_so in problems.items():
            if is_so:
                raise RefusalError(400, code, words)
        if problem := problem_of_request(form):
            raise RefusalError(400, 21600, f"Not as the published description says: {problem}")

    def outcome(self, message: dict[str, Any]) -> tuple[Sequence[str], int]:
        """The statuses that a message will go through, and the error code of a failure."""
        code = self.errors.get(message["to"], 0)
        if any(not is_usable(file) for file in message["fetched"]):
            code = code or 63019
        last = self.last_inbound.get(message["to"], 0.0 if self.last_inbound else time.time())
        if not code and "ContentSid" not in message["form"] and time.time() - last > WINDOW:
            code = 63016
        return (("queued", "sent", "undelivered"), code) if code else (self.statuses, 0)

    def _report(self, account: str, message: dict[str, Any]) -> None:
        address = message["form"].get("StatusCallback")
        statuses, code = self.outcome(message)
        message["status"] = statuses[-1] if statuses else message["status"]
        if code:
            message["error_code"], message["error_message"] = code, f"Error {code}"
        if not address or self.callbacks is Callbacks.NONE:
            return
        posts = [(status, code if status == "undelivered" else 0) for status in statuses]
        if self.callbacks is Callbacks.WILD:
            with self._lock:
                # The last one is never lost: without it nobody could know the end.
                kept = [post for post in posts[:-1] if self._random.random() > 0.2] + posts[-1:]
                posts = kept + [post for post in kept if self._random.random() < 0.5]
                self._random.shuffle(posts)
        self._start(self._post_all, account, message, address, posts)

    def _post_all(
        self, account: str, message: dict[str, Any], address: str, posts: list[tuple[str, int]]
    ) -> None:
        for status, code in posts:
            time.sleep(self.pause)
            form = {
                "AccountSid": account,
                "MessageSid": message["sid"],
                "SmsSid": message["sid"],
                "MessageStatus": status,
                "SmsStatus": status,
                "From": str(message["from"]),
                "To": message["to"],
                "ApiVersion": "2010-04-01",
                "ChannelPrefix": "whatsapp",
                **({"ErrorCode": str(code)} if code else {}),
                **({"EventType": "READ"} if status == "read" else {}),
            }
            answer = self.post(address, form, account)
            with self._lock:
                self.delivered_callbacks.append((message["sid"], status, answer))

    def post(self, address: str, form: dict[str, str], account: str) -> int:
        """Post a signed form to the site; the status of its answer, 0 where none came."""
        if self.carry is not None:
            self.carry(address, form, account)
            return 0
        request = urllib.request.Request(
            self.route(address),
            data=urlencode(form).encode(),
            headers={
                "X-Twilio-Signature": signature(
                    address, list(form.items()), self.accounts[account]
                ),
                "User-Agent": "TwilioProxy/1.1",
                "I-Twilio-Idempotency-Token": str(uuid4()),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0


def _is_object(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


class Handler(BaseHTTPRequestHandler):
    twilio: LocalTwilio
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def answer(self, status: int, value: Any, **headers: str) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        kind = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, text in {**kind, **named}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: int, code: int, message: str) -> None:
        """An error as Twilio's API words it."""
        more = f"https://www.twilio.com/docs/errors/{code}"
        self.answer(status, {"code": code, "message": message, "more_info": more, "status": status})

    def credentials(self) -> tuple[str, str]:
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return "", ""
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, password

    def _is_account(self, account: str) -> bool:
        user, password = self.credentials()
        return bool(user) and user == account and self.twilio.accounts.get(user) == password

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = urlsplit(self.path).path
        self.twilio.requests.append(f"{self.credentials()[0]} {path}")
        if self.twilio.faults and self.twilio.faults.pop(0)(self):
            return
        found = MESSAGES.fullmatch(path)
        if not found:
            self.refuse(404, 20404, f"The requested resource {path} was not found")
        elif not self._is_account(found[1]):
            self.refuse(401, 20003, "Authenticate")
        else:
            try:
                made = self.twilio.create(found[1], parse_qs(body.decode(), keep_blank_values=True))
            except RefusalError as refusal:
                self.refuse(refusal.status, refusal.code, refusal.message)
            else:
                self.answer(201, made)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.twilio.requests.append(f"{self.credentials()[0]} {path}")
        if path in self.twilio.redirects:
            self.answer(307, b"", Location=self.twilio.redirects[path])
        elif path in self.twilio.files:
            kind, content = self.twilio.files[path]
            if "/Accounts/" in path and not self._is_account(path.split("/")[3]):
                self.refuse(401, 20003, "Authenticate")
            else:
                self.answer(200, content, Content_Type=kind)
        elif found := MESSAGES.fullmatch(path):
            if not (self.twilio.faults and self.twilio.faults.pop(0)(self)):
                self._list(found[1])
        elif found := MESSAGE.fullmatch(path):
            if not (self.twilio.faults and self.twilio.faults.pop(0)(self)):
                self._tell(path, found[1], found[2])
        else:
            self.refuse(404, 20404, f"The requested resource {path} was not found")

    def _list(self, account: str) -> None:
        """An account's messages from one address to another, the newest first."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if not self._is_account(account):
            self.refuse(401, 20003, "Authenticate")
            return
        found = [
            {name: held[name] for name in held if name not in ("form", "fetched")}
            for held in reversed(self.twilio.messages.values())
            if (held["to"], held["from"]) == (asked.get("To"), asked.get("From"))
        ]
        assert not [problem for one in found if (problem := problem_of_answer(one, to="found"))]
        size = int(asked.get("PageSize", "50"))
        self.answer(200, {"messages": found[:size], "page": 0, "page_size": size})

    def _tell(self, path: str, account: str, sid: str) -> None:
        """A message as it is now, to the account that sent it."""
        held = self.twilio.messages.get(sid)
        if not self._is_account(account):
            self.refuse(401, 20003, "Authenticate")
        elif held is None or held["account_sid"] != account:
            self.refuse(404, 20404, f"The requested resource {path} was not found")
        else:
            told = {name: held[name] for name in held if name not in ("form", "fetched")}
            problem = problem_of_answer(told, to="found")
            assert not problem, problem
            self.answer(200, told)


def busy(handler: Handler) -> bool:
    """Too many requests: this call has no effect."""
    handler.refuse(429, 20429, "Too Many Requests")
    return True


def broken(handler: Handler) -> bool:
    """An error on Twilio's side, with or without an effect."""
    handler.refuse(500, 20500, "An internal server error has occurred")
    return True


def hang_up(handler: Handler) -> bool:
    """The connection ends without an answer."""
    handler.close_connection = True
    handler.connection.close()
    return True


def not_json(handler: Handler) -> bool:
    """A proxy answers in Twilio's place."""
    handler.answer(201, b"<html>", Content_Type="text/html")
    return True


def slow(handler: Handler) -> bool:
    """The answer comes too late for whoever waits half a second."""
    time.sleep(1.0)
    return False
