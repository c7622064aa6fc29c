"""What runs: a line for each scheduled task. A fixed number of statements, whatever the tables hold:
counts stop at a ceiling."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.text import capfirst
from django.utils.timezone import now
from django.utils.translation import gettext
from django_celery_beat.models import PeriodicTask

from carddata.models import DropEntry, PartnerFile, RejectedRow
from conversations.models import InboundEvent, RawFile, Sending
from customer360.models import ProfileBuild
from funnel_site.exports.models import ExportJob
from funnel_site.imports.models import ImportJob
from funnel_site.lib.money import shown_count
from funnel_site.lib.words import translated
from funnels.models import KeywordSync
from operations.models import TaskRun
from reviews.models import Invitation

CEILING = 10_000
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


Fill = Callable[[Work], None]
_lines: dict[str, Fill] = {}


def add_line(task: str, fill: Fill) -> None:
    """What an app says of a task of its own beside its schedule and last run.

    `fill` sets `facts` (name and value), `percent`, `trouble` and `link` (a page of the admin by its
    name, with `link_text`) by a fixed number of statements. Called once, at start-up: an app above
    this one does so in its `ready`, one below is wired by `funnel_site.wiring`.
    """
    _lines[task] = fill


def capped(rows: Any) -> str:
    """How many, counted no further than the ceiling."""
    number = rows.order_by()[: CEILING + 1].count()
    return f"{shown_count(CEILING)}+" if number > CEILING else shown_count(number)


def works() -> list[Work]:
    """Every scheduled task, with what its app knows of it."""
    runs = {run.task: run for run in TaskRun.objects.all()}
    scheduled = _scheduled()
    found = []
    for title, task in _titles(scheduled):
        work = Work(task=task, title=capfirst(translated(title)), run=runs.get(task))
        _note_schedule(work, scheduled.get(task))
        if task in _lines:
            _lines[task](work)
        found.append(work)
    return found


def title_of(task: str) -> str:
    """The name of a task of the site's own schedule; its path where it has none."""
    own = settings.CELERY_BEAT_SCHEDULE.items()
    name = next((title for title, entry in own if entry["task"] == task), "")
    return str(capfirst(translated(name))) if name else task


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
        (gettext("Ignored"), capped(events.filter(state=InboundEvent.State.IGNORED))),
    ]
    work.link, work.link_text = "conversations_inboundevent_changelist", gettext("Inbox deliveries")


def _sendings(work: Work) -> None:
    rows = Sending.objects
    work.facts = [
        (gettext("Owed"), capped(rows.filter(state=Sending.State.OWED))),
        (gettext("Being sent"), capped(rows.filter(state=Sending.State.CLAIMED))),
    ]
    work.link, work.link_text = "conversations_sending_changelist", gettext("Sendings")


def _silent(work: Work) -> None:
    rows = Sending.objects.filter(ask_at__isnull=False)
    troubled = rows.exclude(ask_trouble="").order_by("-asked_at").first()
    work.facts = [
        (gettext("Not final yet"), capped(rows)),
        (gettext("Due to be asked after"), capped(rows.filter(ask_at__lte=now()).exclude(sid=""))),
    ]
    work.trouble = troubled.ask_trouble if troubled is not None else ""
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


def _retention(work: Work) -> None:
    kept = settings.RETENTION_DAYS
    work.facts = [
        (source, gettext("%(number)s days") % {"number": days}) for source, days in kept.items()
    ]
    work.facts = work.facts or [(gettext("Policy"), gettext("none: everything is kept"))]


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
        "added": shown_count(last.added),
        "changed": shown_count(last.changed),
        "removed": shown_count(last.removed),
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
                gettext("%(loaded)s loaded") % {"loaded": shown_count(last.loaded)},
            ),
        ]
        work.trouble = last.error
        work.percent = last.percent if last.is_running else None
    work.facts += [
        (gettext("In the folder"), shown_count(DropEntry.objects.count())),
        (gettext("Rejected rows to mend"), capped(RejectedRow.objects.filter(closed=""))),
    ]


def _builds(work: Work) -> None:
    work.link, work.link_text = "customer360_profilebuild_changelist", gettext("Profile builds")
    last = ProfileBuild.objects.order_by("-pk").first()
    if last is None:
        return
    work.facts = [
        (gettext("Last result"), last.get_state_display()),
        (gettext("Profiles written"), shown_count(last.customers)),
    ]
    work.trouble = last.error
    if last.state == ProfileBuild.State.RUNNING and last.steps:
        work.percent = last.steps_done * 100 // last.steps
        work.facts.append((gettext("Step"), translated(last.step)))


def _exports(work: Work) -> None:
    _jobs(work, ExportJob, gettext("Ready to fetch"), ExportJob.State.READY)
    work.link, work.link_text = "exports_exportjob_changelist", gettext("Exports")


def _imports(work: Work) -> None:
    _jobs(work, ImportJob, gettext("To be confirmed"), ImportJob.State.CHECKED)
    work.link, work.link_text = "imports_importjob_changelist", gettext("Imports")


def _jobs(work: Work, model: Any, waiting: str, state: str) -> None:
    """What is on the way, what waits for its owner under these words, and what failed last."""
    rows = model.objects
    work.facts = [
        (gettext("On the way"), capped(rows.filter(state__in=model.UNFINISHED))),
        (waiting, capped(rows.filter(state=state))),
    ]
    failed = rows.filter(state=model.State.FAILED).order_by("-pk").first()
    if failed is not None:
        work.facts.append((gettext("Last failed"), failed.finished_at))


for _task, _fill in (
    ("conversations.tasks.drain_inbox", _inbox),
    ("conversations.tasks.send_owed", _sendings),
    ("conversations.tasks.reconcile_statuses", _silent),
    ("conversations.tasks.archive_raw", _archive),
    ("reviews.tasks.send_invitations", _invitations),
    ("funnels.tasks.sync_keywords", _keywords),
    ("carddata.tasks.sweep_drop", _partner_files),
    ("customer360.tasks.build_changed_profiles", _builds),
    ("funnel_site.exports.tasks.sweep_exports", _exports),
    ("funnel_site.imports.tasks.sweep_imports", _imports),
    ("privacy.tasks.purge", _retention),
):
    add_line(_task, _fill)
