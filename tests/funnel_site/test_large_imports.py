"""Imports that no page waits for: checked to the last row, then applied whole or not at all."""

import csv
import io
import threading
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils.timezone import now
from openpyxl import Workbook

from conversations.models import Customer, InboundEvent
from funnel_site.audit.models import AuditEntry
from funnel_site.imports.applying import apply
from funnel_site.imports.models import ImportJob
from funnel_site.imports.reading import parts_of
from funnel_site.imports.services import SILENCE, cancel, confirm, run, sweep, withdraw_all
from funnel_site.lib.import_preview import SHOWN
from funnels.models import Keyword, KeywordSync
from funnels.resources import KeywordResource

pytestmark = pytest.mark.django_db
KEYWORDS = "/admin/funnels/keyword/import/"
XLSX, CSV = "0", "1"
HEAD = "stage,phrase,channel,mode,is_active\n"
PART = 25
MANY = SHOWN + PART + 10
"""Rows in three parts: the first ones, a full part, and what is left."""
State = ImportJob.State


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("funnel_site.imports.reading.PART", PART)
    # A beat's own connection does not see what a test has not committed.
    monkeypatch.setattr("funnel_site.imports.beating.BEAT", 3_600)
    settings.IMPORT_MOST_ROWS = 3


@pytest.fixture
def chief(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("chief"))
    return client


def hand_in(
    client: Client, content: str | bytes, *, address: str = KEYWORDS, kind: str = CSV
) -> ImportJob:
    body = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile("words.csv", body)
    answer = client.post(address, {"import_file": file, "format": kind, "resource": "0"})
    job = ImportJob.objects.latest("pk")
    assert answer["Location"] == f"/admin/imports/importjob/job/{job.token}/"
    assert job.state == State.WAITING
    return job


def page_of(client: Client, job: ImportJob) -> str:
    return client.get(f"/admin/imports/importjob/job/{job.token}/").content.decode()


def ran(job: ImportJob) -> ImportJob:
    run(job_id=job.pk)
    job.refresh_from_db()
    return job


def stored() -> list[str]:
    return default_storage.listdir("imports")[1] if default_storage.exists("imports") else []


def keywords(number: int) -> str:
    return HEAD + "".join(f"opening,promo {n},ads,phrase,1\n" for n in range(number))


def test_a_file_is_checked_to_its_end_and_applied_when_its_owner_says_so(chief: Client) -> None:
    Keyword.objects.create(stage="opening", phrase="promo 0", channel="ads")
    Keyword.objects.create(stage="opening", phrase=f"promo {MANY - 1}", channel="<old>")
    job = ran(hand_in(chief, keywords(MANY)))
    assert job.state == State.CHECKED
    assert (job.rows_new, job.rows_changed, job.rows_same) == (MANY - 2, 1, 1)
    assert Keyword.objects.count() == 2
    shown = page_of(chief, job)
    assert shown.count("<tr>") == 1 + SHOWN
    assert f"The first 100 of {MANY:,} rows" in shown
    assert "Confirm import" in shown

    chief.post(f"/admin/imports/importjob/confirm/{job.token}/")
    assert Keyword.objects.count() == 2
    assert ran(job).state == State.DONE
    assert Keyword.objects.filter(channel="ads").count() == MANY
    assert (stored(), job.file, job.tally) == ([], "", {})
    assert "The whole file went in." in page_of(chief, job)
    entry = AuditEntry.objects.filter(words="Imported words.csv").get()
    assert (entry.who, entry.content_type.model) == ("chief", "keyword")
    assert entry.additional_data["new"] == MANY - 2
    assert KeywordSync.objects.latest("pk").version is not None
    assert run(job_id=job.pk) == State.DONE


def test_the_first_rows_are_shown_while_the_others_are_checked(
    chief: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = hand_in(chief, keywords(MANY))
    waits, real, seen = "data-waits-for-rows", KeywordResource.before_import, []

    def look(self: Any, dataset: Any, **kwargs: Any) -> None:
        live = chief.get("/admin/imports/importjob/mine/live/").json()[str(job.pk)]
        page = page_of(chief, job)
        seen.append((live["rows_shown"], waits in page, page.count("<ins>promo ")))
        real(self, dataset, **kwargs)

    monkeypatch.setattr(KeywordResource, "before_import", look)
    assert waits in page_of(chief, job)
    assert ran(job).state == State.CHECKED
    assert seen[:2] == [(False, True, 0), (True, False, SHOWN)]
    assert waits not in page_of(chief, job)


def test_every_error_is_told_with_its_row_and_nothing_goes_in(chief: Client) -> None:
    lines = keywords(MANY).splitlines(keepends=True)
    for row in (2, 110, MANY):
        lines[row] = f"nowhere,=x{row},ads,phrase,1\n"
    job = ran(hand_in(chief, "".join(lines)))
    assert (job.state, job.rows_wrong) == (State.WRONG, 3)
    assert not Keyword.objects.exists()
    answer = chief.get(f"/admin/imports/importjob/errors/{job.token}/")
    told = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [(int(one["row"]), one["column"]) for one in told] == [
        (2, "stage"), (110, "stage"), (MANY, "stage"),
    ]  # fmt: skip
    assert told[0]["reason"] == "One of opening, booking, transaction."
    shown = page_of(chief, job)
    assert "Nothing was changed" in shown
    assert f"<td>{MANY:,}</td><td><code>stage</code></td>" in shown
    assert not confirm(job=job)
    assert [name for name in stored() if "errors" not in name] == []
    ImportJob.objects.update(expires_at=now())
    sweep()
    assert stored() == []
    job.refresh_from_db()
    assert (job.state, job.tally) == (State.WRONG, {}), "nothing of the rows is left to be shown"
    assert chief.get(f"/admin/imports/importjob/errors/{job.token}/").status_code == 404


def test_a_row_that_went_bad_after_the_check_keeps_the_others_out(
    chief: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ran(hand_in(chief, keywords(MANY)))
    assert confirm(job=job)
    real = KeywordResource.before_import_row

    def refuse_one(self: Any, row: dict[str, Any], **kwargs: Any) -> None:
        if row["phrase"] == f"promo {MANY - 10}":
            row["stage"] = "gone"
        real(self, row, **kwargs)

    monkeypatch.setattr(KeywordResource, "before_import_row", refuse_one)
    assert ran(job).state == State.WRONG
    assert job.result.shown_errors[0][:2] == [MANY - 9, "stage"]
    assert not Keyword.objects.exists()
    assert not AuditEntry.objects.filter(words__startswith="Imported").exists()


def test_the_rights_are_looked_at_again_and_links_are_ones_own(chief: Client) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(
        Permission.objects.filter(codename__in=("view_customer", "change_customer"))
    )
    client = Client()
    client.force_login(clerk)
    content = "phone_number,name\n" + "".join(f"08120000000{n},Ana Putri\n" for n in range(5))
    job = ran(hand_in(client, content, address="/admin/conversations/customer/import/"))
    assert job.state == State.CHECKED
    assert "A. P." in page_of(client, job)
    assert "Ana Putri" not in page_of(client, job)
    assert chief.get(f"/admin/imports/importjob/job/{job.token}/").status_code == 404
    assert chief.post(f"/admin/imports/importjob/confirm/{job.token}/").status_code == 404
    assert confirm(job=job)
    clerk.user_permissions.clear()
    assert ran(job).state == State.FAILED
    assert "no longer" not in job.reason
    assert "any more" in job.reason
    assert not Customer.objects.exists()
    assert stored() == []


def test_what_was_cancelled_or_taken_over_changes_nothing(
    chief: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ran(hand_in(chief, keywords(MANY)))
    confirm(job=job)
    real = KeywordResource.before_import_row

    def lose_it(self: Any, row: dict[str, Any], **kwargs: Any) -> None:
        if row["phrase"] == "promo 130":
            ImportJob.objects.filter(pk=job.pk).update(runner="another")
        real(self, row, **kwargs)

    monkeypatch.setattr(KeywordResource, "before_import_row", lose_it)
    assert ran(job).state == State.APPLYING
    assert not Keyword.objects.exists()
    monkeypatch.setattr(KeywordResource, "before_import_row", real)
    assert ran(job).state == State.APPLYING, "another one beats"
    ImportJob.objects.update(heartbeat_at=now() - SILENCE - timedelta(seconds=1))
    assert ran(job).state == State.DONE
    assert Keyword.objects.count() == MANY

    def lose_the_database(self: Any, row: dict[str, Any], **kwargs: Any) -> None:
        raise OperationalError("the connection is lost")

    interrupted = hand_in(chief, keywords(MANY))
    monkeypatch.setattr(KeywordResource, "before_import_row", lose_the_database)
    with pytest.raises(OperationalError):
        run(job_id=interrupted.pk)
    monkeypatch.setattr(KeywordResource, "before_import_row", real)
    ImportJob.objects.filter(state=State.CHECKING).update(heartbeat_at=now() - SILENCE * 2)
    assert ran(interrupted).state == State.CHECKED, "it was no row's fault"
    assert cancel(job=interrupted)

    late = ran(hand_in(chief, keywords(MANY)))
    assert cancel(job=late)
    assert not confirm(job=late)
    assert (run(job_id=late.pk), stored()) == (State.CANCELLED, [])
    assert not cancel(job=late)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stop", [cancel, lambda job: withdraw_all(reason="erased")])
def test_it_tells_how_far_it_is_and_can_be_stopped_from_within_its_transaction(
    stop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite takes no second writer")
    monkeypatch.setattr("funnel_site.imports.services.start", lambda **_: None)
    client = Client()
    client.force_login(User.objects.create_superuser("chief"))
    job = ran(hand_in(client, keywords(MANY)))
    confirm(job=job)
    monkeypatch.setattr("funnel_site.imports.beating.BEAT", 0.02)
    real, told = KeywordResource.before_import, []

    def look(self: Any, dataset: Any, **kwargs: Any) -> None:
        if self.rows_before:

            def elsewhere() -> None:
                for _ in range(500):
                    seen = ImportJob.objects.get(pk=job.pk)
                    if seen.rows_done:
                        break
                    time.sleep(0.02)
                told.append((seen.state, seen.rows_done, Keyword.objects.count()))
                stop(job=seen)
                connection.close()

            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
            time.sleep(0.2)
        real(self, dataset, **kwargs)

    monkeypatch.setattr(KeywordResource, "before_import", look)
    assert ran(job).state == State.CANCELLED
    assert told == [(State.APPLYING, SHOWN, 0)]
    assert not Keyword.objects.exists()
    assert stored() == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_an_erasure_that_waits_for_what_is_applied_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It holds the job's row and wants a row of the file's: one of the two has to give way at once."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite takes no second writer")
    monkeypatch.setattr("funnel_site.imports.services.start", lambda **_: None)
    client = Client()
    client.force_login(User.objects.create_superuser("chief"))
    Keyword.objects.create(stage="opening", phrase="promo 0", channel="old")
    job = ran(hand_in(client, keywords(5)))
    confirm(job=job)
    has_withdrawn = threading.Event()

    def erase() -> None:
        with transaction.atomic():
            withdraw_all(reason="erased")
            has_withdrawn.set()
            Keyword.objects.filter(phrase="promo 0").update(channel="erased")
        connection.close()

    eraser = threading.Thread(target=erase)

    def apply_and_wait(job: ImportJob) -> Any:
        tally = apply(job)
        eraser.start()
        assert has_withdrawn.wait(10)
        return tally

    monkeypatch.setattr("funnel_site.imports.services.apply", apply_and_wait)
    with pytest.raises(OperationalError):
        run(job_id=job.pk)
    eraser.join()
    job.refresh_from_db()
    assert (job.state, job.file) == (State.CANCELLED, "")
    assert list(Keyword.objects.values_list("channel", flat=True)) == ["erased"]
    assert stored() == []


def test_a_workbook_and_messages_go_the_same_way(chief: Client) -> None:
    book = Workbook()
    book.active.append(["phone_number", "message", "message_id"])
    for number in range(MANY):
        book.active.append(["+6281200000001", f"Hello {number}", f"m-{number}"])
    made = io.BytesIO()
    book.save(made)
    job = ran(
        hand_in(chief, made.getvalue(), address="/admin/conversations/message/import/", kind=XLSX)
    )
    assert (job.state, job.rows_new) == (State.CHECKED, MANY)
    assert not InboundEvent.objects.exists()
    confirm(job=job)
    assert ran(job).state == State.DONE
    assert InboundEvent.objects.count() == MANY
    broken = ran(
        hand_in(chief, "phone_number\n1\n2\n3\n4\n", address="/admin/conversations/message/import/")
    )
    assert broken.state == State.WRONG
    assert "no column message" in page_of(chief, broken)
    wide = ran(hand_in(chief, HEAD + "opening,a,b,phrase,1\n" * 5 + "opening,a,b,phrase,1,more\n"))
    assert (wide.state, wide.reason) == (State.FAILED, "Line 7 has more cells than the header.")
    assert "Nothing was changed" in page_of(chief, wide)


def test_reading_takes_no_more_memory_for_more_rows() -> None:
    def peak(number: int) -> int:
        file = io.BytesIO(b"product_id,product_name,price\n" + b"901,Tea,10\n" * number)
        tracemalloc.start()
        try:
            assert sum(len(part) for part in parts_of(file, is_workbook=False)) == number
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(40_000) < peak(5_000) * 1.2
