"""Files with names and numbers in full: one person asks with a reason, another one confirms."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.storage import default_storage
from django.test import Client
from django.utils.timezone import now

from conversations.models import Customer
from funnel_site.access import approvals, full_phones
from funnel_site.access.models import Approval
from funnel_site.audit.models import AuditEntry
from funnel_site.exports import in_full, services
from funnel_site.exports.models import ExportJob
from funnel_site.exports.services import run, sweep
from funnel_site.exports.writing import parts_of
from privacy.services import erase_customer
from tests.funnel_site.exporting import CSV, State, enter, read_csv, taken
from tests.reviews.making import make_customer

pytestmark = pytest.mark.django_db

EXPORT = "/admin/conversations/customer/export/"
MINE = "/admin/exports/exportjob/mine/"
WISH = {"format": CSV, "profile": "machine", "in_full": "on", "reason": "Ring them back"}


@pytest.fixture(autouse=True)
def people(own_files: None) -> list[Customer]:
    return [make_customer(number, name=f"Ana {number}") for number in range(4)]


@pytest.fixture
def lead() -> Client:
    return enter("Support lead", "lea")


@pytest.fixture
def steward() -> Client:
    return enter("Privacy steward", "ste")


def ask(client: Client, query: str = "", **values: Any) -> ExportJob:
    answer = client.post(f"{EXPORT}{query}", {**WISH, **values})
    assert (answer.status_code, answer["Location"]) == (302, MINE)
    return ExportJob.objects.latest("pk")


def decide(client: Client, job: ExportJob, deed: str = "confirm") -> ExportJob:
    client.post(f"/admin/access/approval/{job.approval_id}/{deed}/", {"why": "Too many"})
    job.refresh_from_db()
    return job


def made(job: ExportJob) -> ExportJob:
    run(job_id=job.pk)
    job.refresh_from_db()
    return job


def said(client: Client, address: str, values: dict[str, Any]) -> str:
    page = client.post(address, values, follow=True)
    return " ".join(map(str, page.context["messages"]))


def expire(job: ExportJob) -> None:
    assert job.approval is not None
    Approval.objects.filter(pk=job.approval.pk).update(expires_at=now() - timedelta(seconds=1))


def file_of(job: ExportJob) -> str:
    return f"/admin/exports/exportjob/file/{job.token}/"


def test_a_lead_asks_a_steward_confirms_and_the_file_is_made_once(
    lead: Client, steward: Client
) -> None:
    form = lead.get(f"{EXPORT}?o=1")
    assert "unless you ask for them in full" in form.content.decode()
    without = lead.post(EXPORT, {**WISH, "reason": " "})
    assert "A reason is needed." in without.content.decode()
    assert not ExportJob.objects.exists()

    job = ask(lead, "?o=1")
    assert (job.state, job.is_masked, job.rows_total) == (State.ASKED, False, 4)
    page = lead.get(MINE).content.decode()
    assert "Waiting for a second person" in page
    assert "Ring them back" in page
    assert made(job).state == State.ASKED
    assert lead.get(file_of(job)).status_code == 302
    assert decide(lead, job).state == State.ASKED
    assert job.name in steward.get(
        f"/admin/access/approval/{job.approval_id}/change/"
    ).content.decode()  # fmt: skip
    assert "exactly this already" in said(lead, f"{EXPORT}?o=1", WISH)

    assert decide(steward, job).state == State.WAITING
    assert made(job).state == State.READY
    rows = read_csv(taken(lead.get(file_of(job))))
    assert sorted(row["name"] for row in rows) == [f"Ana {n}" for n in range(4)]
    assert all(row["phone_number"].startswith("+6281") for row in rows)
    assert job.approval is not None
    job.approval.refresh_from_db()
    assert job.approval.state == Approval.State.DONE
    words = "\n".join(AuditEntry.objects.order_by("pk").values_list("words", flat=True))
    places = [
        words.index(text)
        for text in (
            f"Asked for {job.name} in full: Ring them back",
            "Confirmed: Customers: 4 rows",
            f"Made {job.name} in full",
        )
    ]
    assert places == sorted(places)
    trail = AuditEntry.objects.filter(kind="exported", words__contains=job.name).order_by("pk")
    assert [entry.who for entry in trail] == ["lea"] * 3
    assert ask(lead, "?o=1").state == State.ASKED


def test_refused_withdrawn_and_too_late_are_said(lead: Client, steward: Client) -> None:
    refused = decide(steward, ask(lead), "refuse")
    assert (refused.state, refused.reason) == (State.FAILED, "ste has refused it. Too many")
    withdrawn = decide(lead, ask(lead), "refuse")
    assert withdrawn.state == State.CANCELLED
    cancelled = ask(lead)
    lead.post(f"/admin/exports/exportjob/cancel/{cancelled.token}/")
    cancelled.refresh_from_db()
    assert cancelled.state == State.CANCELLED
    assert cancelled.approval is not None
    assert cancelled.approval.state == Approval.State.WITHDRAWN
    late = ask(lead)
    expire(late)
    assert "Nobody has confirmed it in time" in lead.get(MINE).content.decode()
    assert decide(steward, late).state == State.ASKED
    sweep()
    late.refresh_from_db()
    assert (late.state, "Nobody" in late.reason) == (State.FAILED, True)
    used_late = decide(steward, ask(lead))
    expire(used_late)
    assert made(used_late).state == State.FAILED
    assert "its time is over" in used_late.reason
    assert all(not job.file for job in ExportJob.objects.all())


def test_a_lead_takes_a_thousand_rows_and_a_steward_more(
    lead: Client, steward: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is asked for, and again when the file is made."""
    monkeypatch.setattr(full_phones, "MOST_ROWS", 3)
    assert "at most 3 rows" in lead.get(EXPORT).content.decode()
    assert "at most 3 rows" in said(lead, EXPORT, WISH)
    assert not ExportJob.objects.exists()
    assert ask(steward).state == State.ASKED
    monkeypatch.setattr(full_phones, "MOST_ROWS", 4)
    job = decide(steward, ask(lead))
    make_customer(9, name="One more")
    assert made(job).state == State.FAILED
    assert "at most 4 rows" in job.reason


def test_a_leave_is_for_exactly_what_was_confirmed(
    lead: Client, steward: Client, people: list[Customer]
) -> None:
    some = [str(people[1].pk), str(people[3].pk)]
    picked = decide(steward, ask(lead, export_items=some))
    assert picked.picked == 2
    assert ask(lead).state == State.ASKED
    assert ask(lead, export_items=some[:1]).state == State.ASKED
    assert "being made already" in said(lead, EXPORT, {**WISH, "export_items": some})
    ExportJob.objects.filter(pk=picked.pk).update(query=[["o", "1"]])
    assert made(picked).state == State.FAILED
    # What failed has not used the leave up: asked again for the same, it is made.
    again = ask(lead, export_items=some)
    assert again.state == State.WAITING
    assert made(again).state == State.READY
    with default_storage.open(again.file) as file:
        assert sorted(row["name"] for row in read_csv(file.read())) == ["Ana 1", "Ana 3"]


def test_rights_are_asked_again_when_it_is_made_and_fetched(lead: Client, steward: Client) -> None:
    ready = made(decide(steward, ask(lead)))
    assert lead.get(file_of(ready)).status_code == 200
    waiting = decide(steward, ask(lead, "?o=1"))
    User.objects.get(username="lea").groups.set([Group.objects.get(name="Analyst")])
    assert lead.get(file_of(ready)).status_code == 403
    assert made(waiting).state == State.FAILED
    assert "no longer" in waiting.reason


def test_without_the_wish_a_file_is_masked_and_comes_at_once(lead: Client, steward: Client) -> None:
    """And who may not ask gets the masked one, whatever is posted."""
    values = {"format": CSV, "profile": "machine"}
    for client, posted in (
        (lead, values),
        (steward, values),
        (enter("Analyst"), WISH),
    ):
        rows = read_csv(taken(client.post(EXPORT, posted)))
        assert len(rows) == 4
        assert all(row["phone_number"].startswith("*") for row in rows)
    assert "in_full" not in enter("Analyst", "other").get(EXPORT).context["form"].fields
    assert not Approval.objects.exists()


def test_a_list_without_people_has_no_wish() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("chief"))
    assert "in_full" not in client.get("/admin/funnels/keyword/export/").context["form"].fields


def test_a_worker_that_is_killed_leaves_a_job_for_the_next(
    lead: Client, steward: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Killed with the file half made: no word of ours runs, so that nothing is put right either."""

    class KilledError(BaseException):
        """Passes by whatever catches exceptions, as the end of a process does."""

    job = decide(steward, ask(lead))

    def half(*args: Any) -> Any:
        yield next(parts_of(*args))
        raise KilledError

    monkeypatch.setattr(services, "parts_of", half)
    with pytest.raises(KilledError):
        run(job_id=job.pk)
    monkeypatch.setattr(services, "parts_of", parts_of)
    job.refresh_from_db()
    assert job.state == State.RUNNING
    assert not list(tmp_path.rglob("*.csv"))
    assert made(job).state == State.RUNNING
    ExportJob.objects.filter(pk=job.pk).update(
        heartbeat_at=now() - services.SILENCE - timedelta(seconds=1)
    )
    started: list[int] = []
    monkeypatch.setattr(services, "start", lambda job_id: started.append(job_id))
    sweep()
    assert started == [job.pk]
    assert made(job).state == State.READY
    assert job.approval is not None
    assert approvals.granted(kind=full_phones.FULL_PHONES, user=job.user) is None


def test_an_erasure_removes_finished_files_in_full_and_makes_running_ones_anew(
    lead: Client,
    steward: Client,
    people: list[Customer],
    settings: Any,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.RAW_STORAGE_URL = str(tmp_path / "archive")
    ready = made(decide(steward, ask(lead)))
    masked = made(
        services.ask(
            user=ready.user, report=ready.report, query=[], format="csv", profile="machine",
            language="en",
        )
    )  # fmt: skip
    running = decide(steward, ask(lead, "?o=1"))
    ExportJob.objects.filter(pk=running.pk).update(
        state=State.RUNNING, runner="busy", heartbeat_at=now()
    )
    started: list[int] = []
    monkeypatch.setattr(in_full, "start", lambda job_id: started.append(job_id))
    with default_storage.open(ready.file) as file:
        assert b"Ana 2" in file.read()
    with django_capture_on_commit_callbacks(execute=True):
        erase_customer(customer=people[2], reason="Asked us to")
    assert started == [running.pk]
    assert not default_storage.exists(ready.file)
    ready.refresh_from_db()
    assert (ready.state, ready.file) == (State.EXPIRED, "")
    assert "erased" in ready.reason
    assert lead.get(file_of(ready))["Location"] == MINE
    masked.refresh_from_db()
    assert masked.state == State.READY
    stale = ExportJob(pk=running.pk, runner="busy")
    with pytest.raises(services.StoppedError):
        services._write(stale, rows_done=4)
    assert made(running).state == State.READY
    with default_storage.open(running.file) as file:
        content = file.read()
    assert b"Ana 3" in content
    assert b"Ana 2" not in content
