"""Inbox drain in messages a second, one process, against hand-written set-based SQL.

    DATABASE_URL=postgres://… python -m benchmarks.inbox_drain [--messages 10000] [--stored 1000000]

The floor does the same writes to the same tables and indexes, in batches of the same size, from
rows that are computed beforehand: it reads no text and decides nothing.
"""

import argparse
import time
from itertools import islice
from typing import Any

import orjson
import psutil
import psycopg

from benchmarks.databases import fresh_database, set_up_django

BATCH = 500
BASE = 10_000
STEP = 1_000_000
SHIFTED = {"id", "customer_id", "room_id", "message_id", "event_id"}
OTHER_PHONE = "'+62' || 820 + copy || right({}, 8)"
COPIED = {
    "conversations_customer": {"phone_number": OTHER_PHONE.format("phone_number")},
    "conversations_customeridentity": {"value": OTHER_PHONE.format("value")},
    "conversations_room": {"external_id": "external_id || '-' || copy"},
    "conversations_inboundevent": {"dedupe_key": "dedupe_key || '-' || copy"},
    "conversations_message": {"external_id": "external_id || '-' || copy"},
    "funnels_evidence": {},
    "funnels_funnel": {},
}
"""The tables that a drain writes, and what must differ in a copy of their rows."""


def fill_inbox(count: int, *, customers: int, seed: int) -> None:
    from django.utils.timezone import now

    from conversations.services.inbox import Delivery, store_deliveries
    from funnel_site.demo_stream import message_stream

    stream = message_stream(count, customers=customers, seed=seed)
    while part := list(islice(stream, 1_000)):
        store_deliveries(
            source="api",
            deliveries=[Delivery(key=one["message_id"], body=orjson.dumps(one)) for one in part],
            received_at=now(),
        )


def multiply(url: str, times: int) -> None:
    """Copy whatever is stored, as other people's conversations, until there is `times` as much."""
    with psycopg.connect(url) as connection:
        for table, new in COPIED.items():
            columns = [
                name
                for (name,) in connection.execute(
                    "SELECT attname FROM pg_attribute"
                    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                    [table],
                )
            ]
            values = [
                new.get(name) or (f"{name} + copy * {STEP}" if name in SHIFTED else name)
                for name in columns
            ]
            connection.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
                f" SELECT {', '.join(values)} FROM {table}, generate_series(1, {times - 1}) copy"
                " ORDER BY copy, id"
            )
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {STEP * (times + 1)})"
            )


def drain(count: int) -> tuple[float, float]:
    """Messages a second of the product, and the CPU time of a message in µs, the server's with it."""
    from django.db import connection

    from conversations.services.drain import drain_inbox

    connection.ensure_connection()
    both = [psutil.Process(), psutil.Process(connection.connection.info.backend_pid)]
    before = sum(sum(process.cpu_times()[:2]) for process in both)
    started = time.perf_counter()
    assert drain_inbox(batch=BATCH) == count
    seconds = time.perf_counter() - started
    spent = sum(sum(process.cpu_times()[:2]) for process in both) - before
    return count / seconds, spent / count * 1e6


TABLES = (
    "conversations_customer",
    "conversations_customeridentity",
    "conversations_room",
    "conversations_message",
    "funnels_evidence",
    "funnels_funnel",
)


class Floor:
    """The same rows written by hand: unnest and ON CONFLICT, a fixed number of statements a batch."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.columns: dict[str, dict[str, str]] = {}

    def take_rows(self) -> None:
        """Remember what the product wrote, then empty the tables."""
        cursor = self.connection.cursor(row_factory=psycopg.rows.dict_row)
        self.messages = {
            row["event_id"]: row
            for row in cursor.execute("SELECT * FROM conversations_message").fetchall()
        }
        self.rooms = {
            r["id"]: r for r in cursor.execute("SELECT * FROM conversations_room").fetchall()
        }
        self.customers = {
            r["id"]: r for r in cursor.execute("SELECT * FROM conversations_customer").fetchall()
        }
        self.keys: dict[int, list[dict[str, Any]]] = {}
        for row in cursor.execute("SELECT * FROM conversations_customeridentity").fetchall():
            self.keys.setdefault(row["customer_id"], []).append(row)
        self.evidence: dict[int, list[dict[str, Any]]] = {}
        for row in cursor.execute("SELECT * FROM funnels_evidence").fetchall():
            self.evidence.setdefault(row["message_id"], []).append(row)
        self.funnels: dict[int, list[dict[str, Any]]] = {}
        for row in cursor.execute("SELECT * FROM funnels_funnel").fetchall():
            self.funnels.setdefault(row["room_id"], []).append(row)
        self.connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        self.connection.execute(
            "UPDATE conversations_inboundevent SET state = 'pending', processed_at = NULL"
        )
        self.connection.commit()
        self.connection.autocommit = True
        self.connection.execute("VACUUM ANALYZE")
        self.connection.autocommit = False

    def run(self) -> int:
        done = 0
        while True:
            events = self.connection.execute(
                "SELECT id, body FROM conversations_inboundevent WHERE state = 'pending'"
                " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
                [BATCH],
            ).fetchall()
            if not events:
                self.connection.commit()
                return done
            self._write([event_id for event_id, _ in events])
            self.connection.commit()
            done += len(events)

    def _write(self, events: list[int]) -> None:
        messages = [self.messages[event_id] for event_id in events]
        customers = {m["customer_id"]: self.customers[m["customer_id"]] for m in messages}
        rooms = {m["room_id"]: self.rooms[m["room_id"]] for m in messages}
        self._upsert(
            "conversations_customer", list(customers.values()), "id", ["last_seen_at", "name"]
        )
        self._upsert(
            "conversations_customeridentity", [k for c in customers for k in self.keys[c]], "id", []
        )
        self._upsert(
            "conversations_room", list(rooms.values()), "id", ["last_message_at", "started_at"]
        )
        self._insert("conversations_message", messages)
        self._insert(
            "funnels_evidence", [e for m in messages for e in self.evidence.get(m["id"], [])]
        )
        funnels = [f for room in rooms for f in self.funnels.get(room, [])]
        self._upsert("funnels_funnel", funnels, "id", ["stage", "transaction_value", "updated_at"])
        self.connection.execute(
            "UPDATE conversations_inboundevent SET state = 'processed', processed_at = now()"
            " WHERE id = ANY(%s)",
            [events],
        )

    def _upsert(self, table: str, rows: list[dict[str, Any]], key: str, changed: list[str]) -> None:
        rows = sorted({row[key]: row for row in rows}.values(), key=lambda row: row[key])
        assigned = ", ".join(f"{name} = excluded.{name}" for name in changed)
        action = f"DO UPDATE SET {assigned}" if changed else "DO NOTHING"
        self._insert(table, rows, f" ON CONFLICT ({key}) {action}")

    def _insert(self, table: str, rows: list[dict[str, Any]], tail: str = "") -> None:
        if not rows:
            return
        names = list(rows[0])
        types = self._types(table)
        arrays = ", ".join(f"%s::{types[name]}[]" for name in names)
        values = [[self._plain(row[name]) for row in rows] for name in names]
        self.connection.execute(
            f"INSERT INTO {table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE"
            f" SELECT * FROM unnest({arrays}){tail}",
            values,
        )

    @staticmethod
    def _plain(value: Any) -> Any:
        return orjson.dumps(value).decode() if isinstance(value, dict | list) else value

    def _types(self, table: str) -> dict[str, str]:
        if table not in self.columns:
            self.columns[table] = dict(
                self.connection.execute(
                    "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
                    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                    [table],
                ).fetchall()
            )
        return self.columns[table]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--stored", type=int, default=0, help="messages that are there before")
    given = parser.parse_args()
    with fresh_database() as url:
        set_up_django(url)
        if given.stored:
            fill_inbox(BASE, customers=BASE // 8, seed=9)
            drain(BASE)
            multiply(url, max(given.stored // BASE, 1))
        fill_inbox(given.messages, customers=max(given.messages // 8, 100), seed=1)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        product, cost = drain(given.messages)
        print(
            f"product, {given.stored:,} stored before: {product:,.0f} messages/s,"
            f" {cost:,.0f} µs of CPU a message"
        )
        if given.stored:
            return
        with psycopg.connect(url) as connection:
            floor = Floor(connection)
            floor.take_rows()
            started = time.perf_counter()
            assert floor.run() == given.messages
            rate = given.messages / (time.perf_counter() - started)
        print(f"floor, set-based SQL by hand:       {rate:,.0f} messages/s")
        print(f"ratio: {product / rate:.2f} (goal 0.6 or better)")


if __name__ == "__main__":
    main()
