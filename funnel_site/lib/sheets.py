"""The one gateway to spreadsheets: a local CSV, a published CSV's address, or a Google Sheet.

Two errors are enough for everyone who calls: refused (somebody must mend it) and unavailable
(worth another try later). Their messages are for staff.
"""

import csv
import io
import ipaddress
import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import requests
from charset_normalizer import from_bytes
from django.conf import settings
from google.auth.exceptions import GoogleAuthError, TransportError
from google.oauth2.service_account import Credentials
from gspread.exceptions import APIError, SpreadsheetNotFound, WorksheetNotFound
from gspread.http_client import HTTPClient
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

SCOPES = ["https://www.googleapis.com/auth/spreadsheets.readonly"]
API = "https://sheets.googleapis.com"
CONNECT_SECONDS, READ_SECONDS = 5, 20
TRIES = 4
LARGEST_CSV = 10 * 2**20
MOST_REDIRECTS = 5
SHEET_ADDRESS = re.compile(
    r"https://docs\.google\.com/spreadsheets/d/(?P<key>[A-Za-z0-9_-]{20,})(?!.*(?:output|format)=csv)"
)
SHEET_KEY = re.compile(r"[A-Za-z0-9_-]{20,100}")
BUSY = frozenset({429, 500, 502, 503, 504})


class SheetRefusedError(Exception):
    """The sheet cannot be used as it is; trying again does not help before somebody mends it."""


class SheetUnavailableError(Exception):
    """The sheet could not be reached now; the next sync may."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A Google service account's key, as Google's console hands it out."""

    info: Mapping[str, Any]
    api_base_url: str = ""
    """Where the Sheets API is; empty: Google's. Tests point it at a server of their own."""

    @classmethod
    def from_settings(cls) -> Self | None:
        """The account of the environment; None where none is set. Raises SheetRefusedError."""
        text = settings.GOOGLE_SERVICE_ACCOUNT_JSON
        if settings.GOOGLE_SERVICE_ACCOUNT_FILE:
            try:
                text = Path(settings.GOOGLE_SERVICE_ACCOUNT_FILE).read_text(encoding="utf-8")
            except OSError as error:
                raise SheetRefusedError("GOOGLE_SERVICE_ACCOUNT_FILE cannot be read.") from error
        if not text:
            return None
        try:
            info = json.loads(text)
        except ValueError as error:
            raise SheetRefusedError("The Google service account's key is not JSON.") from error
        if settings.GOOGLE_TOKEN_URL:
            info["token_uri"] = settings.GOOGLE_TOKEN_URL
        return cls(info=info, api_base_url=settings.GOOGLE_SHEETS_API_BASE_URL)

    @property
    def email(self) -> str:
        return str(self.info.get("client_email", "the service account"))


def read_table(
    source: str, *, worksheet: str = "", credentials: ServiceAccount | None = None
) -> list[list[str]]:
    """Every row of a sheet as text, the header first.

    `source` is a path, the address of a published CSV, or a Google spreadsheet's address or key;
    a Google sheet is read with one request, from `worksheet` or the first. Raises SheetRefusedError and
    SheetUnavailableError.
    """
    if match := SHEET_ADDRESS.match(source):
        return _read_google(match["key"], worksheet, credentials)
    if source.startswith(("http://", "https://")):
        return parse_csv(_fetch(source))
    path = Path(source)
    if path.is_file():
        return parse_csv(_read_file(path))
    if SHEET_KEY.fullmatch(source):
        return _read_google(source, worksheet, credentials)
    raise SheetRefusedError(f"There is no file {path.name}, and it is no spreadsheet key.")


def _read_file(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_CSV:
        raise SheetRefusedError("The file is larger than 10 MB.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise SheetRefusedError(f"The file {path.name} cannot be read.") from error


# --- CSV ------------------------------------------------------------------------------------------
def parse_csv(data: bytes) -> list[list[str]]:
    """CSV bytes to rows, whatever their encoding and whichever of , ; tab | parts the cells."""
    if not data.strip():
        return []
    text = _decode(data)
    if "\x00" in text:
        raise SheetRefusedError("This is not a CSV file.")
    if re.match(r"\s*<(?:!doctype|html)", text, re.IGNORECASE):
        raise SheetRefusedError(
            "The address answers with a web page, not with CSV. Publish the sheet as CSV "
            "(File, Share, Publish to web) and take that address."
        )
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SheetRefusedError(f"The CSV cannot be read: {error}.") from error


def _decode(data: bytes) -> str:
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(data).best()
        if best is None:
            raise SheetRefusedError("The file's encoding is not known; save it as UTF-8.") from None
        return str(best)


def _fetch(address: str) -> bytes:
    """The bytes of a published CSV; only over HTTPS, and never from inside our own network."""
    for _ in range(MOST_REDIRECTS):
        _check_address(address)
        try:
            with requests.get(
                address,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                stream=True,
                allow_redirects=False,
            ) as answer:
                if answer.is_redirect:
                    address = urljoin(address, answer.headers.get("Location", ""))
                    continue
                return _body(answer)
        except RequestException as error:
            raise SheetUnavailableError("The address does not answer.") from error
    raise SheetRefusedError("The address leads from one to another without an end.")


def _check_address(address: str) -> None:
    """Refuse what is not a public HTTPS address; loopback is let through in DEBUG."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, parts.port or 443)}
    except (OSError, ValueError, UnicodeError) as error:
        raise SheetUnavailableError("The address's name is not known.") from error
    addresses = [ipaddress.ip_address(str(one).split("%")[0]) for one in found]
    if settings.DEBUG and all(one.is_loopback for one in addresses):
        return
    if parts.scheme != "https":
        raise SheetRefusedError("Only https:// addresses are read.")
    if any(not one.is_global for one in addresses):
        raise SheetRefusedError("The address lies inside a private network.")


def _body(answer: requests.Response) -> bytes:
    if answer.status_code in BUSY:
        raise SheetUnavailableError(f"The address answers {answer.status_code}.")
    if answer.status_code != 200:
        raise SheetRefusedError(
            f"The address answers {answer.status_code}; is the sheet published?"
        )
    data = b""
    for part in answer.iter_content(64 * 1024):
        data += part
        if len(data) > LARGEST_CSV:
            raise SheetRefusedError("The sheet is larger than 10 MB.")
    return data


# --- Google Sheets --------------------------------------------------------------------------------
class Redirected(HTTPAdapter):
    """Sends what is meant for Google's Sheets API to another server."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url.rstrip("/")

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        request.url = (request.url or "").replace(API, self.base_url, 1)
        return super().send(request, *args, **kwargs)


def _read_google(key: str, worksheet: str, credentials: ServiceAccount | None) -> list[list[str]]:
    if credentials is None:
        raise SheetRefusedError(
            "Reading a Google Sheet needs a service account: set GOOGLE_SERVICE_ACCOUNT_FILE or "
            "GOOGLE_SERVICE_ACCOUNT_JSON."
        )
    try:
        client = _client(credentials)
        for attempt in Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=settings.SHEETS_RETRY_SECONDS, max=30),
            retry=retry_if_exception(_is_worth_a_try),
            reraise=True,
        ):
            with attempt:
                return _values(client, key, worksheet)
    except (SpreadsheetNotFound, WorksheetNotFound, PermissionError, APIError) as error:
        raise _explained(error, credentials, worksheet) from error
    except TransportError as error:
        raise SheetUnavailableError("Google does not answer.") from error
    except (GoogleAuthError, ValueError, KeyError) as error:
        raise SheetRefusedError("Google refuses the service account's key.") from error
    except RequestException as error:
        raise SheetUnavailableError("Google Sheets does not answer.") from error
    raise AssertionError("unreachable")


def _client(credentials: ServiceAccount) -> HTTPClient:
    """gspread's plain client: its backing-off one never gives up."""
    signed = Credentials.from_service_account_info(dict(credentials.info), scopes=SCOPES)  # type: ignore[no-untyped-call]
    client = HTTPClient(signed)
    client.set_timeout((CONNECT_SECONDS, READ_SECONDS))
    if credentials.api_base_url:
        client.session.mount(API, Redirected(credentials.api_base_url))
    return client


def _values(client: HTTPClient, key: str, worksheet: str) -> list[list[str]]:
    """One request for all values. A range that is only a tab's name is the whole tab."""
    span = f"'{worksheet.replace(chr(39), chr(39) * 2)}'" if worksheet else "A:ZZ"
    answer = client.values_get(key, span)
    rows = answer.get("values", [])
    return [[str(cell) for cell in row] for row in rows]


def _is_worth_a_try(error: BaseException) -> bool:
    if isinstance(error, APIError):
        return error.response.status_code in BUSY
    return isinstance(error, RequestException | TransportError)


def _explained(error: Exception, credentials: ServiceAccount, worksheet: str) -> Exception:
    """An error of the vendor's in our words: what is wrong, and what to do."""
    status = error.response.status_code if isinstance(error, APIError) else 404
    if isinstance(error, PermissionError):
        status = 403
    if status in BUSY:
        return SheetUnavailableError(
            f"Google Sheets answers {status}; the keywords stay, the next sync tries again."
        )
    if status == 403:
        return SheetRefusedError(f"The sheet is not shared: share it with {credentials.email}.")
    if status == 400 and worksheet:
        return SheetRefusedError(f"The spreadsheet has no tab named {worksheet}.")
    if status == 404:
        return SheetRefusedError("There is no spreadsheet with this key.")
    return SheetRefusedError(f"Google Sheets answers {status}.")


# --- Headers --------------------------------------------------------------------------------------
def header_index(
    rows: Sequence[Sequence[str]], required: Sequence[str], aliases: Mapping[str, str]
) -> dict[str, int]:
    """The place of each named column of a table, by its lower-case name.

    Raises SheetRefusedError where the table is empty, a required column is missing, or one is there
    twice.
    """
    if not rows or not any(cell.strip() for row in rows for cell in row):
        raise SheetRefusedError("The sheet is empty; what we have stays as it is.")
    found: dict[str, int] = {}
    for place, cell in enumerate(rows[0]):
        plain = " ".join(cell.split()).casefold()
        name = aliases.get(plain, plain)
        if name and name in found:
            raise SheetRefusedError(f"The column “{name}” is there twice.")
        if name:
            found[name] = place
    if missing := [name for name in required if name not in found]:
        raise SheetRefusedError(f"The sheet has no column “{'”, “'.join(missing)}”.")
    return found
