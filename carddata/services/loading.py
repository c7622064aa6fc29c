"""A chunk of rows into events and current statuses: a fixed number of statements, whatever its size.

PostgreSQL takes the rows by COPY into a temporary table, SQLite by one prepared insert; what follows
is the same set-based SQL on both. Everything is idempotent and order-free: events are a set, and a
card's current event is the greatest of them.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils.timezone import now

from carddata.rows import CardRow

# Any number will do, as long as nothing else in this database takes it.
WRITERS_LOCK = 0x4341_5244

STAGED = """
CREATE TEMPORARY TABLE IF NOT EXISTS carddata_staged (
  id bigint, card_id varchar(32), occurred_at {moment}, content {uuid}, status varchar(16),
  weight smallint, contact varchar(16), word varchar(200), comment varchar(500),
  consignment_no varchar(64), line bigint, is_newest boolean
) {on_commit}
"""
COLUMNS = (
    "id, card_id, occurred_at, content, status, weight, contact, word, comment, consignment_no, line,"
    " is_newest"
)
COPY_ROWS = f"COPY carddata_staged ({COLUMNS}) FROM STDIN"
# Only our own column names are put into the text; every value is a parameter.
INSERT_ROWS = f"INSERT INTO carddata_staged ({COLUMNS}) VALUES ({', '.join(['%s'] * 12)})"  # noqa: S608
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
FROM carddata_staged WHERE is_newest
ON CONFLICT (card_id) DO UPDATE SET event_id = excluded.event_id, partner_id = excluded.partner_id,
  status = excluded.status, occurred_at = excluded.occurred_at, weight = excluded.weight,
  content = excluded.content, contact = excluded.contact, comment = excluded.comment,
  updated_at = excluded.updated_at
WHERE (excluded.occurred_at, excluded.weight, excluded.content)
  > (carddata_cardstatus.occurred_at, carddata_cardstatus.weight, carddata_cardstatus.content)
"""
TAKE_KEYS = """
SELECT nextval(pg_get_serial_sequence('carddata_cardevent', 'id')) FROM generate_series(1, %s)
"""


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
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS_LOCK])


def load_rows(*, file_id: int, partner_id: int, rows: Sequence[CardRow]) -> Loaded:
    """Add the rows' events and move their cards' statuses forward, inside the caller's transaction.

    Call `lock_writers` first. A row that the file or another file has said already is a duplicate.
    """
    events, newest = _distinct(rows)
    if not events:
        return Loaded(0, 0, 0)
    with connection.cursor() as cursor:
        _stage(cursor, list(events.values()), newest)
        cursor.execute(INSERT_EVENTS, [file_id])
        loaded = cursor.rowcount
        sighted = 0
        if loaded < len(events):
            cursor.execute(INSERT_SIGHTINGS, [file_id, file_id])
            sighted = cursor.rowcount
            cursor.execute(FORGET_KNOWN)
        cursor.execute(UPSERT_STATUSES, [partner_id, _moment(now())])
        cursor.execute("DELETE FROM carddata_staged")
    return Loaded(loaded, len(rows) - loaded, sighted)


def _distinct(
    rows: Sequence[CardRow],
) -> tuple[dict[tuple[str, datetime, str], CardRow], dict[str, CardRow]]:
    """The rows without repetitions, and the newest row of each card."""
    events: dict[tuple[str, datetime, str], CardRow] = {}
    newest: dict[str, CardRow] = {}
    for row in rows:
        events.setdefault(row[:3], row)
        card_id = row.card_id
        best = newest.get(card_id)
        if best is None or _order(row) > _order(best):
            newest[card_id] = row
    return events, newest


def _order(row: CardRow) -> tuple[datetime, int, str]:
    return row.occurred_at, row.weight, row.content


def _stage(cursor: Any, rows: Sequence[CardRow], newest: dict[str, CardRow]) -> None:
    # The newest row may be a repetition of the one that was kept: they are equal in what counts.
    winners = {row[:3] for row in newest.values()}
    if connection.vendor == "postgresql":
        cursor.execute(
            STAGED.format(moment="timestamptz", uuid="uuid", on_commit="ON COMMIT DELETE ROWS")
        )
        cursor.execute(TAKE_KEYS, [len(rows)])
        keys: Iterable[int] = [key for (key,) in cursor.fetchall()]
        with cursor.copy(COPY_ROWS) as copy:
            for key, row in zip(keys, rows, strict=True):
                copy.write_row((key, *row[:10], row[:3] in winners))
        return
    cursor.execute(STAGED.format(moment="datetime", uuid="char(32)", on_commit=""))
    cursor.execute("SELECT coalesce(max(id), 0) FROM carddata_cardevent")
    first = cursor.fetchone()[0] + 1
    cursor.executemany(
        INSERT_ROWS,
        [
            (key, row.card_id, _moment(row.occurred_at), *row[2:10], row[:3] in winners)
            for key, row in enumerate(rows, start=first)
        ],
    )


def _moment(moment: datetime) -> Any:
    """As the database's driver takes it in plain SQL."""
    return connection.ops.adapt_datetimefield_value(moment.astimezone(UTC))
