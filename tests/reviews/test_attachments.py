"""Files that customers send: links, fetched from Twilio's hosts alone, and from nowhere a link leads."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conversations.models import Attachment
from conversations.services import attachments
from conversations.services.attachments import fetch_attachment, is_allowed
from tests.reviews.conftest import Post
from tests.twilio_posts import ACCOUNT, TOKEN, message_form
from tests.twilio_server import LocalTwilio

JPEG = b"\xff\xd8\xff\xe0" + b"a picture" * 100
PLACE = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"


class Canary(BaseHTTPRequestHandler):
    """A server that nobody should ever call."""

    hits: list[str]

    def do_GET(self) -> None:
        self.hits.append(self.headers.get("Authorization", ""))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    hits: list[str] = []
    handler = type("BoundCanary", (Canary,), {"hits": hits})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", hits
    server.shutdown()
    server.server_close()


@pytest.fixture
def twilio(settings: Any, tmp_path: Path) -> Iterator[LocalTwilio]:
    settings.MEDIA_ROOT = str(tmp_path)
    with LocalTwilio({ACCOUNT: TOKEN}) as server:
        settings.TWILIO_API_BASE_URL = server.base_url
        yield server


def received(post: Post, url: str, kind: str = "image/jpeg") -> Attachment:
    post(message_form("", NumMedia="1", MediaUrl0=url, MediaContentType0=kind))
    return Attachment.objects.latest("id")


def fetched(attachment: Attachment) -> Attachment:
    fetch_attachment(attachment.pk)
    attachment.refresh_from_db()
    return attachment


HOSTILE = [
    "http://api.twilio.com/x",
    "https://api.twilio.com.evil.example/x",
    "https://evil.example/api.twilio.com",
    "https://api.twilio.com@evil.example/x",
    "https://user@api.twilio.com/x",
    "https://api.twilio.com:8443/x",
    "https://api.twilio.com\\@evil.example/x",
    "https://apiXtwilio.com/x",
    "https://127.0.0.1/x",
    "https://[::1]/x",
    "https://169.254.169.254/latest/meta-data",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://localhost/x",
    "https://metadata.google.internal/x",
    "file:///etc/passwd",
    "ftp://api.twilio.com/x",
    "gopher://api.twilio.com/x",
    "javascript:alert(1)",
    "//api.twilio.com/x",
    "api.twilio.com/x",
    "https:///x",
    "https://api.twilio.com:port/x",
    "https://\u0430pi.twilio.com/x",
    "https://api.twilio.com\n.evil.example/x",
    "https://[api.twilio.com/x",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_only_twilios_own_hosts(url: str) -> None:
    assert not is_allowed(url)


@pytest.mark.parametrize("path", ["/x", "/latest/meta-data", "/?u=https://api.twilio.com/"])
def test_a_link_elsewhere_is_never_called(
    post: Post, twilio: LocalTwilio, canary: tuple[str, list[str]], path: str
) -> None:
    address, hits = canary

    attachment = fetched(received(post, f"{address}{path}"))

    assert (attachment.state, hits, twilio.requests) == ("failed", [], [])
    assert "never fetched" in attachment.reason


def test_a_redirect_elsewhere_is_not_followed(
    post: Post, twilio: LocalTwilio, canary: tuple[str, list[str]]
) -> None:
    address, hits = canary
    twilio.redirects[PLACE] = f"{address}/stolen"

    attachment = fetched(received(post, f"{twilio.base_url}{PLACE}"))

    assert (attachment.state, hits) == ("failed", [])


def test_a_file_is_stored_once_whoever_sends_it(post: Post, twilio: LocalTwilio) -> None:
    twilio.files[PLACE] = ("image/jpeg", JPEG)
    other = PLACE.replace("ME1", "ME2")
    twilio.redirects[other] = f"{twilio.base_url}{PLACE}"

    first = fetched(received(post, f"{twilio.base_url}{PLACE}"))
    second = fetched(received(post, f"{twilio.base_url}{other}"))

    assert (first.state, first.size, first.is_inline) == ("stored", len(JPEG), True)
    with first.file.open() as file:
        assert file.read() == JPEG
    assert second.file.name == first.file.name
    count = len(twilio.requests)
    fetched(first)
    assert len(twilio.requests) == count


def test_bytes_that_are_not_what_they_are_called_are_not_shown(
    post: Post, twilio: LocalTwilio
) -> None:
    twilio.files[PLACE] = ("image/jpeg", b"<html><script>alert(1)</script>")

    attachment = fetched(received(post, f"{twilio.base_url}{PLACE}"))

    assert (attachment.state, attachment.is_inline) == ("stored", False)


@pytest.mark.parametrize("trouble", ["gone", "large", "credentials", "loop"])
def test_a_file_that_cannot_be_had_says_why(
    post: Post, twilio: LocalTwilio, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble != "gone":
        twilio.files[PLACE] = ("image/jpeg", JPEG)
    if trouble == "large":
        monkeypatch.setattr(attachments, "LARGEST", 100)
    if trouble == "credentials":
        twilio.accounts[ACCOUNT] = "another"
    if trouble == "loop":
        twilio.redirects[PLACE] = PLACE

    attachment = fetched(received(post, f"{twilio.base_url}{PLACE}"))

    assert attachment.state == "failed"
    assert attachment.reason
    assert not attachment.file
