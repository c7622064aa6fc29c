"""The working tables of a build: raw columns of those who are built, and what scoring reads.

They are temporary tables of the build's own connection: nobody else sees them, and a build that is
killed leaves nothing behind.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.db import connection, transaction
from pyarrow import csv

from customer360.dialect import dialect
from customer360.profile_sql import (
    MONTHS_KEPT,
    SENIORS_FROM,
    YOUNG_ADULTS,
    profile_select,
    sales_select,
)
from customer360.services.scoring import COLUMNS, Buyers, Scores

STAGE, WANTED, DAYS, SCORES, SALE, NEW_SALES, NEW_MOODS, MOVED = (
    f"customer360_{name}"
    for name in ("stage", "wanted", "days", "scores", "sale", "new_sales", "new_moods", "moved")
)
IDS = f"SELECT customer_id FROM {WANTED}"
# Whose profile a build of changed customers writes: those, and whom a cut point has passed.
TOUCHED = f"{IDS} UNION SELECT customer_id FROM {SCORES}"
INPUTS = """
SELECT customer_id, total_purchases AS orders, {first} AS first, {last} AS last,
    purchase_days AS days, {cents} AS cents, {repeat} AS repeat_value
FROM {table} WHERE first_purchase_date IS NOT NULL
"""
SPELLED = {
    "postgresql": {
        "day": "{} - DATE '1970-01-01'",
        "cents": "CAST(total_lifetime_value * 100 AS BIGINT)",
        "repeat": "CAST(repeat_value AS FLOAT8)",
    },
    "sqlite": {
        "day": "CAST(julianday({}) - 2440587.5 AS INTEGER)",
        "cents": "CAST(ROUND(total_lifetime_value * 100) AS INTEGER)",
        "repeat": "repeat_value",
    },
}
SCORE_COLUMNS = (
    ("customer_id", "BIGINT PRIMARY KEY"),
    ("recency_score", "SMALLINT"),
    ("frequency_score", "SMALLINT"),
    ("monetary_score", "SMALLINT"),
    ("customer_segment", "VARCHAR(32)"),
    ("value_tier", "VARCHAR(6)"),
    ("churn_risk_score", "DECIMAL(5, 4)"),
    ("churn_risk", "VARCHAR(11)"),
    ("expected_purchases_90d", "DECIMAL(12, 4)"),
    ("expected_value_12m", "DECIMAL(18, 2)"),
)
LARGEST_MONEY = 1e15


def execute(statement: str, parameters: dict[str, Any] | list[Any] | None = None) -> int:
    """Run a statement; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def fetch(statement: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """All rows of a small result."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


@contextmanager
def one_moment() -> Iterator[None]:
    """Read all sources as they are at one moment: a row that comes meanwhile is in no sum.

    On SQLite a transaction would keep everybody else from writing. There a row that comes between
    two statements may be in one sum and not yet in another, until the next build counts it.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def drop_stage() -> None:
    for table in (STAGE, WANTED, DAYS, SCORES, SALE, NEW_SALES, NEW_MOODS, MOVED):
        execute(f"DROP TABLE IF EXISTS {table}")


def stage_wanted(build_id: int) -> int:
    """Note the customers and days that a build has claimed; returns how many customers they are.

    In tables of their own, so that PostgreSQL knows how few they are.
    """
    for table, column, source in (
        (WANTED, "customer_id", "customer360_changedcustomer"),
        (DAYS, "day", "customer360_changedday"),
    ):
        execute(
            f"CREATE TEMPORARY TABLE {table} AS SELECT DISTINCT {column}"
            f" FROM {source} WHERE build_id = %s",
            [build_id],
        )
        _index(table, column)
    return int(fetch(f"SELECT COUNT(*) FROM {WANTED}")[0][0])


def stage_profiles(*, as_of: date, everybody: bool) -> int:
    """Make the raw columns of everybody, or of those wanted; returns how many they are."""
    only = "" if everybody else IDS
    values = parameters(as_of)
    execute(f"CREATE TEMPORARY TABLE {SALE} AS {sales_select(dialect(), only=only)}", values)
    if connection.vendor == "postgresql":
        execute(f"ANALYZE {SALE}")
    select = profile_select(dialect(), sales=f"SELECT * FROM {SALE}", only=only)
    execute(f"CREATE TEMPORARY TABLE {STAGE} AS {select}", values)
    if everybody and connection.vendor == "postgresql":
        # It is read as a whole: an index would only cost.
        execute(f"ANALYZE {STAGE}")
    else:
        _index(STAGE)
    return int(fetch(f"SELECT COUNT(*) FROM {STAGE}")[0][0])


def parameters(as_of: date) -> dict[str, Any]:
    """The parameters of the statements that read the sources."""
    youngest, oldest = YOUNG_ADULTS
    return {
        "as_of": as_of.isoformat(),
        "zone": settings.TIME_ZONE,
        "currency": settings.CURRENCY,
        "month": as_of.year * 12 + as_of.month,
        "months_kept": MONTHS_KEPT,
        "young_from": _years_before(as_of, oldest + 1),
        "young_to": _years_before(as_of, youngest),
        "seniors_to": _years_before(as_of, SENIORS_FROM),
    }


def _years_before(day: date, years: int) -> str:
    """The birth day of who has just become `years` old; a 29 February counts as the 28th."""
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return date(day.year - years, day.month, last).isoformat()


def _index(table: str, column: str = "customer_id") -> None:
    execute(f"CREATE UNIQUE INDEX {table}_key ON {table} ({column})")
    if connection.vendor == "postgresql":
        execute(f"ANALYZE {table}")


def buyers_of(*tables: str) -> Buyers:
    """The scoring inputs of the buyers in these tables or queries, by customer id."""
    spelled = SPELLED[connection.vendor]
    parts = [
        INPUTS.format(
            first=spelled["day"].format("first_purchase_date"),
            last=spelled["day"].format("last_purchase_date"),
            cents=spelled["cents"],
            repeat=spelled["repeat"],
            table=table,
        )
        for table in tables
    ]
    select = " UNION ALL ".join(parts)
    found = _copied(select) if connection.vendor == "postgresql" else _fetched(select)
    order = np.argsort(found[0], kind="stable")
    return Buyers(*(column[order] for column in found))


def _fetched(select: str) -> list[Any]:
    rows = fetch(select)
    whole = [np.array([row[place] for row in rows], dtype=np.int64) for place in range(6)]
    return [*whole, np.array([row[6] for row in rows], dtype=np.float64)]


def _copied(select: str) -> list[Any]:
    """By COPY and Arrow: a million rows in a second."""
    buffer = io.BytesIO()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({select}) TO STDOUT (FORMAT csv)") as out,
    ):
        for block in out:
            buffer.write(block)
    types = {name: pa.int64() for name in COLUMNS[:6]} | {"repeat_value": pa.float64()}
    if not buffer.tell():
        return [np.zeros(0, dtype=np.int64)] * 6 + [np.zeros(0)]
    buffer.seek(0)
    table = csv.read_csv(
        buffer,
        read_options=csv.ReadOptions(column_names=list(COLUMNS)),
        convert_options=csv.ConvertOptions(column_types=types),
    )
    return [table[name].to_numpy() for name in COLUMNS]


def write_scores(scores: Scores) -> None:
    """Put the scores into a table of their own, ready to be joined."""
    columns = ", ".join(f"{name} {kind}" for name, kind in SCORE_COLUMNS)
    execute(f"CREATE TEMPORARY TABLE {SCORES} ({columns})")
    if connection.vendor == "postgresql":
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {SCORES} FROM STDIN (FORMAT csv)") as copy,
        ):
            if len(scores.customer_id):
                copy.write(_as_csv(scores))
        execute(f"ANALYZE {SCORES}")
        return
    marks = ", ".join(["%s"] * len(SCORE_COLUMNS))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {SCORES} VALUES ({marks})",
            list(zip(*(column.to_pylist() for column in _arrow(scores)), strict=True)),
        )


def _arrow(scores: Scores) -> Iterable[Any]:
    return (
        pa.array(scores.customer_id),
        *(pa.array(one) for one in (scores.recency, scores.frequency, scores.monetary)),
        pa.array(scores.segment.astype(object), type=pa.string()),
        pa.array(scores.tier.astype(object), type=pa.string()),
        _number(scores.risk, 4),
        pa.array(scores.level.astype(object), type=pa.string()),
        _number(scores.expected, 4),
        _number(np.minimum(scores.value, LARGEST_MONEY), 2),
    )


def _number(values: Any, places: int) -> Any:
    return pa.array(np.round(values, places), from_pandas=True)


def _as_csv(scores: Scores) -> bytes:
    table = pa.table(list(_arrow(scores)), names=[name for name, _ in SCORE_COLUMNS])
    out = io.BytesIO()
    csv.write_csv(table, out, csv.WriteOptions(include_header=False, quoting_style="needed"))
    return out.getvalue()
