"""Google Sheets and published CSVs, against a server on loopback that answers as they do."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from funnel_site.lib import sheets
from funnel_site.lib.sheet_rows import SheetRefusedError, SheetUnavailableError
from funnel_site.lib.sheets import ServiceAccount, is_public, read_table
from tests.sheets_server import EMAIL, KEY, SheetsServer

ROWS = [["stage", "phrase"], ["opening", "halo"]]
ADDRESS = f"https://docs.google.com/spreadsheets/d/{KEY}"


def read(source: str = KEY, *, worksheet: str = "") -> list[list[str]]:
    return read_table(source, worksheet=worksheet, credentials=ServiceAccount.from_settings())


def fetch(server: SheetsServer, path: str = "/published.csv") -> list[list[str]]:
    return read_table(f"{server.base_url}{path}", allow_loopback=True)


@pytest.mark.parametrize(
    "source",
    [
        KEY,
        f" {KEY} ",
        ADDRESS,
        f"{ADDRESS}/edit?usp=sharing",
        f"{ADDRESS}/edit#gid=0",
        f"https://docs.google.com/spreadsheets/u/1/d/{KEY}/edit",
    ],
)
def test_a_key_and_every_address_read_the_first_tab_with_one_request(
    sheets_server: SheetsServer, source: str
) -> None:
    sheets_server.values = ROWS

    assert read(source) == ROWS
    assert (sheets_server.reads, sheets_server.tokens) == (1, 1)


def test_a_named_tab_is_read_whatever_its_name(sheets_server: SheetsServer) -> None:
    sheets_server.tabs = {"Kak Budi's list/2": ROWS}

    assert read(worksheet="Kak Budi's list/2") == ROWS
    assert sheets_server.reads == 1


def test_an_address_that_points_at_a_tab_reads_that_tab(sheets_server: SheetsServer) -> None:
    sheets_server.tabs = {"Old": [], "New": ROWS}

    assert read(f"{ADDRESS}/edit?gid=2#gid=2") == ROWS
    with pytest.raises(SheetRefusedError, match="no longer"):
        read(f"{ADDRESS}/edit#gid=77")


def test_a_missing_tab_is_refused_by_name(sheets_server: SheetsServer) -> None:
    with pytest.raises(SheetRefusedError, match="no tab named Juni"):
        read(worksheet="Juni")


def test_a_blank_sheet_is_no_rows(sheets_server: SheetsServer) -> None:
    assert read() == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_google_is_asked_again_but_not_for_ever(
    sheets_server: SheetsServer, status: int
) -> None:
    sheets_server.values = ROWS
    sheets_server.failures = [(status, "later")] * 2
    assert read() == ROWS
    sheets_server.failures, sheets_server.reads = [(status, "later")] * 10, 0

    with pytest.raises(SheetUnavailableError, match=f"answers {status}"):
        read()
    assert sheets_server.reads == sheets.TRIES


def test_retry_after_is_honoured(sheets_server: SheetsServer) -> None:
    sheets_server.values = ROWS
    sheets_server.failures, sheets_server.retry_after = [(429, "quota")], "1"
    began = time.monotonic()

    assert read() == ROWS
    assert time.monotonic() - began >= 1


def test_a_pause_of_minutes_is_left_to_the_caller(sheets_server: SheetsServer) -> None:
    sheets_server.failures, sheets_server.retry_after = [(429, "quota")] * 2, "600"

    with pytest.raises(SheetUnavailableError) as refusal:
        read()
    assert (sheets_server.reads, refusal.value.retry_after) == (1, 600)


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, f"share it with {EMAIL}"), (404, "no spreadsheet"), (400, "answers 400")],
)
def test_what_staff_must_mend_is_said_once_and_not_tried_again(
    sheets_server: SheetsServer, status: int, words: str
) -> None:
    sheets_server.failures = [(status, "no")] * 2

    with pytest.raises(SheetRefusedError, match=words):
        read()
    assert sheets_server.reads == 1


def test_an_unknown_key_is_refused(sheets_server: SheetsServer) -> None:
    with pytest.raises(SheetRefusedError, match="no spreadsheet with this key"):
        read("x" * 44)


def test_a_slow_google_is_unavailable(
    sheets_server: SheetsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "TIMEOUT", (1, 0.1))
    sheets_server.delay = 0.4

    with pytest.raises(SheetUnavailableError, match="does not answer"):
        read()


def test_a_google_that_is_not_there_is_unavailable(
    sheets_server: SheetsServer, settings: Any
) -> None:
    settings.GOOGLE_SHEETS_API_BASE_URL = "http://127.0.0.1:9"

    with pytest.raises(SheetUnavailableError):
        read()


def test_a_token_endpoint_that_stumbles_is_asked_again(sheets_server: SheetsServer) -> None:
    sheets_server.values, sheets_server.token_failures = ROWS, [500]

    assert read() == ROWS


def test_a_token_url_from_settings_wins(sheets_server: SheetsServer, settings: Any) -> None:
    sheets_server.values = ROWS
    settings.GOOGLE_SERVICE_ACCOUNT_JSON = settings.GOOGLE_SERVICE_ACCOUNT_JSON.replace(
        f"{sheets_server.base_url}/token", "https://oauth2.invalid/token"
    )
    settings.GOOGLE_TOKEN_URL = f"{sheets_server.base_url}/token"

    assert read() == ROWS


@pytest.mark.parametrize("text", ["{", "5", '"x"', "[1]", "{}", '{"private_key": "x"}'])
def test_a_broken_service_account_is_refused(
    sheets_server: SheetsServer, settings: Any, text: str
) -> None:
    settings.GOOGLE_SERVICE_ACCOUNT_JSON = text

    with pytest.raises(SheetRefusedError, match="service account"):
        read()
    assert sheets_server.reads == 0


def test_a_service_account_file_is_read_and_its_key_never_shown(
    sheets_server: SheetsServer, settings: Any, tmp_path: Path
) -> None:
    file = tmp_path / "key.json"
    file.write_text(settings.GOOGLE_SERVICE_ACCOUNT_JSON)
    settings.GOOGLE_SERVICE_ACCOUNT_FILE, settings.GOOGLE_SERVICE_ACCOUNT_JSON = str(file), ""

    account = ServiceAccount.from_settings()

    assert account is not None
    assert account.email == EMAIL
    assert "PRIVATE" not in repr(account)


def test_a_missing_service_account_file_is_refused(settings: Any, tmp_path: Path) -> None:
    settings.GOOGLE_SERVICE_ACCOUNT_FILE = str(tmp_path / "nothing.json")

    with pytest.raises(SheetRefusedError, match="cannot be read"):
        ServiceAccount.from_settings()


def test_google_without_a_service_account_says_what_to_set() -> None:
    with pytest.raises(SheetRefusedError, match="GOOGLE_SERVICE_ACCOUNT_FILE"):
        read_table(KEY, credentials=None)


def test_a_published_csv_is_read_through_redirects(sheets_server: SheetsServer) -> None:
    sheets_server.csv = b"stage,phrase\r\nopening,halo\r\n"
    sheets_server.redirects = {"/pub": "/published.csv"}

    assert fetch(sheets_server, "/pub") == ROWS


def test_a_busy_publisher_is_asked_again(sheets_server: SheetsServer) -> None:
    sheets_server.csv = b"stage,phrase\nopening,halo\n"
    sheets_server.csv_failures = [503, 429]

    assert fetch(sheets_server) == ROWS
    assert len(sheets_server.fetches) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_address_that_answers_no_is_refused(sheets_server: SheetsServer, status: int) -> None:
    sheets_server.csv_status = status

    with pytest.raises(SheetRefusedError, match=f"answers {status}"):
        fetch(sheets_server)
    assert len(sheets_server.fetches) == 1


def test_more_than_ten_megabytes_are_refused(sheets_server: SheetsServer) -> None:
    sheets_server.csv = b"a,b\n" * (3 * 2**20)

    with pytest.raises(SheetRefusedError, match="10 MB"):
        fetch(sheets_server)


def test_a_compressed_answer_is_never_unpacked(sheets_server: SheetsServer) -> None:
    sheets_server.csv_headers = {"Content_Encoding": "gzip"}

    with pytest.raises(SheetRefusedError, match="compressed"):
        fetch(sheets_server)


def test_a_slow_publisher_is_unavailable(
    sheets_server: SheetsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "TIMEOUT", (1, 0.1))
    sheets_server.delay = 0.4

    with pytest.raises(SheetUnavailableError):
        fetch(sheets_server)


def test_a_publisher_that_drips_is_cut_off(
    sheets_server: SheetsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "LONGEST_FETCH", 0.0)
    sheets_server.csv = b"a,b\n"

    with pytest.raises(SheetUnavailableError, match="too long"):
        fetch(sheets_server)


def test_redirects_without_an_end_are_refused(sheets_server: SheetsServer) -> None:
    sheets_server.redirects = {"/pub": "/pub"}

    with pytest.raises(SheetRefusedError, match="without an end"):
        fetch(sheets_server, "/pub")


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/x.csv", "https://example.invalid/x.csv", "file:///etc/passwd"]
)
def test_this_machine_never_leads_elsewhere(sheets_server: SheetsServer, target: str) -> None:
    sheets_server.redirects = {"/pub": target}

    with pytest.raises(SheetRefusedError, match="public https"):
        fetch(sheets_server, "/pub")


@pytest.fixture
def canary() -> Iterator[tuple[int, list[bytes]]]:
    """A port on loopback and the first bytes of whoever came."""
    heard: list[bytes] = []
    with socket.create_server(("", 0)) as server:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    visitor, _ = server.accept()
                    with visitor:
                        visitor.settimeout(1)
                        heard.append(visitor.recv(100))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("allow_loopback", [True, False])
@pytest.mark.parametrize(
    "address",
    [
        "https://0.0.0.0:{port}/x.csv",
        "https://127.0.0.2:{port}/x.csv",
        "https://2130706433:{port}/x.csv",
        "https://0x7f.1:{port}/x.csv",
        "https://[::ffff:127.0.0.1]:{port}/x.csv",
        "https://user:pass@127.1:{port}/x.csv",
    ],
)
def test_a_disguised_address_of_this_machine_hears_not_one_byte(
    canary: tuple[int, list[bytes]], address: str, *, allow_loopback: bool
) -> None:
    port, heard = canary

    with pytest.raises(SheetRefusedError):
        read_table(address.format(port=port), allow_loopback=allow_loopback)
    assert not any(heard)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_this_machine_is_not_read_unless_allowed(
    canary: tuple[int, list[bytes]], name: str
) -> None:
    port, heard = canary

    for scheme in ("http", "https"):
        with pytest.raises(SheetRefusedError):
            read_table(f"{scheme}://{name}:{port}/x.csv")
    assert not any(heard)


@pytest.mark.parametrize(
    "source",
    [
        "http://example.com/x.csv",
        "ftp://example.com/x.csv",
        "file:///etc/passwd",
        "gopher://x/1",
        "https://",
        "https://[::1",
        "https://exa mple/x",
        "https://.example./x",
    ],
)
def test_what_is_no_public_https_address_is_refused(source: str) -> None:
    with pytest.raises(SheetRefusedError):
        read_table(source, allow_loopback=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)
def test_addresses_of_our_own_network_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are() -> None:
    assert is_public("8.8.8.8")
