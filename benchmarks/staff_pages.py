"""Every page of the staff with few and with many customers: lists, filters, orders, searches, desk.

DATABASE_URL=postgres://… python -m benchmarks.staff_pages [--customers 2000 2000000] [--keep]
    [--only TEXT] [--plans TEXT]

The lists are those of the admin site, their filters and orders those that each list offers. For each
page: statements, milliseconds of wall time, and milliseconds of processor (this process's, and the
database's where it runs on this machine), the least of some runs, beside an empty admin page; nothing
is taken from the cache. A page fails where its statements differ, where its processor time grows beyond
the goal, or where a first page costs more than the goal's multiple of an empty one. What fails is
measured once more, since other work on the machine costs processor time, too. With --keep the databases
stay for the next time.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks.databases import server_url, set_up_django
from benchmarks.staff_addresses import EMPTY, Page, list_pages, other_pages
from benchmarks.staff_fill import fill

GROWTH = 1.5
FLOOR_MS = 15.0
"""A difference below this is noise on a machine that does other things, too."""
MULTIPLE = 10.0
RUNS = 2
TIMES = ("wall", "processor")
SLOW_S = 0.7
"""A page that takes longer is run once."""
LIMITS = "-c statement_timeout=60000 -c max_parallel_workers_per_gather=0"


@dataclass(slots=True)
class Figures:
    """One page: what it took; `processor` is ours and the database's together, in milliseconds."""

    name: str
    kind: str
    address: str
    statements: int
    wall: float
    processor: float
    rows: int
    error: str = ""


def server_seconds(pid: int) -> float:
    """Processor time of the database's process, if it is on this machine; else 0."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return 0.0


def measured(client: Any, page: Page) -> Figures:
    """One page warmed, counted, and run some times."""
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    pid = connection.connection.info.backend_pid
    walls, processors = [], []
    statements = rows = 0
    error = ""
    # The first warms up: what a process reads once is not of the page.
    for run in range(RUNS + 1):
        cache.clear()
        at = time.perf_counter(), time.process_time(), server_seconds(pid)
        with CaptureQueriesContext(connection) as taken:
            rows, error = asked(client, page.address)
        walls.append(time.perf_counter() - at[0])
        processors.append(time.process_time() - at[1] + server_seconds(pid) - at[2])
        statements = len(taken)
        if walls[run] > SLOW_S:
            walls, processors = walls[run:], processors[run:]
            break
    warm = slice(1, None) if len(walls) > 1 else slice(None)
    return Figures(
        page.name, page.kind, page.address, statements, min(walls[warm]) * 1e3,
        min(processors[warm]) * 1e3, rows, error,
    )  # fmt: skip


def asked(client: Any, address: str) -> tuple[int, str]:
    """How many rows the page's list shows, and what was wrong with the answer."""
    from django.db import Error

    try:
        answer = client.get(address, SERVER_NAME="localhost")
        if answer.streaming:
            next(iter(answer.streaming_content), b"")
    except Error as error:
        return 0, str(error).splitlines()[0]
    shown = getattr(answer, "context_data", None) or {}
    rows = len(shown["cl"].result_list) if "cl" in shown else 0
    return rows, "" if answer.status_code in (200, 302) else f"{answer.status_code}"


def measure(customers: int, only: str, names: Collection[str]) -> Iterator[Figures]:
    """The figures of all pages, or of these names, in the database that DATABASE_URL names now."""
    from django.db import connection

    connection.ensure_connection()
    for client, page in clients_and_pages(customers):
        is_wanted = page.name in names if names else only in f"{page.name} {page.address}"
        if page.address == EMPTY or is_wanted:
            yield measured(client, page)


def clients_and_pages(customers: int) -> Iterator[tuple[Any, Page]]:
    """As an administrator every page; as a support agent, who sees some of the rooms, some."""
    from django.contrib.auth.models import Group, User
    from django.test import Client

    admin = User.objects.filter(username="bench").first() or User.objects.create_superuser("bench")
    agent, _ = User.objects.get_or_create(username="bench-agent", is_staff=True, is_active=True)
    agent.groups.set(Group.objects.filter(name="Support agent"))
    client, agents = Client(), Client()
    client.force_login(admin)
    agents.force_login(agent)
    for page in [*other_pages(customers), *list_pages(admin)]:
        yield client, page
    theirs = ("conversations_room", "conversations_message", "conversations_customer")
    for page in [*other_pages(customers), *list_pages(agent, theirs)]:
        if page.address != EMPTY and page.kind != "admin":
            yield agents, Page(f"{page.name} [agent]", page.kind, page.address)


def explain(customers: int, only: str) -> None:
    """Print the plans of the statements of the pages whose name or address holds the text."""
    from django.db import connection

    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("LOAD 'auto_explain'")
        for setting in ("log_min_duration = 20", "log_analyze = on", "log_buffers = on"):
            cursor.execute(f"SET auto_explain.{setting}")
        cursor.execute("SET client_min_messages = log")
    connection.connection.add_notice_handler(lambda notice: print(notice.message_primary))
    for client, page in clients_and_pages(customers):
        if only in f"{page.name} {page.address}":
            print(f"=== {page.name} {page.address}")
            asked(client, page.address)


def prepared(customers: int) -> str:
    """The URL of the database of this size, made and filled where it is not there yet."""
    url = server_url()
    name = f"staff_pages_{customers}"
    own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            connection.execute(f'CREATE DATABASE "{name}"')
    return own


def child(
    url: str, customers: int, *, only: str = "", plans: str = "", names: Collection[str] = ()
) -> list[Figures]:
    """Measure in a process of its own, since a process of Django has one database."""
    command = [sys.executable, "-m", "benchmarks.staff_pages", "--child", str(customers)]
    command += ["--only", only, "--plans", plans]
    environment = {**os.environ, "DATABASE_URL": url, "PGOPTIONS": LIMITS}
    given = "\n".join(names).encode()
    done = subprocess.run(command, env=environment, check=True, input=given, stdout=subprocess.PIPE)
    if plans:
        print(done.stdout.decode())
        return []
    return [Figures(**json.loads(line)) for line in done.stdout.splitlines()]


def run_child(customers: int, *, only: str, plans: str) -> None:
    """What `child` starts: the names of the pages, where not all, are on standard input."""
    names = set(sys.stdin.read().splitlines())
    set_up_django(os.environ["DATABASE_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as own:
        if own.execute("SELECT 1 FROM conversations_customer LIMIT 1").fetchone() is None:
            own.execute("SET statement_timeout = 0")
            fill(own, customers=customers)
    if plans:
        explain(customers, plans)
    else:
        # A page a line, so that what was measured is not lost where somebody stops it.
        for one in measure(customers, only, names):
            print(json.dumps(asdict(one)), flush=True)


def compared(few: list[Figures], many: list[Figures]) -> dict[str, str]:
    """The table's lines by the names of the pages; those that miss a goal end in what they miss."""
    by_name = {one.name: one for one in few}
    firsts = {one.address.partition("?")[0]: one for one in few if one.kind == "list"}
    empty = next(one for one in many if one.address == EMPTY)
    lines = {}
    for slow in many:
        quick = by_name.get(slow.name)
        if quick is None:
            continue
        # A filter that finds less among few is compared with the list's full page.
        first = firsts.get(slow.address.partition("?")[0])
        base = max(quick.processor, first.processor if first else 0.0)
        if quick.rows == slow.rows:
            base = quick.processor
        growth, multiple = slow.processor / base, slow.processor / empty.processor
        trouble = [slow.error or quick.error] if slow.error or quick.error else []
        if quick.statements != slow.statements and quick.rows == slow.rows:
            trouble.append("statements differ")
        if growth > GROWTH and slow.processor - base > FLOOR_MS:
            trouble.append("grows")
        if multiple > MULTIPLE:
            trouble.append("dear")
        lines[slow.name] = (
            f"{slow.name[:63]:64}{quick.statements:5} →{slow.statements:4}"
            f"{quick.wall:8.1f}{slow.wall:9.1f}{quick.processor:9.1f}{slow.processor:9.1f}"
            f"{growth:8.2f}{multiple:8.1f} {', '.join(trouble)}"
        )
    return lines


def failing(lines: dict[str, str]) -> list[str]:
    return [name for name, line in lines.items() if not line.endswith(" ")]


def lesser(before: list[Figures], again: list[Figures]) -> list[Figures]:
    """What was measured twice takes the least of both."""
    seconds = {one.name: one for one in again}
    merged = []
    for one in before:
        other = seconds.get(one.name, one)
        least = {name: min(getattr(one, name), getattr(other, name)) for name in TIMES}
        merged.append(replace(other, **least))
    return merged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, nargs=2, default=[2_000, 2_000_000])
    parser.add_argument("--keep", action="store_true", help="leave the databases for next time")
    parser.add_argument("--only", default="", help="pages whose name or address holds this")
    parser.add_argument("--plans", default="", help="print the plans of these pages instead")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        return run_child(given.child, only=given.only, plans=given.plans)
    urls = [prepared(customers) for customers in given.customers]
    sizes = list(zip(urls, given.customers, strict=True))
    if given.plans:
        sizes = sizes[1:]
    results = [
        child(url, customers, only=given.only, plans=given.plans) for url, customers in sizes
    ]
    if not given.plans and (names := failing(compared(*results))):
        second = [child(url, customers, names=names) for url, customers in sizes]
        results = [lesser(*both) for both in zip(results, second, strict=True)]
    if not given.keep:
        with psycopg.connect(server_url(), autocommit=True) as connection:
            for url in urls:
                connection.execute(f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')
    if not given.plans:
        report(compared(*results))
    return None


def report(lines: dict[str, str]) -> None:
    print(
        f"{'page':64}{'statements':>11}{'wall ms':>17}{'processor ms':>18}{'growth':>8}{'×empty':>8}"
    )
    print("\n".join(lines.values()))
    if failed := failing(lines):
        sys.exit(f"{len(failed)} of {len(lines)} pages beyond the goals")


if __name__ == "__main__":
    main()
