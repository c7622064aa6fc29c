"""Processed deliveries that are old: their bodies move to archive files and can come back.

The row stays, with its key, so that a repeat is recognised for ever; only body and headers leave it,
after the file was read back and found whole.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from conversations.models import InboundEvent, RawFile
from conversations.services.raw_files import (
    ROOT,
    body_of,
    file_names,
    line_of,
    raw_storage,
    read_lines,
    write_lines,
)
from funnel_site.lib.batches import chunks, update_rows

LINES_A_FILE = 5_000
STATE = InboundEvent.State


@dataclass(slots=True)
class Replayed:
    """What came back from the archive."""

    files: int = 0
    lines: int = 0
    restored: int = 0
    erased: int = 0


def archive_raw(*, older_than_days: int | None = None, batch: int = LINES_A_FILE) -> int:
    """Archive what was received longer ago than RAW_HOT_DAYS; returns how many deliveries.

    Each batch is one transaction; a run that breaks off leaves a file nobody refers to, and the
    next one writes those lines again.
    """
    days = settings.RAW_HOT_DAYS if older_than_days is None else older_than_days
    until = now() - timedelta(days=days)
    total, last = 0, 0
    while taken := _archive_batch(until, last, batch):
        total += len(taken)
        last = taken[-1]
    return total


@transaction.atomic
def _archive_batch(until: datetime, after: int, batch: int) -> list[int]:
    waiting = InboundEvent.objects.select_for_update(skip_locked=True).filter(
        pk__gt=after, state=STATE.PROCESSED, raw_file=None, received_at__lt=until
    )
    rows = list(waiting.exclude(body=b"").order_by("pk")[:batch])
    zone = ZoneInfo(settings.TIME_ZONE)

    def place(event: InboundEvent) -> tuple[date, str]:
        return event.received_at.astimezone(zone).date(), event.source

    for (day, source), group in groupby(sorted(rows, key=place), key=place):
        _archive_group(day, source, sorted(group, key=lambda event: event.pk))
    return [event.pk for event in rows]


def _archive_group(day: date, source: str, events: Sequence[InboundEvent]) -> None:
    name = f"{ROOT}/dt={day}/source={source}/{events[0].pk:012d}-{events[-1].pk:012d}.jsonl.gz"
    written = write_lines(
        raw_storage(),
        name,
        [
            line_of(
                event_id=event.pk,
                source=event.source,
                key=event.dedupe_key,
                received_at=event.received_at.isoformat(),
                headers=event.headers,
                body=bytes(event.body),
            )
            for event in events
        ],
    )
    file = RawFile.objects.create(
        name=written.name,
        source=source,
        day=day,
        lines=len(events),
        size=written.size,
        sha256=written.sha256,
    )
    InboundEvent.objects.filter(pk__in=[event.pk for event in events]).update(
        body=b"", headers={}, raw_file=file
    )


def replay_raw(
    *, since: date | None = None, on_file: Callable[[int], None] | None = None
) -> Iterator[Replayed]:
    """Put archived deliveries back in line, file by file; yields the running totals.

    Whatever they stored already stays as it is: what a delivery stores is unique by its message's
    key. Into empty tables this rebuilds them. Raises DamagedFileError at the first broken file.
    """
    storage, totals = raw_storage(), Replayed()
    for name in file_names(storage):
        if since and _day_of(name) < since.isoformat():
            continue
        for lines in chunks(read_lines(storage, name), LINES_A_FILE):
            _restore(lines, totals)
        totals.files += 1
        if on_file:
            on_file(totals.files)
        yield totals


def _day_of(name: str) -> str:
    return name.partition("dt=")[2][:10]


@transaction.atomic
def _restore(lines: Sequence[dict[str, Any]], totals: Replayed) -> None:
    kept = [line for line in lines if "erased" not in line]
    totals.lines += len(lines)
    totals.erased += len(lines) - len(kept)
    for source in {line["source"] for line in kept}:
        by_key = {line["key"]: line for line in kept if line["source"] == source}
        known = InboundEvent.objects.select_for_update().filter(
            source=source, dedupe_key__in=by_key
        )
        rows = {event.dedupe_key: event for event in known}
        empty = [
            event
            for event in rows.values()
            if event.state == STATE.PROCESSED and not event.body and event.error_code != "erased"
        ]
        for event in empty:
            line = by_key[event.dedupe_key]
            event.body, event.headers = body_of(line), line["headers"]
            event.state, event.attempts, event.raw_file_id = STATE.PENDING, 0, None
        update_rows(empty, ["body", "headers", "state", "attempts", "raw_file"])
        new = [_event(line) for key, line in by_key.items() if key not in rows]
        InboundEvent.objects.bulk_create(new, ignore_conflicts=True)
        totals.restored += len(empty) + len(new)


def _event(line: dict[str, Any]) -> InboundEvent:
    return InboundEvent(
        source=line["source"],
        dedupe_key=line["key"],
        body=body_of(line),
        headers=line["headers"],
        received_at=datetime.fromisoformat(line["received_at"]).astimezone(UTC),
    )
