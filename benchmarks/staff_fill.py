"""Fills the tables of a house with so many customers, each in proportion, by set-based SQL.

`staff_fill.toml` names for each table how many rows it has and what its columns hold, as SQL over `n`,
the number of the row; a column that is not named gets the empty value of its type. Rows have keys from 1
on, so that a table's rows find those of another by arithmetic. Ten customers have a long history, of the
same length in a small house and in a large one: their pages are compared. The profiles and the figures
of the dashboard are what a build makes of it all.
"""

import sys
import time
import tomllib
from pathlib import Path
from typing import Any

MESSAGES = 5
"""Of each customer; one room each."""
WORDS = {
    "{room_at}": "(now() - ({messages} - (n * 5)) * interval '16 seconds')",
    "{day}": "(current_date - (n::bigint * 7919 % 1500)::int)",
}
"""When a room's last message was: ten million messages are five years. A day of the last four years."""
LONG_FROM = 100_000_000
"""The first key of the rows of the long histories."""
EMPTY = {
    "boolean": "false",
    "jsonb": "'{}'",
    "date": "current_date",
    "timestamp with time zone": "now()",
    "character varying": "''",
    "text": "''",
}


def fill(own: Any, *, customers: int) -> None:
    """Fill the empty tables of a migrated database; indexes and triggers wait until the rows are in.

    All of it or nothing. Django is to be set up against the same database.
    """
    from customer360.services.building import build_profiles

    started = time.perf_counter()
    own.execute("SET session_replication_role = replica")
    own.execute("SET maintenance_work_mem = '1GB'")
    own.execute("SET synchronous_commit = off")
    house = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    with own.transaction():
        _fill_tables(own, house, customers, started)
    own.execute("SET session_replication_role = DEFAULT")
    own.execute("VACUUM ANALYZE")
    _say("analysed", started)
    build_profiles(mode="full")
    own.execute("VACUUM ANALYZE")
    _say("profiles", started)


def _fill_tables(own: Any, house: dict[str, Any], customers: int, started: float) -> None:
    names = sorted(house["tables"])
    own.execute(f"TRUNCATE {', '.join(names)} CASCADE")
    indexes = _secondary_indexes(own, names)
    for name, _ in indexes:
        own.execute(f'DROP INDEX "{name}"')
    for first, tables in ((0, house["tables"]), (LONG_FROM, house["long"])):
        for table, columns in tables.items():
            _insert(own, table, columns, customers, first=first)
    _say(f"{customers:,} customers: rows in", started)
    for _, definition in indexes:
        own.execute(definition)
    _say("indexes", started)


def _say(what: str, started: float) -> None:
    """On the other stream: the figures go to standard output."""
    print(f"  {what} after {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


def _insert(own: Any, table: str, given: dict[str, str], customers: int, *, first: int) -> None:
    columns = {name: value for name, value in given.items() if name != "rows"}

    def scaled(text: str) -> str:
        for word, meaning in WORDS.items():
            text = text.replace(word, meaning)
        sized = text.replace("{customers}", str(customers))
        return sized.replace("{messages}", str(customers * MESSAGES))

    found = own.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
        " AND is_nullable = 'NO' AND column_default IS NULL ORDER BY ordinal_position",
        [table],
    ).fetchall()
    filled = {name: EMPTY.get(kind, "0") for name, kind in found} | columns
    if "id" in filled and "id" not in columns:
        filled["id"] = f"{first} + n"
    names = ", ".join(f'"{name}"' for name in filled)
    values = scaled(", ".join(filled.values()))
    own.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM generate_series(1, {scaled(given['rows'])}) n"
    )
    if "id" in filled and "id" not in columns:
        own.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )


def _secondary_indexes(own: Any, tables: list[str]) -> list[tuple[str, str]]:
    """Names and definitions of the tables' indexes that no constraint stands on."""
    found: list[tuple[str, str]] = own.execute(
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid"
        " WHERE t.relname = ANY(%s)"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)",
        [tables],
    ).fetchall()
    return found
