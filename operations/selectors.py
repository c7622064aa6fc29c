"""What the two pages show. Each answer is a fixed number of statements, whatever the tables hold:
counts stop at a ceiling, rates are those of the newest deliveries."""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import connection
from django.utils.formats import number_format
from django.utils.timezone import now
from django.utils.translation import gettext
from django_celery_beat.models import PeriodicTask

from carddata.models import DropEntry, PartnerFile, RejectedRow
from conversations.models import InboundEvent, RawFile, Sending
from customer360.models import ProfileBuild
from funnel_site.exports.models import ExportJob
from funnels.models import KeywordSync
from operations.models import TaskRun
from reviews.models import Invitation

CEILING = 10_000
LATEST = 1_000
HOUSEKEEPING = "celery."


@dataclass(slots=True, kw_only=True)
class Work:
    """One kind of work: its schedule, its last run and what its own tables say."""

    task: str
    title: str
    link: str = ""
    link_text: str = ""
    schedule: str = ""
    schedule_id: int | None = None
    is_on: bool = False
    next_run: datetime | None = None
    run: TaskRun | None = None
    facts: list[tuple[str, Any]] = field(default_factory=list)
    percent: int | None = None
    trouble: str = ""


def capped(rows: Any) -> str:
    """How many, counted no further than the ceiling."""
    number = rows.order_by()[: CEILING + 1].count()
    return f"{CEILING:,}+" if number > CEILING else f"{number:,}"


def works() -> list[Work]:
    """Every scheduled task, with what its app knows of it."""
    runs = {run.task: run for run in TaskRun.objects.all()}
    details = {
        "conversations.tasks.drain_inbox": _inbox,
        "conversations.tasks.send_owed": _sendings,
        "conversations.tasks.archive_raw": _archive,
        "reviews.tasks.send_invitations": _invitations,
        "funnels.tasks.sync_keywords": _keywords,
        "carddata.tasks.sweep_drop": _partner_files,
        "customer360.tasks.build_changed_profiles": _builds,
        "funnel_site.exports.tasks.sweep_exports": _exports,
    }
    scheduled = _scheduled()
    found = []
    for title, task in _titles(scheduled):
        work = Work(task=task, title=title.capitalize(), run=runs.get(task))
        _note_schedule(work, scheduled.get(task))
        if task in details:
            details[task](work)
        found.append(work)
    return found


def _scheduled() -> dict[str, PeriodicTask]:
    rows = PeriodicTask.objects.select_related("interval", "crontab", "solar", "clocked")
    return {row.task: row for row in rows.order_by("-pk") if not row.task.startswith(HOUSEKEEPING)}


def _titles(scheduled: dict[str, PeriodicTask]) -> list[tuple[str, str]]:
    """The site's own schedules first, then those that staff have added."""
    own = [(title, entry["task"]) for title, entry in settings.CELERY_BEAT_SCHEDULE.items()]
    known = {task for _, task in own}
    added = [(row.name, task) for task, row in scheduled.items() if task not in known]
    return [(title, str(task)) for title, task in [*own, *sorted(added)]]


def _note_schedule(work: Work, row: PeriodicTask | None) -> None:
    if row is None:
        entry = next(
            one for one in settings.CELERY_BEAT_SCHEDULE.values() if one["task"] == work.task
        )
        every = entry["schedule"]
        work.schedule = (
            gettext("every %(seconds)s s") % {"seconds": f"{every:g}"}
            if isinstance(every, float)
            else _clock(every)
        )
        return
    work.schedule, work.schedule_id, work.is_on = str(row.scheduler), row.pk, row.enabled
    if row.enabled:
        last = row.last_run_at or row.date_changed
        work.next_run = now() + max(row.schedule.remaining_estimate(last), timedelta())


def _clock(every: Any) -> str:
    return gettext("%(clock)s each day") % {
        "clock": f"{every._orig_hour:0>2}:{every._orig_minute:0>2}"
    }


def _inbox(work: Work) -> None:
    events = InboundEvent.objects
    failed = events.filter(state=InboundEvent.State.FAILED)
    work.facts = [
        (gettext("Waiting"), capped(events.filter(state=InboundEvent.State.PENDING))),
        (gettext("Dead letters"), capped(failed)),
    ]
    work.link, work.link_text = "conversations_inboundevent_changelist", gettext("Inbox")


def _sendings(work: Work) -> None:
    rows = Sending.objects
    work.facts = [
        (gettext("Owed"), capped(rows.filter(state=Sending.State.OWED))),
        (gettext("Being sent"), capped(rows.filter(state=Sending.State.CLAIMED))),
    ]
    work.link, work.link_text = "conversations_sending_changelist", gettext("Sendings")


def _archive(work: Work) -> None:
    last = RawFile.objects.order_by("-pk").first()
    if last is not None:
        work.facts = [
            (gettext("Last file"), last.name.rpartition("/")[2]),
            (gettext("Made"), last.made_at),
        ]
    work.facts.append(
        (
            gettext("Kept in the database for"),
            gettext("%(number)s days") % {"number": settings.RAW_HOT_DAYS},
        )
    )
    work.link, work.link_text = "conversations_rawfile_changelist", gettext("Archive files")


def _invitations(work: Work) -> None:
    work.facts = [
        (gettext("Waiting"), capped(Invitation.objects.filter(state=Invitation.State.WAITING))),
    ]
    work.link, work.link_text = "reviews_campaign_changelist", gettext("Campaigns")


def _keywords(work: Work) -> None:
    work.link, work.link_text = "funnels_keywordsync_changelist", gettext("Keyword syncs")
    last = KeywordSync.objects.order_by("-pk").first()
    if last is None:
        return
    changes = gettext("%(added)s added, %(changed)s changed, %(removed)s removed") % {
        "added": last.added,
        "changed": last.changed,
        "removed": last.removed,
    }
    work.facts = [
        (gettext("Last result"), last.get_state_display()),
        (gettext("Keywords"), changes),
    ]
    work.trouble = last.error


def _partner_files(work: Work) -> None:
    work.link, work.link_text = "carddata_partnerfile_changelist", gettext("Partner files")
    running = PartnerFile.objects.filter(state__in=PartnerFile.RUNNING).order_by("-pk").first()
    last = running or PartnerFile.objects.order_by("-pk").first()
    if last is not None:
        work.facts = [
            (last.name, last.get_state_display()),
            (
                gettext("Rows"),
                gettext("%(loaded)s loaded")
                % {"loaded": number_format(last.loaded, force_grouping=True)},
            ),
        ]
        work.trouble = last.error
        work.percent = last.percent if last.is_running else None
    work.facts += [
        (gettext("In the folder"), DropEntry.objects.count()),
        (gettext("Rejected rows to mend"), capped(RejectedRow.objects.filter(closed=""))),
    ]


def _builds(work: Work) -> None:
    work.link, work.link_text = "customer360_profilebuild_changelist", gettext("Profile builds")
    last = ProfileBuild.objects.order_by("-pk").first()
    if last is None:
        return
    work.facts = [
        (gettext("Last result"), last.get_state_display()),
        (gettext("Profiles written"), f"{last.customers:,}"),
    ]
    work.trouble = last.error
    if last.state == ProfileBuild.State.RUNNING and last.steps:
        work.percent = last.steps_done * 100 // last.steps
        work.facts.append((gettext("Step"), last.step))


def _exports(work: Work) -> None:
    rows = ExportJob.objects
    work.facts = [
        (gettext("On the way"), capped(rows.filter(state__in=ExportJob.UNFINISHED))),
        (gettext("Ready to fetch"), capped(rows.filter(state=ExportJob.State.READY))),
    ]
    failed = rows.filter(state=ExportJob.State.FAILED).order_by("-pk").first()
    if failed is not None:
        work.facts.append((gettext("Last failed"), failed.finished_at))
    work.link, work.link_text = "exports_exportjob_changelist", gettext("Exports")


@dataclass(slots=True, kw_only=True)
class Health:
    """The system at this moment. Seconds, bytes and counts; None where it cannot be known."""

    lag_seconds: float | None
    waiting: str
    dead_letters: str
    failures: list[tuple[str, int]]
    per_minute: float | None
    delay_seconds: float | None
    queue: int | None
    queue_trouble: str
    disk_total: int
    disk_free: int
    database_bytes: int
    largest: list[tuple[str, int]]
    stale_tasks: list[TaskRun]


def health() -> Health:
    """The system page's figures: a fixed number of statements and one question to the broker."""
    pending = InboundEvent.objects.filter(state=InboundEvent.State.PENDING).order_by("pk")
    failed = InboundEvent.objects.filter(state=InboundEvent.State.FAILED)
    oldest = pending.values_list("received_at", flat=True).first()
    codes = failed.order_by("-pk").values_list("error_code", flat=True)[:LATEST]
    per_minute, delay = _throughput()
    queue, trouble = _queue()
    disk = shutil.disk_usage(_existing(Path(settings.VAR_DIR)))
    database, largest = _sizes()
    return Health(
        lag_seconds=(now() - oldest).total_seconds() if oldest else 0.0,
        waiting=capped(pending),
        dead_letters=capped(failed),
        failures=Counter(code or gettext("no code") for code in codes).most_common(10),
        per_minute=per_minute,
        delay_seconds=delay,
        queue=queue,
        queue_trouble=trouble,
        disk_total=disk.total,
        disk_free=disk.free,
        database_bytes=database,
        largest=largest,
        stale_tasks=list(TaskRun.objects.filter(failures__gt=0).order_by("task")),
    )


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
