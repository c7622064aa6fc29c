"""Who takes out what: roles, masks, and what no file holds."""

from datetime import UTC, datetime
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.test import Client
from django.utils.timezone import now
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from funnel_site.access.roles import matrix
from funnel_site.exports.models import ExportJob
from funnel_site.exports.services import run
from funnel_site.lib.listing import ExportList
from funnels.models import Funnel
from tests.funnel_site.exporting import (
    CSV,
    EXPORT,
    State,
    enter,
    entered,
    in_background,
    made_in_full,
    read_csv,
    taken,
    wanted_in_full,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


def test_no_list_gives_out_secrets(client: Client) -> None:
    for model, page in admin.site._registry.items():
        if isinstance(page, ExportList):
            header = page.get_export_resource_classes(HttpRequest())[0]().get_export_headers()
            assert not {"hashed_key", "password", "token", "key"} & set(header), model


def test_every_list_has_an_export_but_those_whose_rows_are_secrets() -> None:
    """A second factor's rows are the key that its codes are made of, and codes that sign in."""
    secrets = {"otp_totp.totpdevice", "otp_static.staticdevice"}
    without = {
        model._meta.label_lower
        for model, page in admin.site._registry.items()
        if not isinstance(page, ExportList)
    }
    assert without == secrets


def test_staff_schedules_and_sign_ins_are_files_without_what_is_secret() -> None:
    chief = entered(User.objects.create_superuser("chief", password="tall-Green-42"))
    came = {"ip_address": "10.0.0.7", "path_info": "/admin/login/", "http_accept": ""}
    AccessLog.objects.create(username="sari", session_hash="5ec2e7", **came)
    AccessFailureLog.objects.create(username="mallory", locked_out=True, **came)
    CrontabSchedule.objects.create(minute="17", timezone="Asia/Jakarta")
    SolarSchedule.objects.create(event="sunset", latitude="-6.2", longitude="106.8")
    ClockedSchedule.objects.create(clocked_time=datetime(2031, 5, 6, tzinfo=UTC))
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
        ("axes/accesslog", ("sari", "10.0.0.7"), ("5ec2e7",)),
        ("axes/accessfailurelog", ("mallory", "10.0.0.7"), ()),
        ("django_celery_beat/periodictask", ("mine", "hours"), ("s3",)),
        ("django_celery_beat/intervalschedule", ("7", "hours"), ()),
        ("django_celery_beat/crontabschedule", ("17", "Asia/Jakarta"), ()),
        ("django_celery_beat/solarschedule", ("sunset", "106.8"), ()),
        ("django_celery_beat/clockedschedule", ("2031-05-06",), ()),
    ):
        text = taken(chief.post(f"/admin/{place}/export/", {"format": CSV})).decode()
        assert all(word in text for word in held), text
        assert not any(word in text for word in secrets), text
        assert "/export/" in chief.get(f"/admin/{place}/").content.decode(), place


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
