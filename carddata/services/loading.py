"""A chunk of rows into events and current statuses: a fixed number of statements, whatever its size.

PostgreSQL takes the rows by COPY into a temporary table, SQLite by one prepared insert; what follows
is the same set-based SQL on both. Everything is idempotent and order-free: events are a set, and a
card's current event is the greatest of them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection
from django.utils.timezone import now

from carddata.rows import CardRow
from funnel_site.tombstones.services import PHONE, erased_among, hardened

# Any number will do, as long as nothing else in this database takes it.
WRITERS_LOCK = 0x4341_5244

STAGED = """
CREATE TEMPORARY TABLE IF NOT EXISTS carddata_staged (
  id bigint {key}, card_id varchar(32), occurred_at {moment}, content {uuid}, status varchar(16),
  weight smallint, contact varchar(16), word varchar(200), comment varchar(500),
  consignment_no varchar(64), line bigint
) {on_commit}
"""
STAGED_ON_POSTGRESQL = STAGED.format(
    key="DEFAULT nextval('carddata_cardevent_id_seq')",
    moment="timestamptz",
    uuid="uuid",
    on_commit="ON COMMIT DELETE ROWS",
)
STAGED_ON_SQLITE = STAGED.format(key="", moment="datetime", uuid="char(32)", on_commit="")
COPY_ROWS = """
COPY carddata_staged (card_id, occurred_at, content, status, weight, contact, word, comment,
  consignment_no, line) FROM STDIN
"""
INSERT_ROWS = """
INSERT INTO carddata_staged (id, card_id, occurred_at, content, status, weight, contact, word, comment,
  consignment_no, line) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
INSERT_EVENTS = """
INSERT INTO carddata_cardevent (id, card_id, occurred_at, content, status, weight, contact, word,
  comment, consignment_no, line, file_id)
SELECT id, card_id, occurred_at, content, status, weight, contact, word, comment, consignment_no,
  line, %s
FROM carddata_staged WHERE true
ON CONFLICT (card_id, occurred_at, content) DO NOTHING
"""
INSERT_SIGHTINGS = """
INSERT INTO carddata_cardsighting (event_id, file_id, line)
SELECT e.id, %s, s.line
FROM carddata_staged s JOIN carddata_cardevent e
  ON e.card_id = s.card_id AND e.occurred_at = s.occurred_at AND e.content = s.content
WHERE e.file_id <> %s
ON CONFLICT (file_id, event_id) DO NOTHING
"""
# A row that is no new event was weighed when it became one.
FORGET_KNOWN = """
DELETE FROM carddata_staged
WHERE NOT EXISTS (SELECT 1 FROM carddata_cardevent e WHERE e.id = carddata_staged.id)
"""
UPSERT_STATUSES = """
INSERT INTO carddata_cardstatus (card_id, event_id, partner_id, status, occurred_at, weight, content,
  contact, comment, updated_at)
SELECT card_id, id, %s, status, occurred_at, weight, content, contact, comment, %s
FROM (
  SELECT s.*, row_number() OVER (
    PARTITION BY card_id ORDER BY occurred_at DESC, weight DESC, content DESC
  ) AS place
  FROM carddata_staged s
) newest WHERE place = 1
ON CONFLICT (card_id) DO UPDATE SET event_id = excluded.event_id, partner_id = excluded.partner_id,
  status = excluded.status, occurred_at = excluded.occurred_at, weight = excluded.weight,
  content = excluded.content, contact = excluded.contact, comment = excluded.comment,
  updated_at = excluded.updated_at
WHERE (excluded.occurred_at, excluded.weight, excluded.content)
  > (carddata_cardstatus.occurred_at, carddata_cardstatus.weight, carddata_cardstatus.content)
"""


class Prepared(NamedTuple):
    """Rows in the form that the database takes, and how many."""

    rows: int
    data: bytes


class Loaded(NamedTuple):
    """What became of the rows: new events, or the same as others; of those, in other files."""

    loaded: int
    duplicate: int
    sighted: int


def lock_writers() -> None:
    """Until this transaction ends nobody else writes events or statuses. Readers never wait.

    Without it an undo could overlook the event that another import is just adding.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # The limits of web requests are not meant for a chunk, nor for waiting one's turn.
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '120s'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS_LOCK])


def prepare(rows: Sequence[CardRow]) -> Prepared:
    """The rows in the form this database takes: the text of a COPY, or an insert's parameters."""
    rows = _without_erased(rows)
    data = _copy_text(rows) if connection.vendor == "postgresql" else _parameters(rows)
    return Prepared(len(rows), data)


def _without_erased(rows: Sequence[CardRow]) -> Sequence[CardRow]:
    """Erased customers' numbers and what was said about them stay out; the event itself counts."""
    erased = erased_among((PHONE, row.contact) for row in rows)
    if not erased:
        return rows
    return [
        row._replace(contact="", comment="", content=hardened(UUID(row.content)).hex)
        if (PHONE, row.contact) in erased
        else row
        for row in rows
    ]


def _copy_text(rows: Sequence[CardRow]) -> bytes:
    lines = []
    for row in rows:
        line = (
            f"{row[0]}\t{row[1].isoformat()}\t{row[2]}\t{row[3]}\t{row[4]}\t{row[5]}\t{row[6]}\t"
            f"{row[7]}\t{row[8]}\t{row[9]}\n"
        )
        # `tidy` left no tab and no line end in any text: a backslash is all that COPY could misread.
        lines.append(line.replace("\\", "\\\\") if "\\" in line else line)
    return "".join(lines).encode()


def _parameters(rows: Sequence[CardRow]) -> bytes:
    return orjson.dumps([[row.card_id, str(_moment(row.occurred_at)), *row[2:10]] for row in rows])


def load_rows(*, file_id: int, partner_id: int, prepared: Prepared) -> Loaded:
    """Add the rows' events and move their cards' statuses forward, inside the caller's transaction.

    Call `lock_writers` first. A row that the file or another file has said already is a duplicate.
    """
    if not prepared.rows:
        return Loaded(0, 0, 0)
    with connection.cursor() as cursor:
        _stage(cursor, prepared.data)
        cursor.execute(INSERT_EVENTS, [file_id])
        loaded = cursor.rowcount
        sighted = 0
        if loaded < prepared.rows:
            cursor.execute(INSERT_SIGHTINGS, [file_id, file_id])
            sighted = cursor.rowcount
            cursor.execute(FORGET_KNOWN)
        cursor.execute(UPSERT_STATUSES, [partner_id, _moment(now())])
    return Loaded(loaded, prepared.rows - loaded, sighted)


def _stage(cursor: Any, data: bytes) -> None:
    if connection.vendor == "postgresql":
        cursor.execute(STAGED_ON_POSTGRESQL)
        # Empty, unless this transaction has loaded rows before.
        cursor.execute("DELETE FROM carddata_staged")
        with cursor.copy(COPY_ROWS) as copy:
            copy.write(data)
        return
    cursor.execute(STAGED_ON_SQLITE)
    cursor.execute("DELETE FROM carddata_staged")
    cursor.execute("SELECT coalesce(max(id), 0) FROM carddata_cardevent")
    first = cursor.fetchone()[0] + 1
    rows = orjson.loads(data)
    cursor.executemany(INSERT_ROWS, [[key, *row] for key, row in enumerate(rows, start=first)])


def _moment(moment: datetime) -> Any:
    """As the database's driver takes it in plain SQL."""
    return connection.ops.adapt_datetimefield_value(moment.astimezone(UTC))
