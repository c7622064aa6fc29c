"""How the system does at this moment. A fixed number of statements, whatever the tables hold: counts
stop at a ceiling, rates are those of the newest deliveries."""

import hashlib
import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.models import Max, Sum
from django.utils.timezone import now
from django.utils.translation import gettext
from django_celery_beat.models import PeriodicTask

from carddata.models import Partner, RejectedRow
from carddata.refusals import REASONS
from conversations.models import InboundEvent, Sending, SignatureRefusal
from conversations.services.raw_files import raw_storage
from customer360.models import ProfileBuild
from funnel_site.lib.words import translated
from funnels.models import KeywordSync
from operations.doors import BOUNDS, percentile, slot_of
from operations.models import DoorCount, TaskRun
from operations.selectors import capped

LATEST = 1_000
DIGITS = re.compile(r"\d+|“[^”]*”|'[^']*'")
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
LOOKED_AT = 20
"""Doors, partners and reasons that a table of the page shows at most."""


@dataclass(slots=True, kw_only=True)
class Health:
    """The system at this moment. Seconds, bytes and counts; None where it cannot be known."""

    lag_seconds: float | None
    waiting: str
    dead_letters: str
    per_minute: float | None
    delay_seconds: float | None
    queue: int | None
    queue_trouble: str
    disk_total: int
    disk_free: int
    database_bytes: int
    largest: list[tuple[str, int]]
    stale_tasks: list[TaskRun]
    sources: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    feeds: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    refusals: int = 0
    doors: list[dict[str, Any]] = field(default_factory=list)
    advice: list[SignatureRefusal] = field(default_factory=list)
    ignored: str = "0"
    in_doubt: str = "0"
    keyword_version: int | None = None
    keyword_synced_at: datetime | None = None
    keyword_trouble: str = ""
    built_at: datetime | None = None
    build_trouble: str = ""
    beat_at: datetime | None = None
    archive_trouble: str = ""


def health() -> Health:
    """The system page's figures: a fixed number of statements and one question to the broker."""
    pending = InboundEvent.objects.filter(state=InboundEvent.State.PENDING).order_by("pk")
    failed = InboundEvent.objects.filter(state=InboundEvent.State.FAILED)
    oldest = pending.values_list("received_at", flat=True).first()
    per_minute, delay = _throughput()
    queue, trouble = _queue()
    disk = shutil.disk_usage(_existing(Path(settings.VAR_DIR)))
    database, largest = _sizes()
    errors = dead_letters_by_error()
    found = Health(
        lag_seconds=(now() - oldest).total_seconds() if oldest else 0.0,
        waiting=capped(pending),
        dead_letters=capped(failed),
        ignored=capped(InboundEvent.objects.filter(state=InboundEvent.State.IGNORED)),
        per_minute=per_minute,
        delay_seconds=delay,
        queue=queue,
        queue_trouble=trouble,
        disk_total=disk.total,
        disk_free=disk.free,
        database_bytes=database,
        largest=largest,
        stale_tasks=list(TaskRun.objects.filter(failures__gt=0).order_by("task")),
        sources=waiting_by_source(),
        rejects=rejects_by_reason(),
        feeds=feed_freshness(),
        errors=errors,
        doors=how_doors_answer(),
        in_doubt=capped(Sending.objects.filter(state=Sending.State.UNKNOWN)),
        archive_trouble=_archive_trouble(),
    )
    _note_freshness(found)
    return found


def waiting_by_source() -> list[dict[str, Any]]:
    """`source`, `number` and `seconds` of the oldest, of the first LATEST deliveries that wait."""
    pending = InboundEvent.objects.filter(state=InboundEvent.State.PENDING).order_by("pk")
    arrivals: dict[str, list[datetime]] = {}
    # Grouped here: joined to so short a list the database reads the whole table.
    for source, received_at in pending.values_list("source", "received_at")[:LATEST]:
        arrivals.setdefault(source, []).append(received_at)
    moment = now()
    rows = [
        {
            "source": source,
            "number": len(times),
            "oldest": min(times),
            "seconds": (moment - min(times)).total_seconds(),
        }
        for source, times in arrivals.items()
    ]
    return sorted(rows, key=lambda row: row["oldest"])


def dead_letters_by_error() -> list[dict[str, Any]]:
    """`code`, `error`, `number` and `last` (a row's key) of the newest LATEST dead letters, by their error.

    What is alike but for its numbers is one error: it has one cause, and one mend.
    """
    failed = InboundEvent.objects.filter(state=InboundEvent.State.FAILED).order_by("-pk")
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for key, code, error in failed.values_list("pk", "error_code", "error")[:LATEST]:
        plain = DIGITS.sub("…", error)
        group = groups.setdefault(
            (code, plain),
            {
                "code": code or gettext("no code"),
                "error": plain,
                "number": 0,
                "last": key,
                "hash": hashlib.sha256(f"{code} {plain}".encode()).hexdigest()[:8],
            },
        )
        group["number"] += 1
    return sorted(groups.values(), key=lambda one: -one["number"])[:LOOKED_AT]


def how_doors_answer() -> list[dict[str, Any]]:
    """Each webhook's answers of a day: `good`, `refused`, `unsigned` among these, `broken`; and `p99`
    of the last hour and of the day in milliseconds, None beyond the longest that is told apart."""
    moment = now()
    since, hour = slot_of(moment - DAY), slot_of(moment - timedelta(hours=1))
    found: dict[str, dict[str, Any]] = {}
    rows = DoorCount.objects.filter(slot__gte=since).order_by("door")
    for row in rows.iterator(chunk_size=LATEST):
        door = found.setdefault(
            row.door,
            {"door": row.door, "answers": Counter(), "day": Counter(), "hour": Counter()},
        )
        door["answers"].update({int(status): number for status, number in row.answers.items()})
        for part in ("day", "hour") if row.slot >= hour else ("day",):
            door[part].update(dict(enumerate(row.buckets)))
    return [_door(**one) for one in found.values()][:LOOKED_AT]


def _door(
    *, door: str, answers: Counter[int], day: Counter[int], hour: Counter[int]
) -> dict[str, Any]:
    def among(first: int, last: int) -> int:
        return sum(number for status, number in answers.items() if first <= status < last)

    return {
        "door": door,
        "good": among(200, 400),
        "refused": among(400, 500),
        "unsigned": answers[401] + answers[403],
        "broken": among(500, 600),
        "hour": hour.total(),
        "p99_hour": percentile([hour[place] for place in range(len(BOUNDS) + 1)], 0.99),
        "p99_day": percentile([day[place] for place in range(len(BOUNDS) + 1)], 0.99),
    }


def rejects_by_reason() -> list[dict[str, Any]]:
    """`reason`, its `words` and the `number` of the newest LATEST rejected rows that nobody has mended."""
    newest = RejectedRow.objects.filter(closed="").order_by("-pk")
    found = Counter(newest.values_list("reason", flat=True)[:LATEST])
    counted = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:LOOKED_AT]
    return [
        {"reason": reason, "words": translated(REASONS.get(reason, reason)), "number": number}
        for reason, number in counted
    ]


def feed_freshness() -> list[dict[str, Any]]:
    """Each active partner's `name` and the `last` time a file of theirs went in."""
    rows = Partner.objects.filter(is_active=True).annotate(last=Max("files__finished_at"))
    return [
        {"name": name, "last": last, "is_late": last is not None and last < now() - WEEK}
        for name, last in rows.values_list("name", "last").order_by("last")[:LOOKED_AT]
    ]


def _note_freshness(found: Health) -> None:
    """Keywords, profiles, beat and refused signatures."""
    synced = KeywordSync.objects.exclude(version=None).order_by("-version").first()
    last = KeywordSync.objects.order_by("-pk").first()
    if synced is not None:
        found.keyword_version, found.keyword_synced_at = synced.version, synced.finished_at
    found.keyword_trouble = last.error if last is not None else ""
    build = ProfileBuild.objects.filter(state=ProfileBuild.State.DONE).order_by("-pk").first()
    newest = ProfileBuild.objects.order_by("-pk").first()
    found.built_at = build.finished_at if build is not None else None
    if newest is not None and newest.state == ProfileBuild.State.FAILED:
        found.build_trouble = newest.error or newest.get_state_display()
    found.beat_at = PeriodicTask.objects.aggregate(last=Max("last_run_at"))["last"]
    recent = SignatureRefusal.objects.filter(last_at__gt=now() - DAY)
    found.refusals = recent.aggregate(n=Sum("times"))["n"] or 0
    found.advice = list(recent.order_by("-last_at")[:LOOKED_AT])


def _archive_trouble() -> str:
    """Why the archive's storage does not answer; empty where it does."""
    try:
        raw_storage().exists("raw")
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own, and all mean: away
        return type(error).__name__
    return ""


def _throughput() -> tuple[float | None, float | None]:
    """Deliveries a minute and the median seconds from receipt to stored, of the newest processed."""
    newest = InboundEvent.objects.order_by("-pk").values_list("received_at", "processed_at")
    rows = [(got, done) for got, done in newest[:LATEST] if done is not None]
    if len(rows) < 2:
        return None, None
    span = (rows[0][1] - rows[-1][1]).total_seconds() / 60
    delays = sorted((done - got).total_seconds() for got, done in rows)
    return (abs(len(rows) / span) if span else None), delays[len(delays) // 2]


def _queue() -> tuple[int | None, str]:
    """How many tasks wait at the broker, or why nobody knows."""
    if not settings.CELERY_BROKER_URL:
        return None, gettext("No broker: work is done in the web process.")
    try:
        with current_app.connection_for_read(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
            name = settings.CELERY_TASK_DEFAULT_QUEUE
            channel: Any = broker.default_channel
            return channel.queue_declare(name, passive=True).message_count, ""
    except Exception as error:  # noqa: BLE001 - each transport has errors of its own, and all mean: away
        return None, gettext("The broker does not answer (%(error)s).") % {
            "error": type(error).__name__
        }


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _sizes() -> tuple[int, list[tuple[str, int]]]:
    """Bytes of the database, and of its largest tables where the database tells."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            return int(cursor.fetchone()[0]), []
        cursor.execute("SELECT pg_database_size(current_database())")
        total = int(cursor.fetchone()[0])
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " ORDER BY pg_total_relation_size(oid) DESC LIMIT 8"
        )
        return total, [(str(name), int(size)) for name, size in cursor.fetchall()]
