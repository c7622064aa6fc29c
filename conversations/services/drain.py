"""From waiting deliveries to customers, rooms and messages: a batch at a time, all or nothing.

Every effect is idempotent and commutative, so that any number of workers may drain at once, in
any order, and again after a crash. A batch that fails is taken one event at a time, so that only
the poison one is set aside.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils.timezone import now

from conversations.crm_shapes import NotAMessageError, items, read_crm_message
from conversations.models import DrainAttempt, InboundEvent
from conversations.payloads import InboundMessage, PayloadError, Reading, read_message
from conversations.services.identities import LostRaceError
from conversations.services.inbox import (
    IDEMPOTENCY,
    Delivery,
    canonical,
    mark_failed,
    store_deliveries,
    weak_key,
)
from conversations.services.messages import store_messages
from conversations.services.rooms import CRM, Incoming
from conversations.services.statuses import apply_report
from conversations.services.twilio_inbox import TWILIO, TWILIO_STATUS, incoming_of, report_of
from conversations.twilio_shapes import StatusReport, parse_form
from funnel_site.lib.strict_json import JSONRefusedError, loads
from funnel_site.lib.text import clean_texts

logger = structlog.get_logger(__name__)

BATCH = 500
SUSPECTS = 20
STALE_AFTER = timedelta(seconds=60)
MOST_ATTEMPTS = 5
MOST_RACES = 10
WEBHOOK = "webhook"

_draining = threading.Lock()
_again = threading.Event()


class Waiting(NamedTuple):
    """The part of an InboundEvent that its processing needs."""

    pk: int
    source: str
    dedupe_key: str
    body: bytes
    received_at: datetime
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class Sorted:
    """A batch of events, told apart: what to store, what is done, what is refused."""

    incoming: list[tuple[Waiting, Incoming]] = field(default_factory=list)
    reports: list[tuple[Waiting, StatusReport]] = field(default_factory=list)
    done: list[Waiting] = field(default_factory=list)
    refused: list[tuple[Waiting, str, str]] = field(default_factory=list)


def drain_inbox(*, batch: int = BATCH) -> int:
    """Process waiting events until none is left for us; returns how many were taken."""
    _count_lost_attempts()
    total = _drain_suspects()
    while taken := drain_batch(batch=batch):
        total += taken
    return total


def drain_in_process() -> None:
    """Drain here and now, for a site without a broker.

    While another thread of this process is at it, leave the work to that one: it looks once more
    before it goes.
    """
    _again.set()
    while _again.is_set() and _draining.acquire(blocking=False):
        try:
            _again.clear()
            drain_inbox()
        finally:
            _draining.release()


def drain_batch(*, batch: int = BATCH) -> int:
    """Process one batch of events that never failed; 0 where there is none to be had."""
    with transaction.atomic():
        waiting = InboundEvent.objects.select_for_update(skip_locked=True).filter(
            state=InboundEvent.State.PENDING, attempts=0
        )
        ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:batch])
        if not ids:
            return 0
        # Committed before the work begins: a worker that is killed leaves this row behind.
        attempt = DrainAttempt.objects.create(event_ids=ids)
    _drain(attempt)
    return len(ids)


def _drain_suspects() -> int:
    """Events that were in the hands of a worker when it died: each alone, each marked first."""
    waiting = InboundEvent.objects.filter(state=InboundEvent.State.PENDING, attempts__gt=0)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:SUSPECTS])
    for event_id in ids:
        _drain(DrainAttempt.objects.create(event_ids=[event_id]))
    return len(ids)


def _count_lost_attempts() -> None:
    """Note the events of batches whose worker is gone; after too many, set them aside."""
    stale = DrainAttempt.objects.filter(started_at__lt=now() - STALE_AFTER)
    if not stale.exists():
        return
    with transaction.atomic():
        for attempt in stale.select_for_update(skip_locked=True):
            waiting = InboundEvent.objects.select_for_update(skip_locked=True).filter(
                pk__in=attempt.event_ids, state=InboundEvent.State.PENDING
            )
            lost = list(waiting)
            for event in lost:
                event.attempts += 1
            InboundEvent.objects.bulk_update(lost, ["attempts"])
            mark_failed(
                (event.pk, "worker_lost", "The worker was lost each time this was processed")
                for event in lost
                if event.attempts >= MOST_ATTEMPTS
            )
            attempt.delete()


def _drain(attempt: DrainAttempt) -> None:
    """Process the events of an attempt that nobody else has, in one transaction."""
    try:
        with transaction.atomic():
            waiting = InboundEvent.objects.select_for_update(skip_locked=True).filter(
                pk__in=attempt.event_ids, state=InboundEvent.State.PENDING
            )
            events = [
                Waiting._make(row) for row in waiting.order_by("pk").values_list(*Waiting._fields)
            ]
            if events:
                _process(events)
            attempt.delete()
    except (OperationalError, InterfaceError):
        # The database's trouble, not the events': they wait, and nobody is blamed.
        DrainAttempt.objects.filter(pk=attempt.pk).delete()
        raise


def _process(events: Sequence[Waiting]) -> None:
    batch = sort_events(events)
    try:
        _store(batch.incoming)
        batch.done += [event for event, _ in batch.incoming]
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("batch failed; taking its events one by one", events=len(events))
        _store_one_by_one(batch)
    for event, report in batch.reports:
        apply_report(report)
        batch.done.append(event)
    InboundEvent.objects.filter(pk__in=[event.pk for event in batch.done]).update(
        state=InboundEvent.State.PROCESSED, processed_at=now()
    )
    if batch.refused:
        mark_failed((event.pk, code, reason) for event, code, reason in batch.refused)


def _store(incoming: Sequence[tuple[Waiting, Incoming]]) -> None:
    """Store what can be stored, again from the start while other workers are quicker."""
    for race in range(MOST_RACES):
        try:
            with transaction.atomic():
                store_messages([item for _, item in incoming])
        except LostRaceError:
            logger.info("another worker made the same customer first", race=race)
        else:
            return
    raise OperationalError("too many workers make the same customers at once")


def _store_one_by_one(batch: Sorted) -> None:
    for event, item in batch.incoming:
        try:
            _store([(event, item)])
        except (OperationalError, InterfaceError):
            raise
        except DatabaseError as error:
            batch.refused.append((event, "database_refused", type(error).__name__))
        except Exception as error:
            logger.exception("event cannot be processed", event_id=event.pk)
            batch.refused.append((event, "cannot_be_processed", type(error).__name__))
        else:
            batch.done.append(event)


def sort_events(events: Sequence[Waiting]) -> Sorted:
    """Read each event; lists are taken apart into events of their own."""
    batch = Sorted()
    for event in events:
        try:
            _sort(event, batch)
        except PayloadError as error:
            batch.refused.append((event, error.code, str(error)))
        except JSONRefusedError as error:
            batch.refused.append((event, error.code, error.detail))
        except NotAMessageError:
            batch.done.append(event)
    return batch


def _sort(event: Waiting, batch: Sorted) -> None:
    if event.source == TWILIO:
        form = parse_form(bytes(event.body))
        item = incoming_of(event_id=event.pk, form=form, received_at=event.received_at)
        batch.incoming.append((event, item))
        return
    if event.source == TWILIO_STATUS:
        report = report_of(body=bytes(event.body), headers=event.headers)
        batch.reports.append((event, report))
        return
    value = _value(event)
    parts = items(value) if event.source == WEBHOOK else None
    if parts is None:
        batch.incoming.append((event, _incoming(event, _read(event, value))))
    else:
        _take_apart(event, parts)
        batch.done.append(event)


def _value(event: Waiting) -> object:
    """The event's JSON. What only has unusable characters is read all the same at a webhook."""
    body = bytes(event.body)
    try:
        return loads(body)
    except JSONRefusedError as refusal:
        if event.source == WEBHOOK and refusal.code == "bad_text":
            # Refused for its characters alone: everything else about it is by the rules.
            return clean_texts(json.loads(body))
        raise


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def reading_of(received_at: datetime) -> Reading:
    """What a body is read against: this site's zone and region, and when it came."""
    return Reading(
        zone=_zone(settings.TIME_ZONE),
        region=settings.PHONE_REGION,
        received_at=received_at,
    )


def _read(event: Waiting, value: object) -> InboundMessage:
    reading = reading_of(event.received_at)
    return (
        read_crm_message(value, reading)
        if event.source == WEBHOOK
        else read_message(value, reading)
    )


def _incoming(event: Waiting, message: InboundMessage) -> Incoming:
    own = f"{event.source}:{event.dedupe_key}"
    key = own if event.dedupe_key.startswith(IDEMPOTENCY) else weak_key(message) or own
    return Incoming(
        message=message,
        source=CRM,
        external_id=key,
        event_id=event.pk,
        received_at=event.received_at,
    )


def _take_apart(event: Waiting, parts: Sequence[object]) -> None:
    """One event a message, so that a bad one among many is a dead letter of its own."""
    store_deliveries(
        source=event.source,
        deliveries=[
            Delivery(key=f"{event.dedupe_key[:280]}#{number}", body=canonical(part))
            for number, part in enumerate(parts, start=1)
        ],
        received_at=event.received_at,
    )
