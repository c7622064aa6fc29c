"""Looking cards up: the answer, and the line in the access log that goes with it.

The line costs a statement of its own everywhere but on PostgreSQL, where the busiest lookup, one card
by its id, reads and notes in one; see benchmarks/card_lookup.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection, transaction
from django.utils.timezone import now

from carddata.answers import Card
from carddata.models import CardAccess, CardStatus
from carddata.selectors import cards_by_id, find_card

SUBJECT_LENGTH = 64
WHO_LENGTH = 150
# Without waiting for the disk: if the database's machine dies, the last half second of the log may
# be lost with it, but nothing is answered any slower for the log's sake.
READ_AND_NOTE = """
WITH card AS (
    SELECT s.id, s.card_id, s.contact, s.occurred_at, s.status, s.comment, p.time_zone
    FROM carddata_cardstatus s JOIN carddata_partner p ON p.id = s.partner_id
    WHERE s.card_id = %s::text
), noted AS (
    INSERT INTO carddata_cardaccess
        (at, user_id, key_prefix, who, kind, subject, outcome, found, request_id)
    SELECT now(), %s::integer, %s::text, %s::text, 'card', %s::text,
        CASE count(card.id) WHEN 0 THEN 'not_found' ELSE 'found' END, count(card.id), %s::text
    FROM (SELECT set_config('synchronous_commit', 'off', true)) AS quick LEFT JOIN card ON true
)
SELECT * FROM card
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: a member of staff or a key, by the name they have now."""

    user_id: int | None = None
    key_prefix: str = ""
    who: str = ""
    request_id: str = ""


def look_up_card(card_id: str, caller: Caller) -> Card | None:
    """A card by its id as it is stored, noted in the access log; None for an unknown one."""
    if connection.vendor != "postgresql":
        card = find_card(card_id)
        note_access(caller, CardAccess.Kind.CARD, subject=card_id, found=int(card is not None))
        return card
    values = (
        card_id,
        caller.user_id,
        caller.key_prefix,
        caller.who[:WHO_LENGTH],
        card_id,
        caller.request_id[:SUBJECT_LENGTH],
    )
    connection.ensure_connection()
    # Prepared, which Django's own cursor cannot be told: planning costs more than running it.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        row = cursor.execute(READ_AND_NOTE, values, prepare=True).fetchone()
    return Card(*row) if row else None


def look_up_cards(card_ids: Sequence[str], caller: Caller) -> dict[str, Card]:
    """Those of the cards that are known; each of the asked ones is noted in the access log."""
    wanted = list(dict.fromkeys(card_ids))
    with transaction.atomic():
        cards = cards_by_id(wanted)
        CardAccess.objects.bulk_create(
            _access(caller, CardAccess.Kind.LIST, subject=one, found=int(one in cards))
            for one in wanted
        )
    return cards


def note_access(caller: Caller, kind: CardAccess.Kind, *, subject: str, found: int) -> None:
    """Write one line of the access log: what was asked, and how many cards were in the answer."""
    _access(caller, kind, subject=subject, found=found).save(force_insert=True)


def note_cards(caller: Caller, kind: CardAccess.Kind, cards: Iterable[CardStatus]) -> None:
    """Write a line for each card that an answer showed."""
    CardAccess.objects.bulk_create(
        _access(caller, kind, subject=card.card_id, found=1) for card in cards
    )


def note_refusal(caller: Caller, kind: CardAccess.Kind, *, subject: str) -> None:
    """Write that somebody asked who may not."""
    access = _access(caller, kind, subject=subject, found=0)
    access.outcome = CardAccess.Outcome.REFUSED
    access.save(force_insert=True)


def _access(caller: Caller, kind: CardAccess.Kind, *, subject: str, found: int) -> CardAccess:
    values: dict[str, Any] = {
        "user_id": caller.user_id,
        "key_prefix": caller.key_prefix,
        "who": caller.who[:WHO_LENGTH],
        "request_id": caller.request_id[:SUBJECT_LENGTH],
    }
    return CardAccess(
        at=now(),
        kind=kind,
        subject=subject[:SUBJECT_LENGTH],
        outcome=CardAccess.Outcome.FOUND if found else CardAccess.Outcome.NOT_FOUND,
        found=found,
        **values,
    )
