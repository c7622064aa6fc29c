"""What runs and how the system does: a fixed number of statements, and buttons that do their work."""

import json
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from django.utils.timezone import now
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from conversations.models import InboundEvent, SignatureRefusal
from operations import checkup
from operations.alarms import alarms_of
from operations.doors import Doors, slot_of
from operations.models import DoorCount, TaskRun
from operations.selectors import Work, add_line, works
from operations.services import NotStartedError, run_now
from operations.system import Health, dead_letters_by_error, health

pytestmark = pytest.mark.django_db
DRAIN = "conversations.tasks.drain_inbox"


def operator(*codenames: str) -> Client:
    user = User.objects.create_user("op", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def events(number: int, state: str) -> None:
    moment = now()
    InboundEvent.objects.bulk_create(
        InboundEvent(
            source="api",
            dedupe_key=f"{state}{one}",
            body=b"{}",
            received_at=moment,
            processed_at=None if state == "pending" else moment,
            state=state,
            error_code="required" if state == "failed" else "",
        )
        for one in range(number)
    )


@pytest.mark.parametrize("path", ["overview", "system"])
def test_a_page_costs_the_same_whatever_the_tables_hold(path: str) -> None:
    client = operator("view_operations", "run_operations")
    address = f"/admin/operations/taskrun/{path}/"
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        assert client.get(address).status_code == 200
    for state in ("pending", "failed", "processed"):
        events(300, state)
    with CaptureQueriesContext(connection) as many:
        client.get(address)

    assert len(many) == len(few)
    assert len(many) <= 40


def test_the_system_page_says_what_waits_and_what_failed() -> None:
    events(3, "failed")
    events(2, "pending")
    InboundEvent.objects.filter(state="pending").update(
        received_at=datetime(2025, 1, 1, tzinfo=UTC)
    )

    page = operator("view_operations").get("/admin/operations/taskrun/system/").content.decode()

    assert "Dead letters: 3" in page
    assert "<code>manage.py run_inbox</code>" in page
    assert "Deliveries are safe, but they wait" in page
    assert "could not be understood: 3" in page
    assert "required" in page
    assert "No broker" in page


def test_a_task_notes_its_run_and_its_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    current_app.loader.import_default_modules()
    task = current_app.tasks[DRAIN]
    task.apply()
    run = TaskRun.objects.get(task=DRAIN)
    assert (run.state, run.answer, run.failures) == ("done", "0", 0)

    def fail() -> int:
        raise ValueError("+6281234567890")

    monkeypatch.setattr("conversations.tasks.drain_inbox_service", fail)
    task.apply()
    task.apply()
    run.refresh_from_db()
    assert (run.state, run.error, run.failures) == ("failed", "ValueError", 2)
    monkeypatch.undo()
    task.apply()
    run.refresh_from_db()
    assert (run.state, run.failures) == ("done", 0)


def test_a_schedule_shows_its_next_run_and_can_be_paused() -> None:
    every = IntervalSchedule.objects.create(every=10, period="minutes")
    row = PeriodicTask.objects.create(
        name="sync the keywords",
        task="funnels.tasks.sync_keywords",
        interval=every,
        last_run_at=now(),
    )
    work = next(one for one in works() if one.task == row.task)
    assert work.next_run is not None
    assert 590 < (work.next_run - now()).total_seconds() <= 600
    client = operator("view_operations", "run_operations")

    client.post("/admin/operations/taskrun/schedule/", {"schedule": row.pk, "on": "0"})

    row.refresh_from_db()
    assert not row.enabled
    assert "paused" in client.get("/admin/operations/taskrun/overview/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_run_now_runs_it() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite in memory is this connection's alone: a thread sees another database")
    run_now(task=DRAIN)

    for _ in range(100):
        if TaskRun.objects.filter(task=DRAIN, state="done").exists():
            break
        time.sleep(0.1)
    assert TaskRun.objects.get(task=DRAIN).state == "done"


def test_only_scheduled_tasks_can_be_started_and_only_by_operators() -> None:
    with pytest.raises(NotStartedError):
        run_now(task="conversations.tasks.fetch_attachment")
    client: Any = operator("view_operations")

    assert client.get("/admin/operations/taskrun/overview/").status_code == 200
    for path in ("run", "schedule", "replay"):
        assert client.post(f"/admin/operations/taskrun/{path}/").status_code == 403
    assert Client().get("/admin/operations/taskrun/overview/").status_code == 302


def test_replay_puts_dead_letters_back_in_line() -> None:
    events(2, "failed")
    client = operator("view_operations", "change_inboundevent")

    page = client.post("/admin/operations/taskrun/replay/", follow=True).content.decode()

    assert "Put 2 dead letters back in line" in page


def test_errors_that_differ_in_numbers_alone_are_one() -> None:
    events(3, "failed")
    for place, key in enumerate(InboundEvent.objects.values_list("pk", flat=True)):
        InboundEvent.objects.filter(pk=key).update(error=f"row {place}: no phone in “x{place}”")

    (found,) = dead_letters_by_error()

    assert (found["number"], found["error"]) == (3, "row …: no phone in …")


def test_whoever_signs_in_with_a_role_sees_how_the_system_does_and_no_more() -> None:
    client = operator("view_health")
    assert client.get("/admin/operations/taskrun/system/").status_code == 200
    assert client.get("/admin/operations/taskrun/overview/").status_code == 403


def test_every_alarm_has_a_sentence_and_a_page_that_is_there(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    moment = now()
    bad = Health(
        lag_seconds=900, waiting="9", dead_letters="3", per_minute=None, delay_seconds=None,
        queue=None, queue_trouble="away", disk_total=100, disk_free=1, database_bytes=1,
        largest=[], stale_tasks=[TaskRun(task="t", error="ValueError", failures=2)],
        rejects=[{"reason": "x", "number": 1}], feeds=[{"name": "P", "last": moment, "is_late": True}],
        refusals=4, in_doubt="1", keyword_trouble="empty", built_at=moment - timedelta(days=9),
        archive_trouble="EndpointConnectionError",
    )  # fmt: skip

    alarms = alarms_of(bad)

    assert {one.code for one in alarms} == {
        "inbox_lag", "dead_letters", "signatures", "sendings_in_doubt", "disk", "broker", "beat",
        "archive", "task", "keywords", "profiles", "feeds", "rejects",
    }  # fmt: skip
    assert all(one.meaning and one.to_do and one.owner for one in alarms)
    assert all(reverse(f"admin:{one.page}") for one in alarms if one.page)
    settings.CELERY_BROKER_URL = ""
    assert alarms_of(health()) == []


def test_an_app_adds_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.selectors._lines", {})

    def fill(work: Work) -> None:
        work.facts, work.percent = [("Exports", "3")], 50

    add_line(DRAIN, fill)

    page = operator("view_operations").get("/admin/operations/taskrun/overview/").content.decode()
    assert "Exports" in page
    assert 'value="50"' in page


def doctor(*options: str) -> tuple[list[dict[str, Any]], bool]:
    """The doctor's findings and whether it says that all is well."""
    out, is_well = StringIO(), True
    try:
        call_command("doctor", "--json", *options, stdout=out)
    except CommandError:
        is_well = False
    return json.loads(out.getvalue()), is_well


def test_the_doctor_finds_nothing_wrong_on_a_good_day_and_names_what_is(
    settings: Any, tmp_path: Path
) -> None:
    settings.PARTNER_DROP = ""
    found, is_well = doctor("--offline")
    assert is_well, found
    assert all(one["is_warning"] for one in found)

    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    settings.PARTNER_DROP = str(blocked)
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    settings.GOOGLE_SERVICE_ACCOUNT_JSON = "{"
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:1"
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX customer_last_seen")
    found, is_well = doctor()

    assert not is_well
    wrong = {one["part"] for one in found if not one["is_warning"]}
    assert wrong >= {"folders", "broker", "beat", "sheets", "public address", "indexes"}


def test_the_doctor_asks_our_own_address(live_server: Any, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = live_server.url
    assert list(checkup.public_address()) == []
    settings.PUBLIC_BASE_URL = f"{live_server.url}/nothing"
    (found,) = checkup.public_address()
    assert "404" in found.words


def test_answers_of_webhooks_are_added_up_over_processes_and_written_now_and_then(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Doors(), Doors()
    monkeypatch.setattr("funnel_site.middleware.doors", first)
    for body, kind in ((b"{}", "application/json"), (b"a=1", "application/x-www-form-urlencoded")):
        client.post("/webhook", body, content_type=kind)
    client.get("/webhooks/messages")

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("conversations.webhooks.verify", broken)
    with pytest.raises(RuntimeError):
        client.post("/webhooks/messages", b"{}", content_type="application/json")
    for _ in range(297):
        second.note("/webhooks/messages", 202, 0.004)
    for _ in range(3):
        second.note("/webhooks/messages", 200, 0.4)
    assert not DoorCount.objects.exists()
    assert (first.flush(), second.flush(), second.flush()) == (2, 1, 0)
    second.note("/webhooks/messages", 202, 0.004)
    assert second.flush() == 1
    assert DoorCount.objects.count() == 3
    DoorCount.objects.create(door="/old", slot=now() - timedelta(days=3), process="gone")

    rows = {one["door"]: one for one in health().doors}
    assert set(rows) == {"/webhook", "/webhooks/messages"}
    both = rows["/webhooks/messages"]
    assert (both["good"], both["refused"], both["broken"]) == (301, 1, 1)
    assert both["p99_hour"] == both["p99_day"] == 5
    assert (rows["/webhook"]["refused"], rows["/webhook"]["unsigned"]) == (2, 2)
    refusal = SignatureRefusal.objects.get()
    page = operator("view_health").get("/admin/operations/taskrun/system/").content.decode()
    assert "≤ 5 ms" in page
    assert refusal.advice not in page
    User.objects.get(username="op").user_permissions.add(
        Permission.objects.get(codename="view_signaturerefusal")
    )
    client.force_login(User.objects.get(username="op"))
    page = client.get("/admin/operations/taskrun/system/").content.decode()
    assert escape(refusal.advice) in page
    assert reverse("admin:conversations_signaturerefusal_changelist") in page


def test_counts_of_past_slots_leave_the_memory_and_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = Doors()
    monkeypatch.setattr("operations.doors.now", lambda: now() - timedelta(days=3))
    counted.note("/webhook", 202, 0.001)
    assert counted.flush() == 1
    monkeypatch.undo()
    counted.note("/webhook", 202, 20.0)
    assert counted.flush() == 1
    assert DoorCount.objects.count() == 1
    assert list(counted._counts) == [("/webhook", slot_of(now()))]
    assert health().doors[0]["p99_day"] is None
