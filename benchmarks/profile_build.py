"""Building customer profiles, against one hand-written SQL statement for the same columns.

    DATABASE_URL=postgres://… python -m benchmarks.profile_build [--customers 1000000] [--changed 1000]

The sources are those of profile_sources.py. The statement makes a table of all profile columns at
once, in PostgreSQL alone: RFM scores with cut points by percentile_disc, segments by a join with the
cube, and churn risk and forecasts from parameters that it is given. It shares the product's rules for
the raw columns, for they are what the columns mean. What it does not do: fit the models, keep the old
rows readable, the small tables of the dashboard, the lists' indexes (it has the primary key), and the
exact formulas of two columns: expected_purchases_90d and expected_value_12m are the living customer's
rate over the time, without the chance to leave meanwhile, because SQL has no hypergeometric function.
How many rows differ in the other columns is counted and printed.

All tables are read once to warm the caches; then the product comes first and the statement second, both
measured by the clock and by processor time (that of the database's process and, for the product, of
Python's too), with one process each: on a busy machine the second figure is the one to trust. What the
statement wrote is on disk before the changed builds begin, which would else write it for it. The
purchases lie in no order of their days, so that a day's summary is read from all over the table.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from benchmarks.databases import set_up_django
from benchmarks.profile_sources import TABLES, filled_database

AS_OF = "2026-06-30"
STATEMENT = """
CREATE TABLE by_hand AS WITH sale AS MATERIALIZED ({sales}), raw AS MATERIALIZED ({raw}),
cuts AS (SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY last_purchase_date) AS r,
    percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY total_purchases) AS f,
    percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY total_lifetime_value) AS m
    FROM raw WHERE last_purchase_date IS NOT NULL),
scored AS (SELECT raw.*,
    CASE WHEN last_purchase_date IS NOT NULL THEN 1 + (last_purchase_date > r[1])::int + (last_purchase_date > r[2])::int
        + (last_purchase_date > r[3])::int + (last_purchase_date > r[4])::int END AS recency_score,
    CASE WHEN last_purchase_date IS NOT NULL THEN 1 + (total_purchases > f[1])::int + (total_purchases > f[2])::int
        + (total_purchases > f[3])::int + (total_purchases > f[4])::int END AS frequency_score,
    CASE WHEN last_purchase_date IS NOT NULL THEN 1 + (total_lifetime_value > m[1])::int + (total_lifetime_value > m[2])::int
        + (total_lifetime_value > m[3])::int + (total_lifetime_value > m[4])::int END AS monetary_score,
    1 - 1 / (1 + %(a)s / (%(b)s + purchase_days - 1) * power((%(alpha)s + (DATE %(as_of)s - first_purchase_date) / 7.0::float8)
        / (%(alpha)s + (last_purchase_date - first_purchase_date) / 7.0::float8), %(r)s + purchase_days - 1)) AS risk
    FROM raw CROSS JOIN cuts)
SELECT scored.*, COALESCE(cube.name, 'No purchase yet') AS customer_segment,
    CASE WHEN monetary_score = 5 THEN 'high' WHEN monetary_score >= 3 THEN 'medium' WHEN monetary_score >= 1
        THEN 'low' ELSE 'none' END AS value_tier, round(risk::numeric, 4) AS churn_risk_score,
    CASE WHEN risk < 1 / 3.0 THEN 'low' WHEN risk < 2 / 3.0 THEN 'medium' WHEN risk IS NOT NULL THEN 'high'
        ELSE 'no_purchase' END AS churn_risk,
    round(((1 - risk) * (%(r)s + purchase_days - 1) * 90 / 7.0 / (%(alpha)s
        + (DATE %(as_of)s - first_purchase_date) / 7.0))::numeric, 4) AS expected_purchases_90d,
    round(((1 - risk) * (%(r)s + purchase_days - 1) * 52 / (%(alpha)s
        + (DATE %(as_of)s - first_purchase_date) / 7.0))::numeric * repeat_value, 2) AS expected_value_12m
FROM scored LEFT JOIN (VALUES {cube}) AS cube(r, f, m, name)
    ON (cube.r, cube.f, cube.m) = (recency_score, frequency_score, monetary_score)
"""


@dataclass(slots=True)
class Taken:
    """Seconds by the clock, and of the processor in the database and in Python."""

    wall: float = 0.0
    database: float = 0.0
    python: float = 0.0

    @property
    def processor(self) -> float:
        return self.database + self.python

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.database:.2f} s in PostgreSQL, {self.python:.2f} s in Python)"


@contextmanager
def taking() -> Iterator[Taken]:
    """Measure what is done inside, on the connection of this process."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])

    def spent() -> tuple[float, float, float]:
        there = backend.cpu_times()
        return time.perf_counter(), there.user + there.system, time.process_time()

    before, taken = spent(), Taken()
    yield taken
    after = spent()
    taken.wall, taken.database, taken.python = (
        late - early for late, early in zip(after, before, strict=True)
    )


def hand_statement() -> str:
    """The one statement, with the segments' cube as a list of values."""
    from customer360.dialect import dialect
    from customer360.profile_sql import profile_select, sales_select
    from customer360.scores.segments import segment_name

    fifths = range(1, 6)
    cube = ", ".join(
        "({}, {}, {}, '{}')".format(r, f, m, segment_name(r, f, m).replace("'", "''"))
        for r in fifths
        for f in fifths
        for m in fifths
    )
    return STATEMENT.format(
        sales=sales_select(dialect()),
        raw=profile_select(dialect(), sales="SELECT * FROM sale"),
        cube=cube,
    )


def by_hand(fit: dict[str, Any]) -> Taken:
    """The one statement and its primary key, with the memory that the product has, too."""
    from datetime import date

    from django.db import connection

    from customer360.services.building import WORK_MEM
    from customer360.services.staging import parameters

    values = parameters(date.fromisoformat(AS_OF)) | {k: fit[k] for k in ("r", "alpha", "a", "b")}
    with connection.cursor() as cursor:
        cursor.execute(f"SET work_mem = '{WORK_MEM}'")
        cursor.execute("SET jit = off")
        cursor.execute("DROP TABLE IF EXISTS by_hand")
        with taking() as taken:
            cursor.execute(hand_statement(), values)
            cursor.execute("ALTER TABLE by_hand ADD PRIMARY KEY (customer_id)")
        cursor.execute("RESET work_mem")
        cursor.execute("RESET jit")
    return taken


def differing() -> int:
    """How many customers' rows differ between the product and the statement."""
    from django.db import connection

    from customer360.models import CustomerProfile

    own = {"scored_by", "build_id", "expected_purchases_90d", "expected_value_12m"}
    columns = [f.column for f in CustomerProfile._meta.concrete_fields if f.column not in own]
    here, there = (", ".join(f"{side}.{one}" for one in columns) for side in ("p", "h"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM customer360_customerprofile p FULL JOIN by_hand h"
            f" USING (customer_id) WHERE ({here}) IS DISTINCT FROM ({there})"
        )
        return int(cursor.fetchone()[0])


def change(customers: int, changed: int, *, run: int) -> None:
    """A purchase of the day by so many customers, spread over all."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customer360_purchase (external_id, record_id, product_id, purchase_date,"
            " quantity, total_amount, currency, store_id)"
            " SELECT 'new-' || %s || '-' || n, 1 + %s + n * (%s / %s), 7, %s, 1, 125000, 'IDR', ''"
            " FROM generate_series(0, %s - 1) n",
            [run, run % 50, customers, changed, AS_OF, changed],
        )


def build(mode: str) -> tuple[Taken, Any]:
    """One build and its steps."""
    from datetime import date

    from customer360.services.building import build_profiles

    with taking() as taken:
        made = build_profiles(mode=mode, as_of=date.fromisoformat(AS_OF))
    steps = ", ".join(f"{step} {took:.2f}" for step, took in made.results["seconds"].items())
    print(f"{mode} build of {made.customers:,}: {taken}\n    {steps}", flush=True)
    return taken, made


def compare(customers: int, changed: int, runs: int) -> None:
    """Build, and say how long it took beside the statement."""
    from django.db import connection

    with connection.cursor() as cursor:
        # One process each: processor time is then that of the connection's process.
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        for table in TABLES:
            cursor.execute(f"SELECT COUNT(*) FROM (SELECT * FROM {table} OFFSET 0) AS every")
    full, made = build("full")
    hand = by_hand(made.fit.mbg_nbd)
    print(f"one statement by hand: {hand}; {differing():,} rows differ")
    print(
        f"full build by statement: {full.wall / hand.wall:.2f} by the clock,"
        f" {full.processor / hand.processor:.2f} by the processor (goal 1.5 or less)"
    )
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE by_hand")
        cursor.execute("CHECKPOINT")
    for run in range(runs):
        change(customers, changed, run=run)
        part, _ = build("changed")
        print(
            f"changed by full build: 1/{full.wall / part.wall:.0f} by the clock,"
            f" 1/{full.processor / part.processor:.0f} by the processor"
            " (goal 1/100 at 1,000,000 customers)",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--changed", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3, help="builds of changed customers")
    given = parser.parse_args()
    with filled_database(given.customers) as url:
        set_up_django(url)
        compare(given.customers, given.changed, given.runs)
        from django.db import connection

        connection.close()


if __name__ == "__main__":
    main()
