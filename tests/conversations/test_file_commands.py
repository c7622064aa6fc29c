"""Messages by file and by sheet: each line once, the broken one named, the others in."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from conversations.models import InboundEvent, Message
from tests.conftest import Site
from tests.sheets_server import KEY, SheetsServer

GOOD: list[object] = [
    {"message_id": f"m{number}", "phone_number": "08123456789", "message": f"halo {number}",
     "channel": "whatsapp", "sent_at": f"2026-01-02T10:0{number}:00"}
    for number in range(4)
]  # fmt: skip


def run(name: str, *args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(name, *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[[list[object]], str]:
    def write(lines: list[object]) -> str:
        path = tmp_path / "messages.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return str(path)

    return write


@pytest.mark.django_db(transaction=True)
def test_a_file_goes_in_and_again_as_duplicates(jsonl: Callable[[list[object]], str]) -> None:
    out, _ = run("ingest_messages", jsonl([*GOOD, "", GOOD[0]]))
    assert "read 5 = new 4 + duplicate 1 + rejected 0" in out
    assert Message.objects.count() == 4
    out, _ = run("ingest_messages", jsonl([*GOOD]))
    assert "read 4 = new 0 + duplicate 4 + rejected 0" in out
    assert Message.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_broken_lines_are_named_and_the_others_are_in(jsonl: Callable[[list[object]], str]) -> None:
    bad_phone = {"phone_number": "12", "message": "halo", "channel": "whatsapp"}
    lines = [GOOD[0], '{"message": ', GOOD[1], "[" * 40, bad_phone, "null", GOOD[3]]
    err = StringIO()
    with pytest.raises(CommandError, match="4 could not be used; the others are in"):
        call_command("ingest_messages", jsonl(lines), stdout=StringIO(), stderr=err)
    told = err.getvalue()
    assert all(f"line {number}: " in told for number in (2, 4, 5, 6))
    assert "phone_number" in told
    assert sorted(Message.objects.values_list("body", flat=True)) == ["halo 0", "halo 1", "halo 3"]


@pytest.mark.django_db
def test_a_file_that_is_not_there_is_said() -> None:
    with pytest.raises(CommandError, match="there is no file"):
        run("ingest_messages", "/nowhere/at.jsonl")


def test_standard_input_and_a_real_exit_code(make_site: Callable[[], Site]) -> None:
    site = make_site()
    lines = "\n".join(json.dumps(line) for line in GOOD).encode()
    assert "new 4" in site.run("ingest_messages", "-", stdin=lines)
    assert "new 0 + duplicate 4" in site.run("ingest_messages", "-", stdin=lines)
    assert "rejected 1" in site.run("ingest_messages", "-", stdin=b"{}\n", check=False)
    assert len(site.snapshot()["messages"]) == 4


HEADER = ["phone", "text", "timestamp", "channel"]
ROWS = [
    ["08123456789", "halo", "2026-01-02 10:00", "whatsapp"],
    ["08123456780", "mau booking", "2026-01-02 11:00", "whatsapp"],
]


@pytest.mark.django_db(transaction=True)
def test_a_sheet_brings_its_new_rows_only(sheets_server: SheetsServer) -> None:
    sheets_server.values = [HEADER, *ROWS]
    assert "read 2 = new 2 + duplicate 0 + rejected 0" in run("ingest_sheet", "--from", KEY)[0]
    sheets_server.values = [
        HEADER,
        *ROWS,
        ["", "", "", ""],
        ["08123456781", "lagi", "", "telegram"],
    ]
    assert "read 3 = new 1 + duplicate 2 + rejected 0" in run("ingest_sheet", "--from", KEY)[0]
    assert Message.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_row_that_was_changed_in_the_sheet_does_not_rewrite_the_past(
    sheets_server: SheetsServer,
) -> None:
    sheets_server.values = [HEADER, *ROWS]
    run("ingest_sheet", "--from", KEY)
    sheets_server.values = [HEADER, ROWS[0], [*ROWS[1][:1], "batal", *ROWS[1][2:]]]
    with pytest.raises(CommandError, match="1 could not be used"):
        run("ingest_sheet", "--from", KEY)
    assert set(Message.objects.values_list("body", flat=True)) == {"halo", "mau booking"}
    assert InboundEvent.objects.filter(error_code="conflict").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([["text", "channel"], ["halo", "whatsapp"]], "phone_number"),
        ([], "empty|no header|header"),
    ],
)
def test_a_sheet_without_what_is_needed_changes_nothing(
    sheets_server: SheetsServer, values: list[list[str]], said: str
) -> None:
    sheets_server.values = values
    with pytest.raises(CommandError, match=said):
        run("ingest_sheet", "--from", KEY)
    assert not InboundEvent.objects.exists()


@pytest.mark.django_db
def test_no_sheet_named_is_said(settings: object) -> None:
    with pytest.raises(CommandError, match="MESSAGES_SHEET"):
        run("ingest_sheet")
