"""Google's token and Sheets endpoints on loopback, as strict as the real ones where it matters.

The token endpoint checks the RS256 signature of the assertion that google-auth sends; the values
endpoint wants the token. Answers can be made to fail as Google's do.
"""

import base64
import json
import threading
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


@dataclass
class SheetsServer:
    """The emulator's state: what the sheet holds, and which answers fail next."""

    private_key: rsa.RSAPrivateKey
    values: list[list[str]] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)
    csv: bytes = b""
    csv_status: int = 200
    reads: int = 0
    tokens: int = 0
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
            "client_email": "funnel@tests.example",
            "client_id": "1",
            "token_uri": f"{self.base_url}/token",
        }

    def is_signed(self, assertion: str) -> bool:
        head, claims, signature = assertion.split(".")
        padded = signature + "=" * (-len(signature) % 4)
        try:
            self.private_key.public_key().verify(
                base64.urlsafe_b64decode(padded),
                f"{head}.{claims}".encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except InvalidSignature:
            return False
        return True


class Handler(BaseHTTPRequestHandler):
    state: SheetsServer

    def log_message(self, *args: Any) -> None:
        pass

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = parse_qs(self.rfile.read(length).decode())
        self.state.tokens += 1
        if not self.state.is_signed(form["assertion"][0]):
            self._answer(400, b'{"error": "invalid_grant"}')
            return
        token = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        self._answer(200, json.dumps(token).encode())

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/published.csv":
            self._answer(self.state.csv_status, self.state.csv, "text/csv")
            return
        self.state.reads += 1
        if self.state.failures:
            status, message = self.state.failures.pop(0)
            error = {"error": {"code": status, "message": message, "status": "FAILED"}}
            self._answer(status, json.dumps(error).encode())
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, b'{"error": {"code": 401, "message": "no token", "status": "U"}}')
            return
        if KEY not in path:
            self._answer(404, b'{"error": {"code": 404, "message": "not found", "status": "N"}}')
            return
        self._answer(200, json.dumps({"range": "A:ZZ", "values": self.state.values}).encode())


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
