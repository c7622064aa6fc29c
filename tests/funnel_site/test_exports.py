"""Exports of the lists: the rows of the filter, for whom they are, at once or in the background."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.files.storage import default_storage
from django.http import HttpRequest
from django.test import Client
from django.utils.timezone import now
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from openpyxl import load_workbook

from conversations.models import Customer, Message
from funnel_site.access.roles import matrix
from funnel_site.audit.models import AuditEntry
from funnel_site.exports import wanted as asked
from funnel_site.exports.in_full import ask_in_full
from funnel_site.exports.models import ExportJob
from funnel_site.exports.services import ask, cancel, run, sweep
from funnel_site.exports.writing import parts_of
from funnel_site.lib.export_files import ROWS_OF_A_SHEET
from funnel_site.lib.listing import ExportList
from funnels.models import Funnel
from tests.reviews.making import make_customer, make_message, make_room

pytestmark = pytest.mark.django_db

EXPORT = "/admin/funnels/funnel/export/"
XLSX, CSV = "0", "1"
State = ExportJob.State


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def funnels() -> list[Funnel]:
    """Seven sales of four customers, amounts and words of every kind."""
    made: list[Funnel] = []
    for number in range(7):
        customer = make_customer(number % 4, name=f"=Ana {number % 4}")
        made.append(
            Funnel.objects.create(
                room=make_room(customer, source="crm", external_id=f"=room-{number}"),
                cycle=1,
                customer=customer,
                stage="transaction" if number % 2 else "opening",
                channel="+instagram" if number == 3 else "whatsapp",
                lead_basis="keyword",
                began_at=now(),
                leads_date=now() - timedelta(days=number),
                transaction_value=Decimal(1250000 + number) if number % 2 else None,
                currency="IDR" if number % 2 else "",
            )
        )
    return made


def enter(role: str, name: str = "walker") -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return entered(user)


def entered(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def taken(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.status_code
    assert answer["Content-Disposition"].startswith("attachment")
    content: bytes = answer.getvalue()
    return content


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def in_background(client: Client, settings: Any, address: str, **values: str) -> ExportJob:
    """Ask by the form for a file that is made in the background, and make it."""
    settings.EXPORT_ROWS_AT_ONCE = 0
    answer = client.post(address, {"format": CSV, **values})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/exports/exportjob/mine/")
    job = ExportJob.objects.latest("pk")
    assert job.state == State.WAITING
    run(job_id=job.pk)
    job.refresh_from_db()
    return job


def test_a_file_holds_the_lists_rows_in_the_lists_order(funnels: list[Funnel]) -> None:
    client = enter("Analyst")
    for query in (
        "",
        "?stage__exact=transaction",
        "?stage__exact=opening&channel=whatsapp&o=-8.1",
        "?o=1&p=1",
        "?is_corrected__exact=1",
    ):
        listed = [
            row.room.external_id
            for row in client.get(f"/admin/funnels/funnel/{query}").context["cl"].queryset
        ]
        rows = read_csv(
            taken(client.post(f"{EXPORT}{query}", {"format": CSV, "profile": "machine"}))
        )
        assert [row["room_id"] for row in rows] == listed, query
    picked = [str(funnels[5].pk), str(funnels[2].pk)]
    form = client.post(
        "/admin/funnels/funnel/", {"action": "export_admin_action", "_selected_action": picked}
    )
    assert sorted(form.context["form"].initial["export_items"]) == sorted(picked)
    rows = read_csv(taken(client.post(EXPORT, {"format": CSV, "export_items": picked})))
    assert [row["room_id"] for row in rows] == ["'=room-2", "'=room-5"]
    everything = client.post(
        "/admin/funnels/funnel/?stage__exact=transaction",
        {"action": "export_admin_action", "_selected_action": picked, "select_across": "1"},
    )
    assert everything.context["number"] == 3


def test_the_two_profiles_and_what_a_cell_holds(funnels: list[Funnel]) -> None:
    chief = entered(User.objects.create_superuser("chief"))
    answers = {
        profile: chief.post(f"{EXPORT}?o=1", {"format": CSV, "profile": profile})
        for profile in ("spreadsheet", "machine")
    }
    guarded, plain = (read_csv(taken(answer)) for answer in answers.values())
    assert [row["room_id"] for row in plain] == [f"=room-{n}" for n in range(6, -1, -1)]
    assert [row["room_id"] for row in guarded] == [f"'=room-{n}" for n in range(6, -1, -1)]
    assert (plain[3]["channel"], guarded[3]["channel"]) == ("+instagram", "'+instagram")
    for rows in guarded, plain:
        assert rows[3]["phone_number"].startswith("*")
        assert rows[3]["transaction_value"] == "1250003.00"
        assert rows[0]["transaction_value"] == rows[0]["keyword"] == rows[0]["booking_date"] == ""
        assert rows[0]["leads_date"].endswith("+07:00")
    names = [answer["Content-Disposition"] for answer in answers.values()]
    assert "-machine.csv" in names[1]
    assert "machine" not in names[0]

    book = load_workbook(
        io.BytesIO(taken(chief.post(f"{EXPORT}?o=1", {"format": XLSX, "profile": "machine"})))
    )
    assert book.sheetnames == ["About", "Rows"]
    assert book.active.title == "Rows"
    head, *cells = list(book.active.iter_rows())
    row = {name.value: cell for name, cell in zip(head, cells[3], strict=True)}
    assert (row["room_id"].value, row["room_id"].data_type) == ("=room-3", "s")
    assert (row["phone_number"].data_type, row["transaction_value"].value) == ("s", 1250003)
    assert row["leads_date"].data_type == "s"
    about = {line[0].value: line[1].value for line in book["About"].iter_rows()}
    assert about["Filter"] == "o = 1"
    assert "Asia/Jakarta" in about["Times"]
    assert about["Column transaction_value"]


def wanted_in_full(user: User, report: str, **values: Any) -> ExportJob:
    """A file in full on a site where nobody else could confirm it: it is begun at once."""
    values = {"query": [], "keys": [], "format": "csv", "profile": "machine", **values}
    return ask_in_full(
        user=user, report=report, rows=4, reason="Ring them", language="en", **values
    )


def made_in_full(user: User, report: str, **values: Any) -> bytes:
    job = wanted_in_full(user, report, **values)
    assert run(job_id=job.pk) == State.READY
    job.refresh_from_db()
    content: bytes = default_storage.open(job.file).read()
    return content


def same_twice(job: ExportJob) -> tuple[bytes, bytes]:
    """The file as the button streams it and as the background job puts it down."""
    page = asked.page_of(job.report)
    request = asked.request_of(job.user, job)
    rows = asked.rows_of(page, request, job.user)
    pressed = b"".join(parts_of(asked.wanted(job, page=page, request=request, rows=rows)))
    assert run(job_id=job.pk) == State.READY
    job.refresh_from_db()
    return pressed, default_storage.open(job.file).read()


def unzipped(content: bytes) -> dict[str, bytes]:
    """A workbook's parts; the times at which they were packed are not theirs."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    assert b"dcterms:modified" in parts.pop("docProps/core.xml")
    return parts


@pytest.mark.parametrize("profile", ["spreadsheet", "machine"])
@pytest.mark.parametrize("role", ["Analyst", "Privacy steward"])
def test_button_and_background_give_equal_bytes(
    funnels: list[Funnel], monkeypatch: pytest.MonkeyPatch, profile: str, role: str
) -> None:
    monkeypatch.setattr("funnel_site.lib.export_rows.PAGE", 3)
    report = {"Analyst": "funnels.funnel", "Privacy steward": "conversations.customer"}[role]
    enter(role)
    user = User.objects.get(username="walker")
    for kind in ("csv", "xlsx"):
        values: dict[str, Any] = {"query": [["o", "1"]], "format": kind, "profile": profile}
        job = (
            ask(user=user, report=report, language="en", **values)
            if role == "Analyst"
            else wanted_in_full(user, report, **values)
        )
        pressed, made = same_twice(job)
        if kind == "xlsx":
            assert unzipped(pressed) == unzipped(made)
        else:
            assert pressed == made
            assert len(read_csv(made)) == (7 if role == "Analyst" else 4)
        masked = b"+6281" not in made
        assert kind == "xlsx" or masked == (role == "Analyst")


def test_every_list_is_exported_both_ways_and_by_a_fixed_number_of_queries(
    funnels: list[Funnel], django_assert_max_num_queries: Any
) -> None:
    """The chief may all: no list may fail, and none may ask once a row."""
    make_message(funnels[0].room, body="@halo")
    chief = User.objects.create_superuser("chief")
    client = entered(chief)
    lists = [model for model, page in admin.site._registry.items() if isinstance(page, ExportList)]
    assert len(lists) > 35
    for model in lists:
        address = f"/admin/{model._meta.label_lower.replace('.', '/')}/export/"
        assert client.get(address).status_code == 200, address
        with django_assert_max_num_queries(16):
            rows = read_csv(taken(client.post(address, {"format": CSV})))
        assert all("None" not in row.values() for row in rows), address
        with django_assert_max_num_queries(16):
            load_workbook(io.BytesIO(taken(client.post(address, {"format": XLSX}))))


def test_no_list_gives_out_secrets(client: Client) -> None:
    for model, page in admin.site._registry.items():
        if isinstance(page, ExportList):
            header = page.get_export_resource_classes(HttpRequest())[0]().get_export_headers()
            assert not {"hashed_key", "password", "token", "key"} & set(header), model


def test_staff_schedules_and_attempts_are_files_without_what_was_typed_in() -> None:
    chief = entered(User.objects.create_superuser("chief", password="tall-Green-42"))
    AccessAttempt.objects.create(
        username="mallory", ip_address="10.0.0.9", path_info="/admin/login/",
        post_data="password=guessed", get_data="", http_accept="", failures_since_start=2,
    )  # fmt: skip
    interval = IntervalSchedule.objects.create(every=7, period="hours")
    PeriodicTask.objects.create(name="mine", task="x", interval=interval, kwargs='{"key": "s3"}')
    for place, held, secrets in (
        ("auth/user", ("chief",), ("pbkdf2", "md5", "password")),
        ("auth/group", ("Support lead",), ()),
        ("axes/accessattempt", ("mallory", "10.0.0.9"), ("guessed",)),
        ("django_celery_beat/periodictask", ("mine", "hours"), ("s3",)),
    ):
        text = taken(chief.post(f"/admin/{place}/export/", {"format": CSV})).decode()
        assert all(word in text for word in held), text
        assert not any(word in text for word in secrets), text
        assert "/export/" in chief.get(f"/admin/{place}/").content.decode(), place


def test_above_the_threshold_a_job_makes_the_file(funnels: list[Funnel], settings: Any) -> None:
    client = enter("Analyst")
    job = in_background(client, settings, f"{EXPORT}?stage__exact=transaction", profile="machine")
    assert (job.state, job.rows_total, job.rows_done) == (State.READY, 3, 3)
    assert job.query == [["stage__exact", "transaction"]]
    assert job.is_masked
    assert job.expires_at is not None
    assert job.token in job.file
    content = taken(client.get(f"/admin/exports/exportjob/file/{job.token}/"))
    assert len(content) == job.size
    assert len(read_csv(content)) == 3
    job.refresh_from_db()
    assert job.downloads == 1
    asked_for, downloaded = AuditEntry.objects.filter(kind="exported").order_by("pk")
    assert asked_for.additional_data["filter"] == {"stage__exact": "transaction"}
    assert job.name in asked_for.words
    assert job.name in downloaded.words
    side = taken(client.get(f"/admin/exports/exportjob/about/{job.token}/")).decode()
    assert "stage__exact = transaction" in side
    assert "Asia/Jakarta" in side


def test_a_link_is_its_owners_and_ends(funnels: list[Funnel], settings: Any) -> None:
    client = enter("Analyst")
    job = in_background(client, settings, EXPORT)
    link = f"/admin/exports/exportjob/file/{job.token}/"
    for other in (enter("Analyst", "other"), entered(User.objects.create_superuser("chief"))):
        for address in (link, link.replace("/file/", "/about/")):
            assert other.get(address).status_code == 404
        for deed in ("cancel", "again"):
            assert other.post(link.replace("/file/", f"/{deed}/")).status_code == 404
    assert Client().get(link).status_code == 302
    ExportJob.objects.filter(pk=job.pk).update(expires_at=now() - timedelta(seconds=1))
    assert client.get(link)["Location"] == "/admin/exports/exportjob/mine/"
    assert default_storage.exists(job.file)
    assert sweep() == 1
    assert not default_storage.exists(job.file)
    job.refresh_from_db()
    assert (job.state, job.file) == (State.EXPIRED, "")
    client.post(link.replace("/file/", "/again/"))
    fresh = ExportJob.objects.latest("pk")
    assert fresh.pk != job.pk
    assert run(job_id=fresh.pk) == State.READY


def test_who_lost_the_right_meanwhile_gets_nothing(funnels: list[Funnel], settings: Any) -> None:
    client = enter("Analyst")
    job = in_background(client, settings, EXPORT)
    waiting = ExportJob.objects.create(
        user=job.user, who="walker", report="funnels.funnel", format="csv", asked_at=now()
    )
    User.objects.get(username="walker").groups.clear()
    assert client.get(f"/admin/exports/exportjob/file/{job.token}/").status_code == 403
    assert run(job_id=waiting.pk) == State.FAILED
    waiting.refresh_from_db()
    assert "does not export" in waiting.reason


def test_masking_is_that_of_the_moment_the_file_is_made(
    funnels: list[Funnel], settings: Any
) -> None:
    settings.EXPORT_ROWS_AT_ONCE = 0
    client = enter("Privacy steward")
    user = User.objects.get(username="walker")
    assert b"+6281" in made_in_full(user, "conversations.customer")
    whole = ExportJob.objects.latest("pk")
    job = wanted_in_full(user, "conversations.customer")
    user.groups.set([Group.objects.get(name="Analyst")])
    assert run(job_id=job.pk) == State.FAILED
    job.refresh_from_db()
    assert (job.file, "no longer" in job.reason) == ("", True)
    assert client.get(f"/admin/exports/exportjob/file/{whole.token}/").status_code == 403


def test_who_sees_people_on_pages_does_not_carry_them_off(funnels: list[Funnel]) -> None:
    """Exporting in full is a permission of its own."""
    user = User.objects.create_user("walker", is_staff=True)
    own = Group.objects.create(name="Sees and exports")
    permissions = Group.objects.get(name="Privacy steward").permissions.exclude(
        codename__in=["export_contacts", "export_all_contacts"]
    )
    own.permissions.set(permissions)
    user.groups.add(own)
    rows = read_csv(
        taken(entered(user).post("/admin/conversations/customer/export/", {"format": CSV}))
    )
    assert len(rows) == 4
    assert all("*" in row["phone_number"] for row in rows)


def test_a_job_that_is_cancelled_leaves_no_file(
    funnels: list[Funnel], settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Before it begins, and while it is being made: whoever makes it notices and throws it away."""
    client = enter("Analyst")
    monkeypatch.setattr("funnel_site.lib.export_rows.PAGE", 2)
    monkeypatch.setattr("funnel_site.exports.services.BEAT", 0)
    user = User.objects.get(username="walker")
    values: dict[str, Any] = {"report": "funnels.funnel", "query": [], "format": "csv"}
    first, second = (ask(user=user, profile="machine", language="en", **values) for _ in "12")
    client.post(f"/admin/exports/exportjob/cancel/{first.token}/")
    assert run(job_id=first.pk) == State.CANCELLED

    def stop_at_four(job: ExportJob, watch: Callable[[int], None]) -> Callable[[int], None]:
        def watched(done: int) -> None:
            if done == 4:
                assert cancel(job=job)
            watch(done)

        return watched

    from funnel_site.exports import services

    real = services._watch
    monkeypatch.setattr(services, "_watch", lambda job: stop_at_four(job, real(job)))
    assert run(job_id=second.pk) == State.CANCELLED
    assert not list(tmp_path.rglob("*.csv"))


def test_a_job_that_a_worker_lost_is_made_by_the_next(
    funnels: list[Funnel], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter("Analyst")
    job = ExportJob.objects.create(
        user=User.objects.get(username="walker"),
        who="walker", report="funnels.funnel", format="csv", name="a.csv",
        asked_at=now(), state=State.RUNNING, runner="gone", heartbeat_at=now(),
    )  # fmt: skip
    assert run(job_id=job.pk) == State.RUNNING
    ExportJob.objects.filter(pk=job.pk).update(heartbeat_at=now() - timedelta(minutes=2))
    started: list[int] = []
    monkeypatch.setattr("funnel_site.exports.services.start", lambda job_id: started.append(job_id))
    sweep()
    assert started == [job.pk]
    assert run(job_id=job.pk) == State.READY


def test_only_so_many_at_once_and_a_strange_filter_is_refused(
    funnels: list[Funnel], settings: Any
) -> None:
    settings.EXPORT_ROWS_AT_ONCE, settings.EXPORTS_PER_PERSON = 0, 1
    client = enter("Analyst")
    assert client.post(EXPORT, {"format": CSV})["Location"].endswith("/mine/")
    page = client.post(EXPORT, {"format": CSV}, follow=True)
    assert "on the way" in " ".join(map(str, page.context["messages"]))
    for query in ("?stage__exact__nonsense=1", "?customer__phone_number__startswith=%2B62"):
        answer = client.post(f"{EXPORT}{query}", {"format": CSV})
        assert answer.status_code in (302, 400)
    assert ExportJob.objects.count() == 1


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ROWS_OF_A_SHEET + 1 == 2**20
    monkeypatch.setattr("funnel_site.lib.export_files.ROWS_OF_A_SHEET", 3)
    from funnel_site.lib.export_files import write_workbook

    made = io.BytesIO()
    pages = iter([[[n] for n in range(5)], [[5], [6]]])
    write_workbook(made, ["n"], pages, about=[("a", "b")], made_at=now())
    book = load_workbook(made)
    assert book.sheetnames == ["About", "Rows", "Rows 2", "Rows 3"]
    values = [[cell.value for (cell,) in sheet.iter_rows()] for sheet in book.worksheets[1:]]
    assert values == [["n", 0, 1, 2], ["n", 3, 4, 5], ["n", 6]]


def test_letters_that_xml_has_not_and_texts_like_errors_survive(funnels: list[Funnel]) -> None:
    customer = funnels[0].customer
    assert customer is not None
    Customer.objects.filter(pk=customer.pk).update(name="#N/A")
    Message.objects.all().delete()
    make_message(make_room(customer), body="\x01=1")
    chief = User.objects.create_superuser("chief")
    values = {"format": "xlsx", "profile": "machine"}
    people = load_workbook(io.BytesIO(made_in_full(chief, "conversations.customer", **values)))
    assert ("#N/A", "s") in [(one.value, one.data_type) for one in people.active["B"]]
    said = load_workbook(io.BytesIO(made_in_full(chief, "conversations.message", **values)))
    assert "\ufffd=1" in [one.value for one in said.active["D"]]


def test_the_roles_that_export_are_those_of_the_file(funnels: list[Funnel]) -> None:
    for role in matrix().roles:
        client = enter(role.name, f"walker {role.name}")
        may = "funnels.export_funnel" in role.permissions
        assert (client.get(EXPORT).status_code == 200) == may
        assert (client.post(EXPORT, {"format": CSV}).status_code == 200) == may


def test_the_reports_file_is_masked_for_staff(funnels: list[Funnel]) -> None:
    """They read numbers on the pages and in the report's JSON; a file takes a second person."""
    for role in ("Support lead", "Privacy steward"):
        client = enter(role, role)
        text = taken(client.get("/api/funnel-report?format=csv&profile=machine")).decode()
        assert "+6281" not in text
        assert "+6281" in client.get("/api/funnel-report").content.decode()
