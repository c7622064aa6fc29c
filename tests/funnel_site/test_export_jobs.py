"""Files that are made in the background: from asking to the link's end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client
from django.utils.timezone import now

from funnel_site.audit.models import AuditEntry
from funnel_site.exports import services
from funnel_site.exports.models import ExportJob
from funnel_site.exports.services import ask, cancel, run, sweep
from funnels.models import Funnel
from tests.funnel_site.exporting import (
    CSV,
    EXPORT,
    State,
    enter,
    entered,
    in_background,
    read_csv,
    taken,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


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
