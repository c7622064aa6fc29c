"""A delivery wakes a real worker over a real broker; without one it is kept all the same."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests

from tests.conftest import ROOT, Site

MESSAGE = {"phone_number": "08123456789", "message": "Halo, mau tanya", "channel": "whatsapp"}
BROKERS = {
    "redis": "redis://127.0.0.1:6379/13",
    "rabbitmq": "amqp://guest:guest@127.0.0.1:5672//",
}


def is_listening(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
            return True
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(site: Site, *command: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, cwd=ROOT, env=site.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def web(site: Site) -> Iterator[str]:
    port, granian = free_port(), str(Path(sys.executable).with_name("granian"))
    options = ("--interface=wsgi", f"--port={port}", "--workers=1", "--workers-kill-timeout=5")
    with running(site, granian, *options, "funnel_site.wsgi:application"):
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: is_listening(address) and requests.get(f"{address}/healthz", timeout=5).ok)
        yield address


def wait_for(happened: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    site = make_site()
    site.env |= {
        "DJANGO_SETTINGS_MODULE": "funnel_site.settings",
        "SECRET_KEY": "a-key-of-this-test-alone-0123456789abcdef",
        # A queue of this test's own: another worker on the same broker must not take its rings.
        "CELERY_QUEUE": f"test-{uuid4().hex}",
    }
    return site


@pytest.mark.parametrize("broker", BROKERS)
def test_a_worker_is_woken_and_reads_what_came(site: Site, broker: str) -> None:
    if not is_listening(BROKERS[broker]):
        pytest.skip(f"{broker} is not running on this machine")
    site.env["CELERY_BROKER_URL"] = BROKERS[broker]
    headers = {
        "Authorization": f"Api-Key {site.run('create_api_key', 'test', '--scope', 'ingest')}".strip()
    }
    celery = (
        sys.executable,
        "-m",
        "celery",
        "-A",
        "funnel_site",
        "worker",
        "-P",
        "solo",
        "-l",
        "ERROR",
    )
    with running(site, *celery), web(site) as address:
        answer = requests.post(
            f"{address}/api/messages/", json=MESSAGE, headers=headers, timeout=20
        )
        assert answer.status_code == 202
        event = f"{address}/api/events/{answer.json()['event_id']}"

        def is_processed() -> bool:
            # No beat runs: only the ring can have brought the worker here.
            return bool(
                requests.get(event, headers=headers, timeout=20).json()["state"] == "processed"
            )

        wait_for(is_processed)


def test_with_the_broker_away_a_delivery_is_kept_and_found_by_the_sweep(site: Site) -> None:
    site.env["CELERY_BROKER_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    headers = {
        "Authorization": f"Api-Key {site.run('create_api_key', 'test', '--scope', 'ingest')}".strip()
    }
    with web(site) as address:
        answer = requests.post(
            f"{address}/api/messages/", json=MESSAGE, headers=headers, timeout=20
        )
        assert answer.status_code == 202
        event = f"{address}/api/events/{answer.json()['event_id']}"
        assert requests.get(event, headers=headers, timeout=20).json()["state"] == "pending"
        assert requests.get(f"{address}/readyz", timeout=20).status_code == 503
        site.run("run_inbox", "--once")
        assert requests.get(event, headers=headers, timeout=20).json()["state"] == "processed"
