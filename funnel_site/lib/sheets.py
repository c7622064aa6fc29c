"""The one gateway to spreadsheets: a local CSV, a published CSV's address, or a Google Sheet.

Two errors are enough for everyone who calls: refused (somebody must mend it) and unavailable
(worth another try later). Their messages are for staff.
"""

import ipaddress
import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import tenacity
from django.conf import settings
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.oauth2.service_account import Credentials
from gspread.exceptions import APIError
from gspread.http_client import HTTPClient
from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from funnel_site.lib.marking import marked
from funnel_site.lib.sheet_rows import SheetRefusedError, SheetUnavailableError, parse_csv

Value = TypeVar("Value")
SCOPES = ["https://www.googleapis.com/auth/spreadsheets.readonly"]
API = "https://sheets.googleapis.com"
TIMEOUT = (5, 20)
LONGEST_FETCH = 30.0
LONGEST_PAUSE = 30.0
LONGEST_PATIENCE = 60.0
TRIES = 4
LARGEST_CSV = 10 * 2**20
PART = 64 * 2**10
MOST_REDIRECTS = 5
HEADERS = {"Accept": "text/csv, */*;q=0.1", "Accept-Encoding": "identity"}
SHEET_ADDRESS = re.compile(
    r"https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/(?P<key>[A-Za-z0-9_-]{20,})"
    r"(?!.*(?:output|format)=csv)(?:.*[#&?]gid=(?P<gid>\d+))?"
)
SHEET_KEY = re.compile(r"[A-Za-z0-9_-]{20,100}")
BUSY = frozenset({408, 429, 500, 502, 503, 504})
NO_KEY = marked(
    "A Google Sheet needs GOOGLE_SERVICE_ACCOUNT_FILE or GOOGLE_SERVICE_ACCOUNT_JSON to be set."
)
BAD_KEY = marked(
    "Google refuses the service account's key: make a new one in its console, and set that."
)
# Networks whose addresses carry an IPv4 address inside, which may be a private one.
TUNNELS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")))


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A Google service account's key, as Google's console hands it out."""

    info: Mapping[str, Any] = field(repr=False)
    api_base_url: str = ""
    """Where the Sheets API is; empty: Google's. Tests point it at a server of their own."""

    @classmethod
    def from_settings(cls) -> Self | None:
        """The account of the environment; None where none is set. Raises SheetRefusedError."""
        text = settings.GOOGLE_SERVICE_ACCOUNT_JSON
        if settings.GOOGLE_SERVICE_ACCOUNT_FILE:
            try:
                text = Path(settings.GOOGLE_SERVICE_ACCOUNT_FILE).read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                raise SheetRefusedError(
                    marked("GOOGLE_SERVICE_ACCOUNT_FILE cannot be read.")
                ) from error
        if not text:
            return None
        try:
            info = dict(json.loads(text))
        except (TypeError, ValueError) as error:
            raise SheetRefusedError(
                marked("The Google service account's key is not JSON.")
            ) from error
        if settings.GOOGLE_TOKEN_URL:
            info["token_uri"] = settings.GOOGLE_TOKEN_URL
        return cls(info=info, api_base_url=settings.GOOGLE_SHEETS_API_BASE_URL)

    @property
    def email(self) -> str:
        return str(self.info.get("client_email", "the service account"))


def read_table(
    source: str,
    *,
    worksheet: str = "",
    credentials: ServiceAccount | None = None,
    allow_loopback: bool | None = None,
) -> list[list[str]]:
    """Every row of a sheet as text, the header first; rows may differ in length.

    `source` is a path, the address of a published CSV, or a Google spreadsheet's address or key.
    A Google sheet is read with one request, from `worksheet`, else the tab that the address
    points at, else the first. `allow_loopback` (default: DEBUG) lets a CSV come from this machine.
    Raises SheetRefusedError, and SheetUnavailableError after a few tries.
    """
    source = source.strip()
    if match := SHEET_ADDRESS.match(source):
        gid = int(match["gid"] or 0)
        return _patiently(lambda: _read_google(match["key"], worksheet, gid, credentials))
    if "://" in source:
        is_local = settings.DEBUG if allow_loopback is None else allow_loopback
        return parse_csv(_patiently(lambda: _fetch(source, allow_loopback=is_local)))
    path = Path(source)
    try:
        if path.is_file():
            return parse_csv(_read_file(path))
    except OSError as error:
        raise SheetRefusedError(
            marked("The file %(name)s cannot be read.", name=path.name[:100])
        ) from error
    if SHEET_KEY.fullmatch(source):
        return _patiently(lambda: _read_google(source, worksheet, 0, credentials))
    raise SheetRefusedError(
        marked("There is no file %(name)s, and it is no spreadsheet key.", name=path.name[:100])
    )


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(LARGEST_CSV + 1)
    if len(data) > LARGEST_CSV:
        raise SheetRefusedError(marked("The file is larger than 10 MB."))
    return data


# --- Patience -------------------------------------------------------------------------------------
def _patiently(call: Callable[[], Value]) -> Value:
    """Try again a few times what may be over soon, never sooner than the server asks."""
    tries = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(TRIES) | tenacity.stop_before_delay(LONGEST_PATIENCE),
        wait=_pause,
        retry=tenacity.retry_if_exception_type(SheetUnavailableError),
        reraise=True,
    )
    return tries(call)


def _pause(state: tenacity.RetryCallState) -> float:
    first = settings.SHEETS_RETRY_SECONDS
    backoff = tenacity.wait_random_exponential(multiplier=first, max=LONGEST_PAUSE)(state)
    error = state.outcome.exception() if state.outcome else None
    return max(backoff, error.retry_after if isinstance(error, SheetUnavailableError) else 0.0)


def _busy(who: str, answer: Response) -> SheetUnavailableError:
    text = answer.headers.get("Retry-After", "")
    seconds = float(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0.0
    words = marked(
        "%(who)s answers %(status)s; what we have stays as it is.",
        who=who,
        status=answer.status_code,
    )
    return SheetUnavailableError(words, retry_after=seconds)


# --- Published CSV --------------------------------------------------------------------------------
class _ForbiddenPeerError(Exception):
    """The connection led where we never fetch from."""


class _PublicConnection(HTTPSConnection):
    """Looks whom it reached before it says a word.

    A name looked up beforehand could point elsewhere a moment later; a peer cannot change.
    """

    def _new_conn(self) -> socket.socket:
        reached = super()._new_conn()
        if not is_public(str(reached.getpeername()[0])):
            reached.close()
            raise _ForbiddenPeerError
        return reached


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


def is_public(text: str) -> bool:
    """Whether an IP address is anybody's to reach, and not one of our own network."""
    address = ipaddress.ip_address(text.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and any(address in net for net in TUNNELS):
        return False
    return address.is_global and not address.is_multicast


def _fetch(address: str, *, allow_loopback: bool) -> bytes:
    """The bytes of a published CSV, from public HTTPS servers alone.

    An address on this machine, where allowed, may lead to this machine only, and none from
    elsewhere leads to it. The environment's proxies and passwords would get round that.
    """
    try:
        is_local = allow_loopback and _is_loopback(address)
        with Session() as session:
            session.trust_env = False
            session.mount("https://", HTTPAdapter() if is_local else _PublicAdapter())
            return _follow(session, address, is_local=is_local)
    except _ForbiddenPeerError as error:
        raise SheetRefusedError(marked("The address lies inside a private network.")) from error
    except ValueError as error:
        raise SheetRefusedError(marked("This is no web address that can be read.")) from error
    except (RequestException, HTTPError, OSError) as error:
        raise SheetUnavailableError(
            marked("The address cannot be reached safely and in time.")
        ) from error


def _is_loopback(address: str) -> bool:
    return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")


def _follow(session: Session, address: str, *, is_local: bool) -> bytes:
    until = time.monotonic() + LONGEST_FETCH
    for _ in range(MOST_REDIRECTS):
        if not (_is_loopback(address) if is_local else address.lower().startswith("https://")):
            raise SheetRefusedError(marked("Only public https:// addresses are read."))
        with session.get(
            address, headers=HEADERS, timeout=TIMEOUT, stream=True, allow_redirects=False
        ) as answer:
            if not answer.is_redirect:
                return _body(answer, until)
            address = urljoin(address, answer.headers["Location"])
    raise SheetRefusedError(marked("The address leads from one to another without an end."))


def _body(answer: Response, until: float) -> bytes:
    if answer.status_code in BUSY:
        raise _busy(marked("The address"), answer)
    if answer.status_code != 200:
        raise SheetRefusedError(
            marked("The address answers %(status)s; is it published?", status=answer.status_code)
        )
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise SheetRefusedError(marked("The address answers with compressed data, not with CSV."))
    data = bytearray()
    while part := answer.raw.read1(PART, decode_content=False):
        data += part
        if len(data) > LARGEST_CSV:
            raise SheetRefusedError(marked("The sheet is larger than 10 MB."))
        if time.monotonic() > until:
            raise SheetUnavailableError(marked("The address takes too long."))
    return bytes(data)


# --- Google Sheets --------------------------------------------------------------------------------
class _Redirected(HTTPAdapter):
    """Sends what is meant for Google's Sheets API to another server."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url.rstrip("/")

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        request.url = (request.url or "").replace(API, self.base_url, 1)
        return super().send(request, *args, **kwargs)


def _read_google(
    key: str, worksheet: str, gid: int, credentials: ServiceAccount | None
) -> list[list[str]]:
    if credentials is None:
        raise SheetRefusedError(NO_KEY)
    try:
        client = _client(credentials)
        return _values(client, key, worksheet or (_title(client, key, gid) if gid else ""))
    except APIError as error:
        raise _explained(error, credentials, worksheet) from error
    except (RequestException, TransportError, RefreshError) as error:
        if isinstance(error, RefreshError) and not error.retryable:
            raise SheetRefusedError(BAD_KEY) from error
        raise SheetUnavailableError(
            marked("Google does not answer; what we have stays.")
        ) from error
    except (GoogleAuthError, ValueError, KeyError, TypeError) as error:
        raise SheetRefusedError(BAD_KEY) from error


def _client(credentials: ServiceAccount) -> HTTPClient:
    """gspread's plain client: its backing-off one never gives up."""
    signed = Credentials.from_service_account_info(dict(credentials.info), scopes=SCOPES)  # type: ignore[no-untyped-call]
    client = HTTPClient(signed)
    client.set_timeout(TIMEOUT)
    if credentials.api_base_url:
        client.session.mount(API, _Redirected(credentials.api_base_url))
    return client


def _values(client: HTTPClient, key: str, tab: str) -> list[list[str]]:
    """One request for all values. A range that is only a tab's name is the whole tab."""
    span = f"'{tab.replace(chr(39), chr(39) * 2)}'" if tab else "A:ZZ"
    rows = client.values_get(key, span).get("values", [])
    return [[str(cell) for cell in row] for row in rows]


def _title(client: HTTPClient, key: str, gid: int) -> str:
    """The name of the tab that an address points at; values are only given by name."""
    answer = client.fetch_sheet_metadata(key, params={"fields": "sheets.properties(sheetId,title)"})
    for sheet in answer.get("sheets", []):
        if sheet["properties"].get("sheetId", 0) == gid:
            return str(sheet["properties"]["title"])
    raise SheetRefusedError(
        marked("The address points at a tab that the spreadsheet no longer has.")
    )


def _explained(error: APIError, credentials: ServiceAccount, worksheet: str) -> Exception:
    """An error of the vendor's in our words: what is wrong, and what to do."""
    status = error.response.status_code
    if status in BUSY:
        return _busy("Google Sheets", error.response)
    what_to_do = {
        400: marked("The spreadsheet has no tab named %(name)s.", name=worksheet[:100])
        if worksheet
        else "",
        401: BAD_KEY,
        403: marked(
            "The sheet is not shared: share it with %(email)s, and see that the Google Sheets API is switched on for the service account's project.",
            email=credentials.email,
        ),
        404: marked("There is no spreadsheet with this key: look at its address."),
    }
    return SheetRefusedError(
        what_to_do.get(status) or marked("Google Sheets answers %(status)s.", status=status)
    )
