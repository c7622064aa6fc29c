"""Every page of the staff with few and with many customers: lists, filters, orders, searches, desk.

DATABASE_URL=postgres://… python -m benchmarks.staff_pages [--customers 2000 2000000] [--keep]
    [--only TEXT …] [--plans TEXT]

The lists are those of the admin site, their filters and orders those that each list offers. For each
page: statements, milliseconds of wall time, and milliseconds of processor (this process's, and the
database's where it runs on this machine), the least of some runs, beside an empty admin page; nothing
is taken from the cache. A page fails where many need more statements (a long list gives its totals only
when asked, and needs fewer), where its processor time grows beyond the goal, or where a first page costs
more than the goal's multiple of an empty one. Other work on the machine costs processor time, too: so few
and many are asked in turns, page by page, and what fails is measured again, warm and more often. The lines
go to standard error as they are made, the table to standard output. With --keep the databases stay for
the next time.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks.databases import server_url, set_up_django
from benchmarks.staff_addresses import EMPTY, EMPTY_NAME, Page, list_pages, other_pages
from benchmarks.staff_fill import fill

GROWTH = 1.5
FLOOR_MS = 15.0
"""A difference below this is noise on a machine that does other things, too."""
MULTIPLE = 10.0
RUNS = 2
TIMES = ("wall", "processor", "database")
AGAIN = 2
"""So often a page that fails is measured again."""
SLOW_S = 1.0
"""A page that costs more is run once."""
KINDS = "admin|desk|list|list page|search|filter|choice|row|form|order".split("|")
"""In this order: a list comes before its filters."""
COMMAND = (sys.executable, "-m", "benchmarks.staff_pages")
LIMITS = "-c statement_timeout=60000 -c max_parallel_workers_per_gather=0"


@dataclass(slots=True)
class Figures:
    """One page: what it took in milliseconds; `processor` is ours and the `database`'s together."""

    name: str
    kind: str
    address: str
    statements: int
    wall: float
    processor: float
    database: float
    rows: int
    error: str = ""


def server_seconds(pid: int) -> float:
    """Processor time of the database's process, if it is on this machine; else 0."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return 0.0


def measured(client: Any, page: Page, *, times: int) -> Figures:
    """One page counted, and run some times; the first of several is to warm it up."""
    from django.core.cache import cache
    from django.db import connection, reset_queries
    from django.test.utils import CaptureQueriesContext

    pid = connection.connection.info.backend_pid
    runs = []
    statements = rows = 0
    error = ""
    for _ in range(times):
        cache.clear()
        # The log of statements holds so many and no more: what a full one counts is nothing.
        reset_queries()
        at = time.perf_counter(), time.process_time(), server_seconds(pid)
        with CaptureQueriesContext(connection) as taken:
            rows, error = asked(client, page.address)
        database = server_seconds(pid) - at[2]
        own = time.process_time() - at[1]
        runs.append((own + database, time.perf_counter() - at[0], database))
        statements = len(taken)
        if own + database > SLOW_S:
            break
    processor, wall, database = (
        min(values) * 1e3 for values in zip(*runs[1:] or runs, strict=True)
    )
    return Figures(
        page.name, page.kind, page.address, statements, wall, processor, database, rows, error
    )


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


class Child:
    """A process that measures pages as they are asked: one of Django has one database."""

    def __init__(self, url: str, customers: int) -> None:
        self.running = subprocess.Popen(
            [*COMMAND, "--child", str(customers)],
            env={**os.environ, "DATABASE_URL": url, "PGOPTIONS": LIMITS},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.pages: dict[str, str] = json.loads(self._line())
        """Addresses by name."""

    def ask(self, name: str, times: int) -> Figures:
        assert self.running.stdin
        self.running.stdin.write(f"{times} {name}\n")
        self.running.stdin.flush()
        return Figures(**json.loads(self._line()))

    def _line(self) -> str:
        assert self.running.stdout
        return self.running.stdout.readline() or sys.exit("a process that measures has ended")


def run_child(customers: int, *, plans: str) -> None:
    """What `Child` starts: names of pages come in, figures go out. Fills an empty database first."""
    set_up_django(os.environ["DATABASE_URL"])
    from django.db import connection

    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as own:
        if own.execute("SELECT 1 FROM conversations_customer LIMIT 1").fetchone() is None:
            own.execute("SET statement_timeout = 0")
            fill(own, customers=customers)
    if plans:
        return explain(customers, plans)
    # Django's word about the days without a zone that a range filter is asked for.
    warnings.simplefilter("ignore", RuntimeWarning)
    connection.ensure_connection()
    found = sorted(clients_and_pages(customers), key=lambda pair: KINDS.index(pair[1].kind))
    pages = {page.name: (client, page) for client, page in found}
    print(json.dumps({name: page.address for name, (_, page) in pages.items()}), flush=True)
    for line in sys.stdin:
        times, _, name = line.rstrip("\n").partition(" ")
        print(json.dumps(asdict(measured(*pages[name], times=int(times)))), flush=True)
    return None


class Table:
    """The figures of few and of many, page by page, and what misses a goal."""

    def __init__(self) -> None:
        self.pairs: dict[str, tuple[Figures, Figures]] = {}

    def put(self, few: Figures, many: Figures) -> None:
        """Of a page that is measured again the least counts."""
        before = self.pairs.get(few.name, (few, many))
        self.pairs[few.name] = (lesser(before[0], few), lesser(before[1], many))

    def line(self, name: str) -> str:
        """What misses a goal ends in what it misses, the others in a blank."""
        quick, slow = self.pairs[name]
        base = max(quick.processor, self._as_many_rows(quick, slow))
        growth = slow.processor / base
        multiple = slow.processor / self.pairs[EMPTY_NAME][1].processor
        trouble = [slow.error or quick.error] if slow.error or quick.error else []
        if quick.statements < slow.statements and quick.rows == slow.rows:
            trouble.append("more statements")
        if growth > GROWTH and slow.processor - base > FLOOR_MS:
            trouble.append("grows")
        if multiple > MULTIPLE:
            trouble.append("dear")
        return (
            f"{slow.name[:63]:64}{quick.statements:5} →{slow.statements:4}"
            f"{quick.wall:8.1f}{slow.wall:9.1f}{quick.processor:9.1f}{slow.processor:9.1f}"
            f"{quick.database:9.1f}{slow.database:9.1f}"
            f"{growth:8.2f}{multiple:8.1f} {', '.join(trouble)}"
        )

    def _as_many_rows(self, quick: Figures, slow: Figures) -> float:
        """Where a page has fewer rows among few: the least that one of the list with as many takes there.

        Of the same kind if there is one: a filter puts itself into the link of each row, which costs.
        """
        if quick.rows == slow.rows:
            return 0.0
        path = slow.address.partition("?")[0]
        pages = [few for few, _ in self.pairs.values() if few.address.partition("?")[0] == path]
        full = [page for page in pages if page.rows == slow.rows]
        alike = [page for page in full if page.kind == slow.kind] or full
        return min((page.processor for page in alike), default=0.0)

    def failing(self) -> list[str]:
        return [name for name in self.pairs if not self.line(name).endswith(" ")]

    def print(self) -> None:
        print(
            f"{'page':64}{'statements':>11}{'wall ms':>17}{'processor ms':>18}"
            f"{'of it database':>18}{'growth':>8}{'×empty':>8}"
        )
        for name in self.pairs:
            print(self.line(name))


def lesser(before: Figures, again: Figures) -> Figures:
    least = {name: min(getattr(before, name), getattr(again, name)) for name in TIMES}
    return replace(again, **least)


def measure(few: Child, many: Child, only: Sequence[str]) -> Table:
    """All pages, or those whose name or address holds one of the texts, and again those that fail."""
    table = Table()

    def ask(name: str, times: int) -> None:
        table.put(few.ask(name, times), many.ask(name, times))
        print(table.line(name), file=sys.stderr, flush=True)

    ask(EMPTY_NAME, RUNS + 1)
    for name, address in many.pages.items():
        is_wanted = any(text in f"{name} {address}" for text in only)
        if name in few.pages and name != EMPTY_NAME and is_wanted:
            ask(name, 1)
    for _ in range(AGAIN):
        for name in [EMPTY_NAME, *table.failing()]:
            ask(name, RUNS + 1)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, nargs=2, default=[2_000, 2_000_000])
    parser.add_argument("--keep", action="store_true", help="leave the databases for next time")
    parser.add_argument(
        "--only", nargs="+", default=[""], help="pages whose name or address holds one of these"
    )
    parser.add_argument("--plans", default="", help="print the plans of these pages instead")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        return run_child(given.child, plans=given.plans)
    urls = [prepared(customers) for customers in given.customers]
    if given.plans:
        environment = {**os.environ, "DATABASE_URL": urls[1], "PGOPTIONS": LIMITS}
        command = [*COMMAND, "--child", str(given.customers[1]), "--plans", given.plans]
        subprocess.run(command, env=environment, check=True)
        return None
    few, many = (Child(url, size) for url, size in zip(urls, given.customers, strict=True))
    table = measure(few, many, given.only)
    for child in (few, many):
        child.running.communicate()
    if not given.keep:
        with psycopg.connect(server_url(), autocommit=True) as connection:
            for url in urls:
                connection.execute(f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')
    table.print()
    if failed := table.failing():
        sys.exit(f"{len(failed)} of {len(table.pairs)} pages beyond the goals")
    return None


if __name__ == "__main__":
    main()
