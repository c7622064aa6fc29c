"""Keeping deliveries: one committed row each, before anyone is told yes."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import QuerySet
from django.utils.timezone import now

from conversations.models import InboundEvent
from conversations.payloads import InboundMessage
from funnel_site.lib.batches import update_rows

KEY_LENGTH = 300
IDEMPOTENCY = "idempotency:"
INSERT_COLUMNS = "source, dedupe_key, body, headers, received_at, state, processed_at, attempts, error_code, error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came by a door: its key there, and the bytes."""

    key: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of a delivery: the row that holds it, or the row it contradicts."""

    event_id: int
    is_duplicate: bool
    is_conflict: bool = False


def canonical(value: Any) -> bytes:
    """One spelling of a JSON value: what the sender means, not how it was typed."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def weak_key(message: InboundMessage) -> str:
    """The message's own id, or a key made of its content; empty where nothing tells a repeat from a new message.

    Two equal texts in the same second of one room count as one; without a time of the sender's
    every request is a new message.
    """
    if message.message_id:
        return message.message_id
    if not message.has_sent_at:
        return ""
    who = message.phone or message.user_id
    parts = (message.room_id, who, message.sender, message.sent_at.isoformat(), message.text)
    return "weak:" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def store_deliveries(
    *,
    source: str,
    deliveries: Sequence[Delivery],
    received_at: datetime,
    are_taken_up: bool = False,
) -> list[Stored]:
    """Keep the deliveries, one statement for all; one result each, in their order.

    `are_taken_up` marks new ones as processed: the caller does so in the same transaction.

    A delivery whose key is known is a duplicate if its body is the same. With another body the
    first is kept and the second becomes a dead letter that staff can see.
    """
    if not deliveries:
        return []
    first_by_key: dict[str, Delivery] = {}
    for delivery in deliveries:
        first_by_key.setdefault(delivery.key, delivery)
    # In the order of the keys: two writers that share keys wait for each other, never in a circle.
    new = [first_by_key[key] for key in sorted(first_by_key)]
    inserted = _insert(source, new, received_at, are_taken_up=are_taken_up)
    known = _known(source, [key for key in first_by_key if key not in inserted])
    results = []
    for delivery in deliveries:
        first = first_by_key[delivery.key]
        if delivery is first and delivery.key in inserted:
            results.append(Stored(event_id=inserted[delivery.key], is_duplicate=False))
            continue
        event_id, body = known.get(delivery.key) or (inserted[delivery.key], first.body)
        results.append(_repeat(source, delivery, event_id, body, received_at))
    return results


def known_keys(source: str, keys: Sequence[str]) -> set[str]:
    """Those of the keys under which a delivery of this source is kept."""
    return set(_known(source, keys))


def _insert(
    source: str, deliveries: Sequence[Delivery], received_at: datetime, *, are_taken_up: bool
) -> dict[str, int]:
    """Insert what is new; the ids by key."""
    row = "(%s, %s, %s, %s, %s, %s, %s, 0, '', '')"
    state = InboundEvent.State.PROCESSED if are_taken_up else InboundEvent.State.PENDING
    statement = (
        f"INSERT INTO conversations_inboundevent ({INSERT_COLUMNS})"  # noqa: S608
        f" VALUES {', '.join([row] * len(deliveries))}"
        " ON CONFLICT (source, dedupe_key) DO NOTHING RETURNING dedupe_key, id"
    )
    moment = connection.ops.adapt_datetimefield_value(received_at)
    values: list[Any] = []
    for delivery in deliveries:
        headers = json.dumps(dict(delivery.headers))
        values += [source, delivery.key, delivery.body, headers, moment, state.value]
        values.append(moment if are_taken_up else None)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return dict(cursor.fetchall())


def _known(source: str, keys: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    if not keys:
        return {}
    rows = InboundEvent.objects.filter(source=source, dedupe_key__in=keys)
    return {
        key: (event_id, bytes(body))
        for event_id, key, body in rows.values_list("pk", "dedupe_key", "body")
    }


def _repeat(
    source: str, delivery: Delivery, event_id: int, body: bytes, received_at: datetime
) -> Stored:
    """A delivery under a known key: the same again, or a contradiction, which is kept to be seen."""
    if _same(delivery.body, body):
        return Stored(event_id=event_id, is_duplicate=True)
    digest = hashlib.sha256(delivery.body).hexdigest()[:16]
    InboundEvent.objects.get_or_create(
        source=source,
        dedupe_key=f"{delivery.key[: KEY_LENGTH - 30]}#conflict-{digest}",
        defaults={
            "body": delivery.body,
            "headers": dict(delivery.headers),
            "received_at": received_at,
            "state": InboundEvent.State.FAILED,
            "error_code": "conflict",
            "error": f"Event {event_id} came first under the same key with another body",
        },
    )
    return Stored(event_id=event_id, is_duplicate=True, is_conflict=True)


def _same(one: bytes, other: bytes) -> bool:
    """Whether a delivery says what is kept; of a body that was archived or erased no one can tell."""
    if one == other or not other:
        return True
    try:
        return canonical(orjson.loads(one)) == canonical(orjson.loads(other))
    except orjson.JSONDecodeError:
        return False


def replay_events(events: QuerySet[InboundEvent]) -> int:
    """Put dead letters back in line; returns how many. Those that contradict another stay.

    Replaying is safe at any time: what an event stores is unique by its message's own key.
    """
    return (
        events.filter(state=InboundEvent.State.FAILED)
        .exclude(error_code="conflict")
        .update(state=InboundEvent.State.PENDING, attempts=0, error_code="", error="")
    )


def mark_failed(failures: Iterable[tuple[int, str, str]]) -> None:
    """Set events aside, each with a code and a reason."""
    moment = now()
    rows = [
        InboundEvent(
            pk=event_id,
            state=InboundEvent.State.FAILED,
            error_code=code[:40],
            error=reason[:300],
            processed_at=moment,
        )
        for event_id, code, reason in failures
    ]
    update_rows(rows, ["state", "error_code", "error", "processed_at"])
