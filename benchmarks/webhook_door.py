"""Signed webhook deliveries a second, against an empty DRF view and a bare INSERT on the same server.

    DATABASE_URL=postgres://… python -m benchmarks.webhook_door [--rounds 5] [--seconds 4]

Needs Debian's `wrk`, and Redis on loopback for the wake-ups. No worker runs meanwhile: this is what
the door itself bears. Each delivery has an id, a text and a signature of its own.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import orjson
import psycopg

from benchmarks.databases import ROOT, fresh_database, set_up_django

PORT = 8765
CONNECTIONS = 16
THREADS = 8
EMPTY, INSERT, DOOR = "/benchmark/empty", "/benchmark/insert", "/webhooks/messages"
LUA = """
local rows = {}
local number = 0
local threads = 0
function setup(thread) thread:set("first", threads); threads = threads + 1 end
function init(args)
  local place = 0
  for line in io.lines("FILE") do
    place = place + 1
    if place % 2 == first then
      local id, moment, signature, body = line:match("^(%S+)\\t(%S+)\\t(%S+)\\t(.*)$")
      rows[#rows + 1] = wrk.format("POST", "PATH", {["Content-Type"] = "application/json",
        ["webhook-id"] = id, ["webhook-timestamp"] = moment, ["webhook-signature"] = signature}, body)
    end
  end
end
function request()
  number = number + 1
  return rows[(number - 1) % #rows + 1]
end
"""


def write_deliveries(path: Path, count: int) -> None:
    from django.conf import settings

    from funnel_site.demo_stream import message_stream
    from tests.conftest import sign

    moment = int(time.time())
    with path.open("w", encoding="utf-8") as file:
        for number, message in enumerate(message_stream(count, customers=2_000, seed=3)):
            body = orjson.dumps(message)
            name = f"msg_{number}"
            signature = sign(
                body, secret=settings.WEBHOOK_SECRETS[0], webhook_id=name, timestamp=moment
            )
            file.write(f"{name}\t{moment}\t{signature}\t{body.decode()}\n")


@contextmanager
def server(url: str, *, port: int = PORT) -> Iterator[None]:
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DATABASE_POOL": "true",
    }
    granian = Path(sys.executable).with_name("granian")
    process = subprocess.Popen(
        [
            granian,
            "--interface=wsgi",
            f"--port={port}",
            "--workers=2",
            f"--blocking-threads={THREADS}",
            "--workers-kill-timeout=5",
            "--no-access-log",
            "--log-level=warning",
            "funnel_site.wsgi:application",
        ],
        cwd=ROOT,
        env=env,
    )
    try:
        for _ in range(100):
            time.sleep(0.2)
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
            except OSError:
                continue
            break
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def rate(path: str, deliveries: Path, seconds: int) -> float:
    """Answers a second that wrk counts; anything but 2xx ends the benchmark."""
    script = deliveries.with_suffix(".lua")
    script.write_text(LUA.replace("FILE", str(deliveries)).replace("PATH", path))
    address = f"http://127.0.0.1:{PORT}"
    done = subprocess.run(
        [
            "wrk",
            "-t2",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "--latency",
            "-s",
            str(script),
            address,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in done.stdout:
        sys.exit(done.stdout)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    slow = re.search(r"99%\s+(\S+)", done.stdout)
    assert found
    print(f"{path:24} {float(found[1]):8,.0f} requests/s   p99 {slow[1] if slow else '?'}")
    return float(found[1])


def compare(url: str, deliveries: Path, *, rounds: int, seconds: int) -> dict[str, list[float]]:
    """The three addresses in turn, so that whatever else the machine does weighs on all of them."""
    rates: dict[str, list[float]] = {path: [] for path in (EMPTY, INSERT, DOOR)}
    for number in range(rounds + 1):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("TRUNCATE conversations_inboundevent CASCADE")
        print("warming up" if number == 0 else f"round {number}")
        for path, found in rates.items():
            found.append(rate(path, deliveries, seconds))
    return {path: found[1:] for path, found in rates.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each address in each round")
    given = parser.parse_args()
    with fresh_database() as url, tempfile.TemporaryDirectory() as folder:
        set_up_django(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE benchmark_bare (id bigserial PRIMARY KEY, body bytea)")
        deliveries = Path(folder) / "deliveries.txt"
        write_deliveries(deliveries, 4_000 * given.seconds)
        with server(url):
            rates = compare(url, deliveries, rounds=given.rounds, seconds=given.seconds)
        with psycopg.connect(url) as connection:
            counted = connection.execute("SELECT count(*) FROM conversations_inboundevent")
            [(kept,)] = counted.fetchall()
    print(f"deliveries kept in the last round: {kept:,}")
    for path, found in rates.items():
        print(f"median {path:24} {median(found):8,.0f} requests/s")
    for floor, goal in ((EMPTY, 0.5), (INSERT, 0.7)):
        ratio = median(door / other for door, other in zip(rates[DOOR], rates[floor], strict=True))
        print(f"ratio to {floor}: {ratio:.2f}, the median of the rounds (goal {goal})")


if __name__ == "__main__":
    main()
