"""The keyword sheet: read once, applied whole, and never believed when it looks wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from funnels.models import Keyword, KeywordSync
from funnels.services.keywords import SyncRunningError, begin_sync, sync_keywords
from tests.conftest import SHARED_DATA, Api
from tests.sheets_server import SheetsServer

HEADER = ["stage", "phrase", "channel"]
ROWS = [
    ["opening", "halo", ""],
    ["opening", "SPARKS TRIAL", "WhatsApp_Ads"],
    ["booking", "booking", ""],
    ["transaction", "sudah transfer", ""],
]


def active() -> set[tuple[str, str, str]]:
    rows = Keyword.objects.filter(is_active=True)
    return set(rows.values_list("stage", "phrase", "channel"))


def test_a_google_sheet_is_read_once_and_becomes_keywords(
    db: None, sheets_server: SheetsServer
) -> None:
    sheets_server.values = [HEADER, *ROWS]

    sync = sync_keywords()

    assert (sync.state, sync.added, sync.version) == ("done", 4, 1)
    assert ("opening", "SPARKS TRIAL", "whatsapp_ads") in active()
    assert sheets_server.reads == 1


def test_an_unchanged_sheet_makes_no_new_version(db: None, sheets_server: SheetsServer) -> None:
    sheets_server.values = [HEADER, *ROWS]
    sync_keywords()

    again = sync_keywords()

    assert (again.state, again.unchanged, again.version) == ("done", 4, None)


def test_changes_are_counted_and_what_is_gone_is_switched_off(
    db: None, sheets_server: SheetsServer
) -> None:
    sheets_server.values = [HEADER, *ROWS]
    sync_keywords()
    sheets_server.values = [HEADER, *ROWS[1:], ["opening", "hai", ""]]
    sheets_server.values[1] = ["opening", "sparks trial", "instagram"]

    sync = sync_keywords()

    assert (sync.added, sync.changed, sync.removed, sync.version) == (1, 1, 1, 2)
    assert ("opening", "halo", "") not in active()
    assert Keyword.objects.filter(phrase="halo").exists()


def test_keywords_made_by_hand_stay(db: None, sheets_server: SheetsServer) -> None:
    Keyword.objects.create(stage="opening", phrase="mine")
    sheets_server.values = [HEADER, *ROWS]

    sync_keywords()

    assert ("opening", "mine", "") in active()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "empty"),
        ([[]], "empty"),
        ([["", ""], ["", ""]], "empty"),
        ([["stage", "words"], ["opening", "halo"]], "phrase"),
        ([["stage", "phrase", "phrase"], ["opening", "halo", "x"]], "twice"),
        ([HEADER, ["nothing", "halo", ""]], "no usable row"),
    ],
)
def test_a_sheet_that_cannot_be_right_changes_nothing_and_says_why(
    db: None, sheets_server: SheetsServer, values: list[list[str]], words: str
) -> None:
    sheets_server.values = [HEADER, *ROWS]
    sync_keywords()
    before = active()
    sheets_server.values = values

    sync = sync_keywords()

    assert sync.state == "refused"
    assert words in sync.error
    assert active() == before


def test_losing_more_than_half_of_the_keywords_needs_force(
    db: None, sheets_server: SheetsServer
) -> None:
    sheets_server.values = [HEADER, *ROWS]
    sync_keywords()
    sheets_server.values = [HEADER, ROWS[0]]

    refused = sync_keywords()
    forced = sync_keywords(force=True)

    assert (refused.state, "--force" in refused.error) == ("refused", True)
    assert (forced.state, forced.removed) == ("done", 3)


def test_a_bad_row_is_named_and_the_others_go_in(db: None, sheets_server: SheetsServer) -> None:
    sheets_server.values = [HEADER, *ROWS, ["opening", "", ""], ["opening", "Halo", "website"]]

    sync = sync_keywords()

    assert sync.added == 4
    assert [reason.split(":")[0] for reason in sync.rejected] == ["line 6", "line 7"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_google_is_tried_again(db: None, sheets_server: SheetsServer, status: int) -> None:
    sheets_server.values = [HEADER, *ROWS]
    sheets_server.failures = [(status, "later")] * 2

    sync = sync_keywords()

    assert sync.state == "done"
    assert sheets_server.reads == 3


def test_a_google_that_stays_busy_leaves_the_keywords_alone(
    db: None, sheets_server: SheetsServer
) -> None:
    sheets_server.values = [HEADER, *ROWS]
    sync_keywords()
    sheets_server.failures = [(429, "later")] * 10

    sync = sync_keywords()

    assert sync.state == "unavailable"
    assert "429" in sync.error
    assert len(active()) == 4


def test_a_sheet_that_is_not_shared_says_with_whom_to_share_it(
    db: None, sheets_server: SheetsServer
) -> None:
    sheets_server.failures = [(403, "forbidden")]

    assert "share it with funnel@tests.example" in sync_keywords().error


def test_a_wrong_service_account_key_is_refused(
    db: None, sheets_server: SheetsServer, settings: Any
) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = SheetsServer(private_key=other, base_url=sheets_server.base_url).service_account()
    settings.GOOGLE_SERVICE_ACCOUNT_JSON = json.dumps(key)

    sync = sync_keywords()

    assert (sync.state, "service account" in sync.error) == ("refused", True)


def test_a_published_csv_works_too(db: None, sheets_server: SheetsServer, settings: Any) -> None:
    settings.DEBUG = True
    sheets_server.csv = "﻿keyword;channel\r\nSPARKS TRIAL;whatsapp-ads\r\n".encode()

    sync = sync_keywords(source=f"{sheets_server.base_url}/published.csv")

    assert (sync.state, sync.error) == ("done", "")
    assert active() == {("opening", "SPARKS TRIAL", "whatsapp-ads")}


def test_a_web_page_instead_of_csv_is_explained(
    db: None, sheets_server: SheetsServer, settings: Any
) -> None:
    settings.DEBUG = True
    sheets_server.csv = b"<!DOCTYPE html><html>Sign in</html>"

    assert "web page" in sync_keywords(source=f"{sheets_server.base_url}/published.csv").error


def test_an_address_inside_our_own_network_is_never_fetched(
    db: None, sheets_server: SheetsServer
) -> None:
    sync = sync_keywords(source=f"{sheets_server.base_url}/published.csv")

    assert sync.state == "refused"


def test_a_second_sync_at_once_is_told_so(db: None, api: Api) -> None:
    begin_sync("sheet")

    with pytest.raises(SyncRunningError):
        sync_keywords()
    assert api.post("/api/keywords/sync", {}).status_code == 409


def test_the_command_reads_the_academy_sheet(db: None, capsys: Any) -> None:
    sheet = SHARED_DATA / "messages/keywords__zno-338_seven_retail.csv"
    if not sheet.exists():
        pytest.skip("the academy's keyword sheet is not here")

    call_command("sync_keywords", "--from", str(sheet))

    assert capsys.readouterr().out.startswith("+3 ")
    assert ("opening", "SPARKS TRIAL", "whatsapp-ads") in active()


def test_a_column_of_phrases_for_each_stage_is_read(db: None, tmp_path: Path) -> None:
    sheet = tmp_path / "keywords.csv"
    sheet.write_text("opening,booking,transaction\nhalo,booking,bayar\nhai,,transfer\n")

    call_command("sync_keywords", "--from", str(sheet))

    assert {stage for stage, _, _ in active()} == {"opening", "booking", "transaction"}
    assert len(active()) == 5


def test_a_missing_file_fails_the_command_by_name(db: None) -> None:
    with pytest.raises(CommandError, match=r"no file nothing\.csv"):
        call_command("sync_keywords", "--from", "nothing.csv")
    assert KeywordSync.objects.get().state == "refused"


def test_the_shipped_keywords_give_way_to_the_first_sheet_of_the_team(
    keywords: None, sheets_server: SheetsServer
) -> None:
    sheets_server.values = [HEADER, *ROWS]
    sync = sync_keywords()
    assert (sync.state, sync.error) == ("done", "")
    assert len(active()) == len(ROWS)
    sheets_server.values = [HEADER, ROWS[0]]
    assert sync_keywords().state == "refused"
