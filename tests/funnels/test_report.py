"""The report: its rows, totals and CSV, and every way to ask for it wrongly."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from conversations.models import Customer, CustomerIdentity, Room
from conversations.services.drain import drain_inbox
from funnel_site.lib.spreadsheet import guard
from funnels.models import Funnel, Keyword
from funnels.report import COLUMNS, SEED_COLUMNS, ReportQuery
from funnels.selectors import _lines, _written, report_csv, report_rows
from tests.conftest import Api

JAKARTA = ZoneInfo("Asia/Jakarta")
START = datetime(2025, 3, 31, 17, 0, tzinfo=UTC)  # midnight of 1 April in Jakarta


def make_funnel(number: int, **fields: Any) -> Funnel:
    phone = f"+62812000{number:05}"
    customer, is_new = Customer.objects.get_or_create(
        phone_number=phone, defaults={"first_seen_at": START, "last_seen_at": START}
    )
    if is_new:
        CustomerIdentity.objects.create(
            customer=customer, kind="phone", value=phone, first_seen_at=START
        )
    room = Room.objects.create(
        source="crm",
        external_id=fields.pop("room_id", f"room-{number}"),
        customer=customer,
        channel="whatsapp",
        started_at=START,
    )
    values: dict[str, Any] = {
        "cycle": 1,
        "stage": "opening",
        "channel": "whatsapp",
        "lead_basis": "keyword",
        "began_at": START,
        "leads_date": START + timedelta(hours=number),
        **fields,
    }
    return Funnel.objects.create(room=room, customer=customer, **values)


@pytest.fixture
def three(db: None) -> None:
    """A lead, a booking, and a sale in another channel."""
    make_funnel(1)
    make_funnel(2, stage="booking", booking_date=START + timedelta(days=3))
    make_funnel(
        30,
        stage="transaction",
        channel="instagram",
        booking_date=START + timedelta(days=2),
        transaction_date=START + timedelta(days=2),
        transaction_value=Decimal("150000.50"),
        currency="IDR",
    )


def test_rows_come_newest_first_with_the_seed_columns(api: Api, three: None) -> None:
    body = api.get("/api/funnel-report").json()

    assert [row["phone_number"][-2:] for row in body["results"]] == ["30", "02", "01"]
    assert list(body["results"][0])[:6] == list(SEED_COLUMNS)
    assert body["results"][0]["leads_date"] == "2025-04-02T06:00:00+07:00"
    assert body["results"][0]["transaction_value"] == 150000.5
    assert body["next"] is None


def test_totals_count_in_all_per_channel_and_per_day(api: Api, three: None) -> None:
    body = api.get("/funnel-report").json()

    assert body["totals"] == {
        "leads": 3,
        "bookings": 2,
        "transactions": 1,
        "value": {"IDR": "150000.50"},
        "lead_to_booking": 0.6667,
        "booking_to_transaction": 0.5,
        "lead_to_transaction": 0.3333,
    }
    assert [one["channel"] for one in body["by_channel"]] == ["instagram", "whatsapp"]
    assert [(one["day"], one["leads"]) for one in body["by_day"]] == [
        ("2025-04-01", 2),
        ("2025-04-02", 1),
    ]
    assert body["not_applied"] == {"waiting": 0, "dead_letters": 0}


def test_no_rows_divide_by_nothing(api: Api) -> None:
    body = api.get("/api/funnel-report").json()

    assert body["results"] == []
    assert body["totals"]["lead_to_booking"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"date_from": "2025-04-02"}, ["30"]),
        ({"date_to": "2025-04-01"}, ["02", "01"]),
        ({"date_field": "booking_date", "date_from": "2025-04-04"}, ["02"]),
        ({"date_field": "transaction_date"}, ["30"]),
        ({"channel": "instagram"}, ["30"]),
        ({"channel": ["instagram", "whatsapp"]}, ["30", "02", "01"]),
        ({"stage": "lead"}, ["01"]),
        ({"stage": ["booking", "transaction"]}, ["30", "02"]),
        ({"phone": "0812-000-00002"}, ["02"]),
        ({"phone": "+6281200000002"}, ["02"]),
        ({"phone": "081299999999"}, []),
        ({"updated_since": "2000-01-01T00:00:00+07:00"}, ["30", "02", "01"]),
        ({"updated_since": "2099-01-01"}, []),
    ],
)
def test_rows_are_filtered(api: Api, three: None, query: dict[str, Any], found: list[str]) -> None:
    body = api.get("/api/funnel-report", **query).json()

    assert [row["phone_number"][-2:] for row in body["results"]] == found
    assert body["totals"]["leads"] == len(found)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"date_from": "2025-02-30"}, "date_from"),
        ({"date_from": "1745200000"}, "date_from"),
        ({"date_from": ""}, "date_from"),
        ({"date_from": "0001-01-01"}, "date_from"),
        ({"date_from": "2025-04-02", "date_to": "2025-04-01"}, "date_from"),
        ({"date_from": "2000-01-01", "date_to": "2099-01-01"}, "date_from"),
        ({"date_field": "phone"}, "date_field"),
        ({"channel": "smoke"}, "channel"),
        ({"channel": "a\x00"}, "channel"),
        ({"stage": "exploded"}, "stage"),
        ({"phone": "QWERTY"}, "phone"),
        ({"phone__startswith": "0"}, "phone__startswith"),
        ({"_connector": "OR"}, "_connector"),
        ({"updated_since": "0001-01-01T00:00:00+14:00"}, "updated_since"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "-5"}, "page_size"),
        ({"page_size": "1000000"}, "page_size"),
        ({"page_size": "9223372036854775808"}, "page_size"),
        ({"cursor": "garbage"}, "cursor"),
        ({"format": "api"}, "format"),
        ({"profile": "x"}, "profile"),
        ({"date_to": ["2025-04-01", "2025-04-02"]}, "date_to"),
        ({"stage": "')--"}, "stage"),
    ],
)
def test_a_wrong_parameter_is_named(
    api: Api, three: None, query: dict[str, Any], field: str
) -> None:
    answer = api.get("/api/funnel-report", **query)

    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_pages_hold_every_row_once_also_with_equal_times(api: Api, db: None) -> None:
    for number in range(23):
        make_funnel(number, leads_date=START + timedelta(hours=number // 5))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    pages = 0
    while True:
        body = api.get("/api/funnel-report", page_size=5, **cursor).json()
        seen += [row["room_id"] for row in body["results"]]
        pages += 1
        assert ("totals" in body) == (pages == 1)
        if body["next"] is None:
            break
        cursor = {"cursor": body["next"]}

    assert len(seen) == len(set(seen)) == 23
    assert pages == 5


def test_a_cursor_of_another_query_is_refused(api: Api, three: None) -> None:
    cursor = api.get("/api/funnel-report", page_size=1).json()["next"]

    assert api.get("/api/funnel-report", page_size=1, cursor=cursor).status_code == 200
    assert api.get("/api/funnel-report", channel="whatsapp", cursor=cursor).status_code == 400
    assert api.get("/api/funnel-report", cursor=cursor[:-2] + "xx").status_code == 400


def test_the_latest_cycle_is_shown_and_all_on_request(api: Api, db: None) -> None:
    first = make_funnel(1, is_latest=False)
    Funnel.objects.create(
        room=first.room,
        customer=first.customer,
        cycle=2,
        stage="opening",
        channel="whatsapp",
        lead_basis="keyword",
        began_at=START,
        leads_date=START + timedelta(days=40),
    )

    assert [row["cycle"] for row in api.get("/api/funnel-report").json()["results"]] == [2]
    assert len(api.get("/api/funnel-report", all_cycles=1).json()["results"]) == 2


def test_first_contacts_can_be_left_out(api: Api, db: None) -> None:
    make_funnel(1, lead_basis="first_contact")
    make_funnel(2)

    assert len(api.get("/api/funnel-report", first_contacts=0).json()["results"]) == 1


def test_the_number_of_queries_does_not_grow_with_rows(
    api: Api, db: None, django_assert_num_queries: Any
) -> None:
    for number in range(40):
        make_funnel(number)
    api.get("/api/funnel-report")

    with django_assert_num_queries(5):
        api.get("/api/funnel-report", page_size=30)


# --- CSV ------------------------------------------------------------------------------------------
def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_csv_holds_the_same_rows_and_plain_values(api: Api, three: None) -> None:
    answer = api.get("/api/funnel-report", format="csv")
    rows = parsed(b"".join(answer.streaming_content).decode())

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0]["transaction_value"] == "150000.50"
    assert rows[0]["leads_date"] == "2025-04-02T06:00:00+07:00"
    assert (rows[2]["transaction_value"], rows[2]["booking_date"]) == ("", "")
    assert rows[0]["phone_number"] == "+6281200000030"


PAYLOADS = [
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "'=1",
    '"=1',
    "＝1",
    "=cmd|' /C calc'!A1",
    'say "hi", ok',
    "two\nlines",
    "\u00a0=1",
    "-5",
    "+628123456789",
    "normal",
    "'tis",
    "é=1",
]


def test_formulas_are_guarded_and_the_machine_profile_alters_nothing(api: Api, db: None) -> None:
    for number, text in enumerate(PAYLOADS):
        keyword = Keyword.objects.create(stage="opening", phrase=text)
        make_funnel(number, keyword=keyword)
    guarded = b"".join(api.get("/api/funnel-report", format="csv").streaming_content).decode()
    plain = b"".join(
        api.get("/api/funnel-report", format="csv", profile="machine").streaming_content
    ).decode()

    assert [row["keyword"] for row in reversed(parsed(guarded))] == [
        guard(text) for text in PAYLOADS
    ]
    assert [row["keyword"] for row in reversed(parsed(plain))] == PAYLOADS


@pytest.mark.postgresql
@pytest.mark.parametrize("profile", ["spreadsheet", "machine"])
def test_the_servers_lines_are_those_that_python_writes(db: None, profile: str) -> None:
    for number, text in enumerate(PAYLOADS):
        keyword = Keyword.objects.create(stage="opening", phrase=text)
        make_funnel(number, keyword=keyword, room_id=f"{text}#{number}", currency="IDR")
    query = ReportQuery()
    rows = report_rows(query).order_by("-leads_date", "-pk")

    by_server = "".join(report_csv(query, zone=JAKARTA, profile=profile))
    by_python = _lines([COLUMNS]) + "".join(_written(rows, JAKARTA, profile))

    assert connection.vendor == "postgresql"
    assert by_server == by_python


def test_the_command_writes_the_file_whole(three: None, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "report.csv"

    call_command("export_funnel_report", str(out), "--channel", "instagram")

    assert [row["channel"] for row in parsed(out.read_bytes().decode())] == ["instagram"]
    assert capsys.readouterr().out == f"1 rows written to {out}\n"
    assert [one.name for one in tmp_path.iterdir()] == ["report.csv"]


def test_a_wrong_option_of_the_command_is_named(three: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--date-from"):
        call_command("export_funnel_report", str(tmp_path / "a.csv"), "--date-from", "tomorrow")
    with pytest.raises(CommandError, match="cannot write"):
        call_command("export_funnel_report", str(tmp_path / "nowhere" / "a.csv"))
    assert list(tmp_path.iterdir()) == []


# --- Who may see it -------------------------------------------------------------------------------
def test_staff_with_the_permission_see_it_without_a_key(client: Client, three: None) -> None:
    user = User.objects.create_user("ana", is_staff=True)
    client.force_login(user)
    assert client.get("/api/funnel-report").status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_funnel"))

    assert client.get("/api/funnel-report").status_code == 200


def test_strangers_see_nothing(client: Client, three: None) -> None:
    for path in ("/api/funnel-report", "/funnel-report/", "/api/events/1", "/admin/"):
        assert client.get(path).status_code in (401, 302)


def test_dead_letters_are_told_with_the_totals(api: Api, deliver: Any) -> None:
    deliver(b"{}")
    drain_inbox()

    assert api.get("/api/funnel-report").json()["not_applied"]["dead_letters"] == 1
