"""Google's token and Sheets endpoints on loopback, as strict as the real ones where it matters.

The token endpoint checks the RS256 signature and the claims of the assertion that google-auth
sends; the values endpoint wants the token. Answers can be made to fail as Google's do. The same
server publishes CSV.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg"
TOKEN = "a-token-of-the-emulator"
EMAIL = "funnel@tests.example"
AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"


@dataclass
class SheetsServer:
    """The emulator's state: what the sheet holds, and which answers fail next."""

    private_key: rsa.RSAPrivateKey
    values: list[list[str]] = field(default_factory=list)
    """The first tab's cells; empty for a blank sheet."""
    tabs: dict[str, list[list[str]]] = field(default_factory=dict)
    """Further tabs by name; their gids count from 1."""
    failures: list[tuple[int, str]] = field(default_factory=list)
    """Status and message of the next reads, each used once."""
    token_failures: list[int] = field(default_factory=list)
    retry_after: str = ""
    delay: float = 0.0
    csv: bytes = b""
    csv_status: int = 200
    csv_failures: list[int] = field(default_factory=list)
    csv_headers: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    """Path to Location."""
    reads: int = 0
    tokens: int = 0
    fetches: list[str] = field(default_factory=list)
    base_url: str = ""

    def service_account(self) -> dict[str, str]:
        """The key file that Google's console would hand out."""
        pem = self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return {
            "type": "service_account",
            "project_id": "tests",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": f"{self.base_url}/token",
        }

    def is_signed(self, assertion: str) -> bool:
        """Whether the assertion is ours, in force, and asks for reading only."""
        head, claims, signature = assertion.split(".")
        try:
            self.private_key.public_key().verify(
                _decoded(signature),
                f"{head}.{claims}".encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except InvalidSignature:
            return False
        said = json.loads(_decoded(claims))
        return (
            json.loads(_decoded(head))["alg"] == "RS256"
            and (said["iss"], said["aud"], said["scope"]) == (EMAIL, AUDIENCE, SCOPE)
            and said["iat"] - 60 <= time.time() < said["exp"] <= said["iat"] + 3600
        )

    def tab(self, span: str) -> list[list[str]] | None:
        """The cells of a range; None where there is no such tab."""
        if span == "A:ZZ":
            return self.values
        return self.tabs.get(span.removeprefix("'").removesuffix("'").replace("''", "'"))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Handler(BaseHTTPRequestHandler):
    state: SheetsServer

    def log_message(self, *args: Any) -> None:
        pass

    def _answer(
        self, status: int, body: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **named,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        # A reader that has seen enough hangs up.
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def _refuse(self, status: int, message: str) -> None:
        error = {"error": {"code": status, "message": message, "status": "FAILED"}}
        retry = {"Retry-After": self.state.retry_after} if self.state.retry_after else {}
        self._answer(status, json.dumps(error).encode(), **retry)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = parse_qs(self.rfile.read(length).decode())
        self.state.tokens += 1
        if self.state.token_failures:
            self._answer(self.state.token_failures.pop(0), b'{"error": "internal_failure"}')
        elif not self.state.is_signed(form["assertion"][0]):
            self._answer(400, b'{"error": "invalid_grant"}')
        else:
            token = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            self._answer(200, json.dumps(token).encode())

    def do_GET(self) -> None:
        time.sleep(self.state.delay)
        path = unquote(urlsplit(self.path).path)
        if path in self.state.redirects:
            self._answer(302, b"", Location=self.state.redirects[path])
        elif path.endswith(".csv"):
            self._published(path)
        else:
            self._sheet(path)

    def _published(self, path: str) -> None:
        state = self.state
        state.fetches.append(path)
        status = state.csv_failures.pop(0) if state.csv_failures else state.csv_status
        retry = {"Retry-After": state.retry_after} if state.retry_after else {}
        self._answer(status, state.csv, "text/csv", **state.csv_headers, **retry)

    def _sheet(self, path: str) -> None:
        self.state.reads += 1
        if self.state.failures:
            self._refuse(*self.state.failures.pop(0))
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(401, "no token")
        elif path == f"/v4/spreadsheets/{KEY}":
            names = ["Sheet1", *self.state.tabs]
            tabs = [{"properties": {"sheetId": n, "title": name}} for n, name in enumerate(names)]
            self._answer(200, json.dumps({"sheets": tabs}).encode())
        elif not path.startswith(f"/v4/spreadsheets/{KEY}/values/"):
            self._refuse(404, "not found")
        else:
            self._cells(path.rpartition("/values/")[2])

    def _cells(self, span: str) -> None:
        rows = self.state.tab(span)
        if rows is None:
            self._refuse(400, f"Unable to parse range: {span}")
        else:
            # Google leaves `values` out for a blank sheet.
            answer = {"range": span, "majorDimension": "ROWS", **({"values": rows} if rows else {})}
            self._answer(200, json.dumps(answer).encode())


@pytest.fixture(scope="session")
def _sheets_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def sheets_server(_sheets_key: rsa.RSAPrivateKey, settings: Any) -> Iterator[SheetsServer]:
    """A running emulator, with the site's settings pointing at it."""
    state = SheetsServer(private_key=_sheets_key)
    handler = type("BoundHandler", (Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.GOOGLE_SERVICE_ACCOUNT_JSON = json.dumps(state.service_account())
    settings.GOOGLE_SHEETS_API_BASE_URL = state.base_url
    settings.KEYWORDS_SHEET = KEY
    settings.SHEETS_RETRY_SECONDS = 0.01
    yield state
    server.shutdown()
    server.server_close()
    thread.join()
