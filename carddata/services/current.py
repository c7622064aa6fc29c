"""A card's current status from all of its events, for when events went or changed."""

from collections.abc import Sequence

from django.db import connection
from django.utils.timezone import now

CREATE = "CREATE TEMPORARY TABLE IF NOT EXISTS carddata_touched (card_id varchar(32) PRIMARY KEY)"
UPSERT = """
INSERT INTO carddata_cardstatus (card_id, event_id, partner_id, status, occurred_at, weight, content,
  contact, comment, updated_at)
SELECT card_id, id, partner_id, status, occurred_at, weight, content, contact, comment, %s
FROM (
  SELECT e.*, f.partner_id, row_number() OVER (
    PARTITION BY e.card_id ORDER BY e.occurred_at DESC, e.weight DESC, e.content DESC
  ) AS place
  FROM carddata_touched t
  JOIN carddata_cardevent e ON e.card_id = t.card_id
  JOIN carddata_partnerfile f ON f.id = e.file_id
) best WHERE place = 1
ON CONFLICT (card_id) DO UPDATE SET event_id = excluded.event_id, partner_id = excluded.partner_id,
  status = excluded.status, occurred_at = excluded.occurred_at, weight = excluded.weight,
  content = excluded.content, contact = excluded.contact, comment = excluded.comment,
  updated_at = excluded.updated_at
"""
DROP_EMPTY = """
DELETE FROM carddata_cardstatus
WHERE card_id IN (SELECT card_id FROM carddata_touched)
  AND NOT EXISTS (
    SELECT 1 FROM carddata_cardevent e WHERE e.card_id = carddata_cardstatus.card_id
  )
"""


def recompute(card_ids: Sequence[str]) -> None:
    """Give these cards the status of the greatest of their events; a card without events has none.

    Inside the caller's transaction, under `lock_writers`.
    """
    if not card_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(CREATE)
        cursor.execute("DELETE FROM carddata_touched")
        cursor.executemany(
            "INSERT INTO carddata_touched (card_id) VALUES (%s)", [[one] for one in set(card_ids)]
        )
        cursor.execute(DROP_EMPTY)
        cursor.execute(UPSERT, [connection.ops.adapt_datetimefield_value(now())])
        cursor.execute("DELETE FROM carddata_touched")
