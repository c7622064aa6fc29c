"""What runs and how the system does: a fixed number of statements, and buttons that do their work."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from conversations.models import InboundEvent
from operations.models import TaskRun
from operations.selectors import works
from operations.services import NotStartedError, run_now

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
    assert len(many) <= 30


def test_the_system_page_says_what_waits_and_what_failed() -> None:
    events(3, "failed")
    events(2, "pending")
    InboundEvent.objects.filter(state="pending").update(
        received_at=datetime(2025, 1, 1, tzinfo=UTC)
    )

    page = operator("view_operations").get("/admin/operations/taskrun/system/").content.decode()

    assert "Dead letters: 3" in page
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
