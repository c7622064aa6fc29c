"""A process that writes an export, or applies an import, is killed: the next one makes it whole."""

import json
from collections.abc import Callable

import pytest

from tests.conftest import Site

ROWS = 5_000
PREPARE = f"""
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from funnel_site.exports.services import ask
from funnel_site.imports import services
from funnels.models import Keyword
Keyword.objects.all().delete()
chief = User.objects.create_superuser("chief")
services.start = lambda **_: None
Keyword.objects.bulk_create(Keyword(stage="opening", phrase=f"old {{n}}") for n in range({ROWS}))
import funnel_site.exports.services as exports
exports.start = lambda **_: None
exports.ask(user=chief, report="funnels.keyword", query=[], format="csv", profile="machine", language="en")
text = "stage,phrase,channel\\n" + "".join(f"opening,old {{n}},ads\\n" for n in range(300))
file = SimpleUploadedFile("words.csv", text.encode())
job = services.hand_in(user=chief, report="funnels.keyword", file=file, format="csv", rows=300, language="en")
assert services.run(job_id=job.pk) == "checked"
assert services.confirm(job=job)
"""
KILL_AMID_ROWS = """
import os
import funnel_site.exports.services as services
real = services._watch
def watch(job):
    tell = real(job)
    def then_die(done):
        tell(done)
        os.kill(os.getpid(), 9)
    return then_die
services._watch = watch
services.run(job_id=services.ExportJob.objects.get().pk)
"""
KILL_WITH_THE_FILE_STORED = """
import os
import funnel_site.exports.services as services
services._put_in_place = lambda *args, **kwargs: os.kill(os.getpid(), 9)
services.ExportJob.objects.update(heartbeat_at="2020-01-01T00:00Z")
services.run(job_id=services.ExportJob.objects.get().pk)
"""
KILL_AMID_APPLYING = """
import os
from funnel_site.imports import applying
import funnel_site.imports.services as services
def watch(self, done):
    if done > 100:
        os.kill(os.getpid(), 9)
applying.Beating.watch = watch
services.run(job_id=services.ImportJob.objects.get().pk)
"""
TELL = """
import json
from django.core.files.storage import default_storage
from funnel_site.exports.models import ExportJob
from funnel_site.imports.models import ImportJob
from funnels.models import Keyword
export, job = ExportJob.objects.get(), ImportJob.objects.get()
print(json.dumps({
    "export": [export.state, export.can_download, export.file],
    "import": [job.state, Keyword.objects.filter(channel="ads").count()],
    "files": {name: default_storage.open(f"exports/{name}").read().decode().count("\\n")
              for name in (default_storage.listdir("exports")[1] if default_storage.exists("exports") else [])},
}))
"""
RESUME = """
import funnel_site.exports.services as exports
import funnel_site.imports.services as imports
exports.ExportJob.objects.update(heartbeat_at="2020-01-01T00:00Z")
imports.ImportJob.objects.update(heartbeat_at="2020-01-01T00:00Z")
started = []
exports.start = imports.start = lambda *, job_id: started.append(job_id)
exports.sweep()
imports.sweep()
assert len(started) == 2, started
assert exports.run(job_id=exports.ExportJob.objects.get().pk) == "ready"
assert imports.run(job_id=imports.ImportJob.objects.get().pk) == "done"
"""


def shell(site: Site, code: str) -> str:
    return site.run("shell", "--no-imports", "-c", code)


def killed(site: Site, code: str) -> None:
    process = site.start("shell", "--no-imports", "-c", code)
    assert process.wait(timeout=120) == -9


@pytest.mark.django_db
def test_a_killed_worker_leaves_no_half_and_the_next_one_makes_the_whole(
    make_site: Callable[[], Site],
) -> None:
    site = make_site()
    shell(site, PREPARE)
    killed(site, KILL_AMID_ROWS)
    told = json.loads(shell(site, TELL))
    assert told["export"] == ["running", False, ""]
    assert told["files"] == {}
    killed(site, KILL_WITH_THE_FILE_STORED)
    told = json.loads(shell(site, TELL))
    assert told["export"] == ["running", False, ""], "stored, but nobody is offered it"
    assert len(told["files"]) == 1
    killed(site, KILL_AMID_APPLYING)
    told = json.loads(shell(site, TELL))
    assert told["import"] == ["applying", 0]

    shell(site, RESUME)
    told = json.loads(shell(site, TELL))
    state, is_offered, file = told["export"]
    assert (state, is_offered) == ("ready", True)
    assert told["files"] == {file.partition("/")[2]: 1 + ROWS}
    assert told["import"] == ["done", 300]
