"""Card lookups a second against an empty view behind the same key, at ten thousand and at five million cards.

    DATABASE_URL=postgres://… python -m benchmarks.card_lookup [--seconds 10] [--cards 10000 5000000]

Needs Debian's `wrk`. Every request asks for another card, in random order; the empty view checks the
same key, scope and pace. Each lookup writes its line of the access log, which is counted at the end.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from benchmarks.databases import fresh_database, set_up_django
from benchmarks.webhook_door import PORT, server

ROUNDS = 3
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


def measure(url: str, key: str, cards: int, seconds: int) -> float:
    """Print the rates at so many cards; gives the lookup's. The two views take turns."""
    script = LUA.replace("CARDS", str(cards))
    empty, lookup = [], []
    with tempfile.TemporaryDirectory() as name, server(url):
        folder = Path(name)
        for one in (EMPTY, script):
            rate(one, key, 2, folder)
        for _ in range(ROUNDS):
            empty.append(rate(EMPTY, key, seconds, folder))
            lookup.append(rate(script, key, seconds, folder))
    with psycopg.connect(url) as plain:
        [(noted,)] = plain.execute("SELECT count(*) FROM carddata_cardaccess").fetchall()
    floor = statistics.median(one for one, _ in empty)
    found = statistics.median(one for one, _ in lookup)
    print(f"{cards:>9,} cards: empty view {floor:7,.0f}/s  p99 {empty[-1][1]}")
    print(f"{cards:>9,} cards: lookup     {found:7,.0f}/s  p99 {lookup[-1][1]}")
    print(f"{cards:>9,} cards: ratio {found / floor:.2f} (goal 0.7); access log: {noted:,} lines")
    return found / floor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10)
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
