"""The watched folder: whole files once, by one of many workers, and out of the way afterwards."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from moto.server import ThreadedMotoServer

from carddata.models import CardEvent, DropEntry, PartnerFile, StaffNotice
from carddata.services import dropping
from carddata.services.claiming import new_runner
from carddata.services.dropping import sweep_drop
from carddata.tasks import resume_forgotten_files, work_on_file
from carddata.tasks import sweep_drop as sweep_task
from funnel_site.lib.storage_url import storage_from_url
from tests.carddata.making import courier, line, text_of
from tests.conftest import Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def drop(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    settings.PARTNER_DROP = str(folder)
    monkeypatch.setattr(dropping, "STABLE", timedelta(0))
    courier()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_a_file_is_taken_when_two_sweeps_found_it_alike(drop: Path) -> None:
    (drop / "courier.csv").write_bytes(text_of(line()))

    first = sweep_drop()
    second = sweep_drop()

    assert (first.waiting, first.imported) == (["courier.csv"], [])
    assert second.imported == ["courier.csv"]
    assert names(drop) == ["done/courier.csv"]
    assert PartnerFile.objects.get().way == "folder"
    assert not DropEntry.objects.exists()


def test_a_file_that_still_grows_waits(drop: Path) -> None:
    path = drop / "courier.csv"
    path.write_bytes(text_of(line()))

    for number in range(3):
        assert sweep_drop().waiting == ["courier.csv"]
        with path.open("ab") as file:
            file.write(line(card=f"C{number}").encode() + b"\n")
    assert sweep_drop().waiting == ["courier.csv"]
    assert sweep_drop().imported == ["courier.csv"]
    assert CardEvent.objects.count() == 4


def test_a_mark_beside_a_file_says_that_it_is_whole(drop: Path) -> None:
    (drop / "courier.csv").write_bytes(text_of(line()))
    (drop / "courier.csv.done").touch()

    assert sweep_drop().imported == ["courier.csv"]
    assert names(drop) == ["done/courier.csv"]


def test_what_is_no_whole_regular_file_is_left_alone(drop: Path, tmp_path: Path) -> None:
    (drop / "courier.csv.part").write_bytes(text_of(line()))
    (drop / ".courier.csv").write_bytes(text_of(line()))
    (tmp_path / "secret.csv").write_bytes(text_of(line()))
    (drop / "courier link.csv").symlink_to(tmp_path / "secret.csv")
    (drop / "courier folder.csv").mkdir()
    os.mkfifo(drop / "courier pipe.csv")

    for _ in range(3):
        report = sweep_drop()

    assert (report.imported, report.failed, report.waiting) == ([], [], [])
    assert not PartnerFile.objects.exists()


def test_a_file_that_does_not_go_in_is_set_aside_and_told(drop: Path) -> None:
    (drop / "courier bad.csv").write_bytes(b"A,B\n1,2\n")
    (drop / "courier zip.csv").write_bytes(b"PK\x03\x04....")
    (drop / "stranger.csv").write_bytes(text_of(line()))
    (drop / "courier good.csv").write_bytes(text_of(line()))
    sweep_drop()

    report = sweep_drop()

    assert report.imported == ["courier good.csv"]
    assert sorted(report.failed) == ["courier bad.csv", "courier zip.csv", "stranger.csv"]
    assert names(drop) == [
        "done/courier good.csv", "failed/courier bad.csv", "failed/courier zip.csv", "failed/stranger.csv",
    ]  # fmt: skip
    subjects = " ".join(StaffNotice.objects.values_list("subject", flat=True))
    assert all(name in subjects for name in report.failed)


def test_the_same_name_again_is_another_file_and_keeps_both(drop: Path) -> None:
    for number in range(2):
        (drop / "courier.csv").write_bytes(text_of(line(card=f"C{number}")))
        sweep_drop()
        assert sweep_drop().imported == ["courier.csv"]

    assert len(names(drop)) == 2
    assert PartnerFile.objects.count() == 2


def test_a_folder_that_vanishes_is_told_once_and_found_again(drop: Path) -> None:
    drop.rmdir()

    assert "cannot be read" in sweep_drop().error
    assert "cannot be read" in sweep_drop().error
    assert StaffNotice.objects.count() == 1
    drop.mkdir()
    (drop / "courier.csv").write_bytes(text_of(line()))
    sweep_drop()
    assert sweep_drop().imported == ["courier.csv"]


def test_a_file_that_vanishes_under_our_hands_is_no_failure(
    drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop / "courier.csv"
    path.write_bytes(text_of(line()))
    sweep_drop()
    calm = dropping._claim

    def claim_and_lose(name: str) -> bool:
        path.unlink()
        return calm(name)

    monkeypatch.setattr(dropping, "_claim", claim_and_lose)

    report = sweep_drop()

    assert (report.imported, report.failed) == ([], [])
    assert not DropEntry.objects.exists()


def test_a_claim_of_a_worker_that_is_gone_is_taken_over(drop: Path) -> None:
    (drop / "courier.csv").write_bytes(text_of(line()))
    sweep_drop()
    host, _, word = new_runner().split(":")
    DropEntry.objects.update(claimed_by=f"{host}:4194999:{word}")

    assert sweep_drop().imported == ["courier.csv"]


def test_nothing_is_watched_unless_set(settings: Any) -> None:
    settings.PARTNER_DROP = ""

    assert sweep_task() == 0


def test_a_file_whose_start_was_lost_is_found_by_the_sweep(drop: Path, settings: Any) -> None:
    from django.utils.timezone import now

    from carddata.services.files import keep_file

    (drop / "x.csv").write_bytes(text_of(line()))
    with (drop / "x.csv").open("rb") as source:
        file, _ = keep_file(source, name="courier.csv", way="upload")
    assert resume_forgotten_files() == 0
    PartnerFile.objects.update(created_at=now() - timedelta(minutes=2))
    settings.CELERY_TASK_ALWAYS_EAGER = True
    from celery import current_app

    current_app.conf.task_always_eager = True
    try:
        assert resume_forgotten_files() == 1
    finally:
        current_app.conf.task_always_eager = False
    file.refresh_from_db()
    assert file.state == "done"
    assert work_on_file(file.pk) == "done"


def test_two_workers_take_each_of_two_hundred_files_once(
    make_site: Callable[[], Site], tmp_path: Path
) -> None:
    site = make_site()
    folder = tmp_path / "shared drop"
    folder.mkdir()
    site.env["PARTNER_DROP"] = str(folder)
    head = "ID,Card ID,User Mobile,Timestamp\n"
    for number in range(200):
        text = f"{head}{number},ZYW{number},0545576586,11-11-2023 3:45 AM\n"
        (folder / f"pickup {number:03}.csv").write_text(text)

    workers = [site.start("sweep_partner_drop") for _ in range(2)]
    deadline = time.monotonic() + 120
    while list(folder.glob("*.csv")) and time.monotonic() < deadline:
        time.sleep(0.3)
    for worker in workers:
        worker.terminate()
    codes = [worker.wait(timeout=60) for worker in workers]

    assert codes == [0, 0]
    assert len(list((folder / "done").iterdir())) == 200
    assert not (folder / "failed").exists()
    told = site.run("shell", "-v0", "-c", COUNT)
    assert told.split() == ["200", "200", "200", "0"]


COUNT = """
from carddata.models import *
done = PartnerFile.objects.filter(state="done", loaded=1)
print(done.count(), CardEvent.objects.count(), CardStatus.objects.count(), StaffNotice.objects.count())
"""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket of a local S3 server, and its address."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="partners")
    yield client, f"s3://partners/incoming?endpoint={endpoint}&region=us-east-1"
    server.stop()


def test_a_bucket_is_watched_like_a_folder(drop: Path, bucket: Any, settings: Any) -> None:
    client, settings.PARTNER_DROP = bucket
    for name, content in (
        ("courier.csv", text_of(line())),
        ("courier bad.csv", b"A,B\n1,2\n"),
        ("courier.csv.part", b"x"),
    ):
        client.put_object(Bucket="partners", Key=f"incoming/{name}", Body=content)

    first, second = sweep_drop(), sweep_drop()

    assert sorted(first.waiting) == ["courier bad.csv", "courier.csv"]
    assert (second.imported, second.failed) == (["courier.csv"], ["courier bad.csv"])
    keys = [one["Key"] for one in client.list_objects_v2(Bucket="partners")["Contents"]]
    assert keys == [
        "incoming/courier.csv.part", "incoming/done/courier.csv", "incoming/failed/courier bad.csv",
    ]  # fmt: skip
    assert CardEvent.objects.count() == 1


def test_a_bucket_that_is_not_there_is_told(drop: Path, bucket: Any, settings: Any) -> None:
    settings.PARTNER_DROP = bucket[1].replace("//partners/", "//nobody/")

    assert "cannot be read" in sweep_drop().error
    assert StaffNotice.objects.exists()


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "s3://bucket?colour=red"])
def test_an_address_that_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        storage_from_url(url)


def test_a_path_is_a_folder(tmp_path: Path) -> None:
    for url in (str(tmp_path), f"file://{tmp_path}"):
        storage = storage_from_url(url)
        assert isinstance(storage, FileSystemStorage)
        assert storage.location == str(tmp_path)


def test_a_name_that_is_no_text_is_noticed_and_stops_nobody(drop: Path) -> None:
    os.close(os.open(os.fsencode(drop) + b"/caf\xe9.csv", os.O_CREAT | os.O_WRONLY))
    (drop / "courier.csv").write_bytes(text_of(line()))

    sweep_drop()
    sweep_drop()

    assert (drop / "done/courier.csv").exists()
    assert StaffNotice.objects.filter(subject__contains="not UTF-8").exists()
