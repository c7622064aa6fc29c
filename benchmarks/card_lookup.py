"""Card lookups a second against an empty view behind the same key, at ten thousand and at five million cards.

    DATABASE_URL=postgres://… python -m benchmarks.card_lookup [--seconds 3] [--cards 10000 5000000]

Needs Debian's `wrk`. Every request asks for another card, in random order; the empty view checks the
same key, scope and pace. The two take turns, and the ratio is the median of the turns', so that other
work on the machine falls on both. Where the machine is too busy for that, the second ratio tells more: of
the processor time a request, in the web server and in PostgreSQL (on this machine). Each lookup writes its line of the access log, which is counted at the end.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from operator import truediv
from pathlib import Path

import psutil
import psycopg

from benchmarks.databases import fresh_database, set_up_django
from benchmarks.webhook_door import PORT, server

ROUNDS = 9
LUA = """
local threads = 0
function setup(thread) thread:set("first", threads); threads = threads + 1 end
function init(args) math.randomseed(7 + first) end
function request()
  return wrk.format("GET", string.format("/api/cards/B%07d/status", math.random(CARDS)), HEADERS)
end
"""
EMPTY = """
function request() return wrk.format("GET", "/benchmark/empty-key", HEADERS) end
"""
FILL = """
SET session_replication_role = replica;
INSERT INTO carddata_cardevent (card_id, occurred_at, status, weight, content, contact, word, comment,
  consignment_no, file_id, line)
SELECT 'B' || lpad(n::text, 7, '0'), now() - n * interval '1 second', 'delivered', 550, gen_random_uuid(),
  '+97150' || lpad(n::text, 7, '0'), 'DELIVERED', 'DELIVERED', 'A' || n,
  %(file)s, n FROM generate_series(%(first)s, %(last)s) n;
INSERT INTO carddata_cardstatus (card_id, event_id, partner_id, status, occurred_at, weight, content,
  contact, comment, updated_at)
SELECT e.card_id, e.id, f.partner_id, e.status, e.occurred_at, e.weight, e.content, e.contact, e.comment,
  now() FROM carddata_cardevent e JOIN carddata_partnerfile f ON f.id = e.file_id
  WHERE e.line BETWEEN %(first)s AND %(last)s;
"""


def make_file() -> int:
    """The file that all cards are said to come from; gives its primary key."""
    from carddata.models import Partner, PartnerFile

    partner = Partner.objects.get(name="Delivered")
    state = PartnerFile.State.DONE
    return PartnerFile.objects.create(
        partner=partner, name="b.csv", sha256="b", size=1, way="command", state=state
    ).pk


def fill(url: str, **numbers: int) -> None:
    """Cards with one event each, then the statistics that a database at work has."""
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction(), psycopg.ClientCursor(connection) as cursor:
            cursor.execute(FILL, numbers)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def rate(script: str, key: str, seconds: int, folder: Path) -> tuple[float, str]:
    """Answers a second that wrk counts, and the slowest hundredth; any refusal ends the benchmark."""
    path = folder / "ask.lua"
    headers = f'{{["Authorization"] = "Api-Key {key}"}}'
    path.write_text(script.replace("HEADERS", headers))
    done = subprocess.run(
        ["wrk", "-t2", "-c16", f"-d{seconds}s", "--latency", "-s", str(path),
         f"http://127.0.0.1:{PORT}"],
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    if "Non-2xx" in done.stdout:
        sys.exit(done.stdout)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    slow = re.search(r"99%\s+(\S+)", done.stdout)
    assert found
    return float(found[1]), slow[1] if slow else "?"


def busy_seconds(url: str) -> float:
    """Processor time so far of the web server and of the database's sessions."""
    with psycopg.connect(url) as plain:
        sessions = plain.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchall()
    servers = [process.pid for process in psutil.Process().children(recursive=True)]
    busy = 0.0
    for pid in (*servers, *(pid for (pid,) in sessions)):
        with suppress(psutil.NoSuchProcess):
            busy += sum(psutil.Process(pid).cpu_times()[:2])
    return busy


class Turns:
    """What was measured of one address, turn by turn."""

    def __init__(self, url: str, script: str, key: str) -> None:
        self.url, self.script, self.key = url, script, key
        self.rates: list[float] = []
        self.costs: list[float] = []
        self.slow = ""

    def take(self, seconds: int, folder: Path) -> None:
        began = busy_seconds(self.url)
        found, self.slow = rate(self.script, self.key, seconds, folder)
        self.rates.append(found)
        self.costs.append((busy_seconds(self.url) - began) / (found * seconds))

    def describe(self) -> str:
        return (
            f"{statistics.median(self.rates):7,.0f}/s  p99 {self.slow:9}"
            f"  {statistics.median(self.costs) * 1_000:.2f} ms of processor time"
        )


def measure(url: str, key: str, cards: int, seconds: int) -> float:
    """Print the rates at so many cards; gives the lookup's as a share of the empty view's."""
    empty = Turns(url, EMPTY, key)
    lookup = Turns(url, LUA.replace("CARDS", str(cards)), key)
    with tempfile.TemporaryDirectory() as name, server(url):
        folder = Path(name)
        for one in (empty, lookup):
            rate(one.script, key, 2, folder)
        for _ in range(ROUNDS):
            for one in (empty, lookup):
                one.take(seconds, folder)
    with psycopg.connect(url) as plain:
        [(noted,)] = plain.execute("SELECT count(*) FROM carddata_cardaccess").fetchall()
    ratio: float = statistics.median(map(truediv, lookup.rates, empty.rates))
    cost = statistics.median(map(truediv, empty.costs, lookup.costs))
    print(f"{cards:>9,} cards: empty view {empty.describe()}")
    print(f"{cards:>9,} cards: lookup     {lookup.describe()}")
    print(
        f"{cards:>9,} cards: ratio {ratio:.2f} (goal 0.7), of processor time {cost:.2f}", flush=True
    )
    print(f"{cards:>9,} cards: access log: {noted:,} lines")
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--cards", type=int, nargs="+", default=[10_000, 5_000_000])
    given = parser.parse_args()
    ratios = []
    with fresh_database() as url:
        set_up_django(url)
        from django.db import connection

        from funnel_site.access.services import create_api_key

        key, file = create_api_key(name="benchmark", scopes=["cards"])[1], make_file()
        connection.close()
        made = 0
        for cards in sorted(given.cards):
            fill(url, file=file, first=made + 1, last=cards)
            ratios.append(measure(url, key, cards, given.seconds))
            made = cards
    print(f"most cards to fewest: {ratios[-1] / ratios[0]:.2f} (flat is 1)")


if __name__ == "__main__":
    main()
