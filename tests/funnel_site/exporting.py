"""Asking for files as staff do, and reading them."""

import csv
import io
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.files.storage import default_storage
from django.test import Client

from funnel_site.exports.in_full import ask_in_full
from funnel_site.exports.models import ExportJob
from funnel_site.exports.services import run

EXPORT = "/admin/funnels/funnel/export/"
XLSX, CSV = "0", "1"
State = ExportJob.State


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
