"""Building the profiles: whole, or of the customers that changed. One build at a time.

A build claims what the triggers noted, makes the raw columns in a table of its own, scores them, and
puts all of it in place in one transaction, so that readers see the old rows until then. A build that
is lost leaves its claims behind, and the next one takes them over. What changes while a build runs is
noted again and belongs to the next.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.timezone import now

from customer360.models import ChangedCustomer, ChangedDay, ProfileBuild, ScoreFit
from customer360.selectors.marks import newest_rows
from customer360.services import comparing, publishing, staging, summaries
from customer360.services.rescoring import score_stage
from funnel_site.lib.days import site_today
from funnel_site.lib.marking import marked

logger = structlog.get_logger(__name__)

RULES_VERSION = 1
ABANDONED_AFTER = timedelta(minutes=30)
BUILD_TASK = "customer360.tasks.run_build"
STEPS = (
    marked("Starting"),
    marked("Gathering"),
    marked("Scoring"),
    marked("Putting in place"),
    marked("Tidying up"),
)
WORK_MEM = "256MB"
Mode = ProfileBuild.Mode
Told = Callable[[ProfileBuild], None]


class BuildRunningError(Exception):
    """Another build is at work; this one did nothing."""


def request_build(*, mode: str = Mode.CHANGED, user: Any = None) -> ProfileBuild:
    """Begin a build: by a worker where there is a broker, else here and now.

    Raises BuildRunningError where one is running.
    """
    build = begin_build(mode=mode, user=user)
    if not settings.CELERY_BROKER_URL:
        return run_build(build)
    transaction.on_commit(lambda: _hand_over(build))
    return build


def _hand_over(build: ProfileBuild) -> None:
    """Give a build to a worker; where none can be reached it ends, so that others may begin."""
    try:
        current_app.send_task(BUILD_TASK, [build.pk], retry=False)
    except Exception:
        logger.warning("broker not reached; the build ends", exc_info=True)
        build.state, build.finished_at = ProfileBuild.State.FAILED, now()
        build.error = marked("The broker is away: no worker could be told. Try again.")
        build.save(update_fields=["state", "finished_at", "error"])


def build_profiles(
    *,
    mode: str = Mode.CHANGED,
    as_of: date | None = None,
    refit: bool = False,
    told: Told | None = None,
) -> ProfileBuild:
    """Build now; the outcome is the returned row. Raises BuildRunningError where one is running.

    A build of the changed customers becomes one of all where there is none to go on from: before the
    first, on a new day, and after a change of the rules or the currency.
    """
    return run_build(begin_build(mode=mode, as_of=as_of), refit=refit, told=told)


def begin_build(*, mode: str, as_of: date | None = None, user: Any = None) -> ProfileBuild:
    """Claim the one running build; a claim left by a lost worker is ended first."""
    long_ago = now() - ABANDONED_AFTER
    lost = ProfileBuild.objects.filter(state=ProfileBuild.State.RUNNING)
    lost.filter(Q(alive_at__lt=long_ago) | Q(alive_at=None, started_at__lt=long_ago)).update(
        state=ProfileBuild.State.FAILED,
        finished_at=now(),
        error=marked("The worker was lost before it was done; the next build takes over its work."),
    )
    day = as_of or site_today()
    try:
        with transaction.atomic():
            return ProfileBuild.objects.create(
                mode=Mode.CHANGED if mode == Mode.CHANGED and _can_go_on(day) else Mode.FULL,
                as_of=day,
                started_at=now(),
                alive_at=now(),
                started_by=user,
                steps=len(STEPS),
                rules_version=RULES_VERSION,
                currency=settings.CURRENCY,
            )
    except IntegrityError as error:
        raise BuildRunningError from error


def latest_build() -> ProfileBuild | None:
    """The build whose profiles are shown."""
    return ProfileBuild.objects.filter(state=ProfileBuild.State.DONE).order_by("-pk").first()


def something_changed() -> bool:
    """Whether a build of the changed customers would have anything to do."""
    latest = latest_build()
    return (
        latest is None
        or not _can_go_on(site_today())
        or ChangedCustomer.objects.exists()
        or ChangedDay.objects.exists()
    )


def _can_go_on(day: date) -> bool:
    latest = latest_build()
    return latest is not None and (latest.as_of, latest.rules_version, latest.currency) == (
        day,
        RULES_VERSION,
        settings.CURRENCY,
    )


@dataclass(slots=True)
class Run:
    """One build at work: its row, its clock, and who wants to hear of it."""

    build: ProfileBuild
    told: Told | None
    seconds: dict[str, float] = field(default_factory=dict)
    marks: dict[str, Any] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        return self.build.mode == Mode.FULL

    @contextmanager
    def step(self, place: int) -> Iterator[None]:
        """Show a step while it runs, and note how long it took."""
        self.build.step, self.build.steps_done, self.build.alive_at = STEPS[place], place, now()
        if not connection.in_atomic_block or place < 3:
            self.build.save(update_fields=["step", "steps_done", "alive_at"])
        if self.told:
            self.told(self.build)
        started = time.perf_counter()
        yield
        self.seconds[STEPS[place]] = round(time.perf_counter() - started, 3)


def run_build(
    build: ProfileBuild, *, refit: bool = False, told: Told | None = None
) -> ProfileBuild:
    """Do a build that was begun. It ends as done, or as failed with its reason."""
    run = Run(build, told)
    try:
        with _much_memory():
            _build(run, refit=refit)
    except Exception as error:
        logger.exception("profile build failed", build_id=build.pk)
        build.state, build.finished_at = ProfileBuild.State.FAILED, now()
        build.error = marked("Unexpected: %(error)s", error=type(error).__name__)
        build.save(update_fields=["state", "finished_at", "error"])
        raise
    finally:
        staging.drop_stage()
    with run.step(4):
        if run.is_full:
            publishing.analyse()
            comparing.forget_old_changes()
    build.steps_done = len(STEPS)
    build.results = {**build.results, "seconds": run.seconds}
    build.save(update_fields=["steps_done", "results"])
    if told:
        told(build)
    return build


def _build(run: Run, *, refit: bool) -> None:
    build = run.build
    with run.step(0):
        staging.drop_stage()
    with run.step(1), staging.one_moment():
        # What is claimed, what is read and the marks of both are of one moment.
        for claimed in (ChangedCustomer, ChangedDay):
            claimed.objects.update(build_id=build.pk)
        run.marks = newest_rows()
        changed = staging.stage_wanted(build.pk)
        staged = staging.stage_profiles(as_of=build.as_of, everybody=run.is_full)
        summaries.stage_day_summaries(as_of=build.as_of, everything=run.is_full)
    with run.step(2):
        fit, rescore = score_stage(build, changed=changed, refit=refit)
    with run.step(3), transaction.atomic():
        _publish(run, fit, staged=staged, rescore=rescore)


def _publish(run: Run, fit: ScoreFit, *, staged: int, rescore: bool) -> None:
    """All that readers see of a build, and the end of its claims. Runs in one transaction."""
    build, everybody = run.build, run.is_full or rescore
    comparison = comparing.Comparison(build, marks=run.marks, everybody=everybody)
    if run.is_full:
        publishing.replace_profiles(build_id=build.pk, scored_by=fit.model)
    else:
        if not rescore:
            summaries.keep_before()
        publishing.merge_profiles(build_id=build.pk, scored_by=fit.model)
    comparison.note_days(everything=run.is_full)
    summaries.replace_day_summaries(everything=run.is_full)
    if everybody:
        summaries.rebuild_customer_summaries(as_of=build.as_of)
    else:
        summaries.shift_customer_summaries(as_of=build.as_of)
    comparison.note_customers()
    fit.save()
    for claimed in (ChangedCustomer, ChangedDay):
        claimed.objects.filter(build_id=build.pk).delete()
    build.state, build.finished_at, build.customers = ProfileBuild.State.DONE, now(), staged
    build.is_compared = comparison.is_possible
    build.results = {"sources": run.marks, "rescored": rescore}
    build.save(update_fields=["state", "finished_at", "customers", "is_compared", "results"])


@contextmanager
def _much_memory() -> Iterator[None]:
    """Let PostgreSQL sort in memory: the statements of a build are few and large."""
    if connection.vendor != "postgresql":
        yield
        return
    before = {}
    for name, value in (("work_mem", WORK_MEM), ("jit", "off"), ("statement_timeout", "0")):
        before[name] = staging.fetch(f"SHOW {name}")[0][0]
        staging.execute("SELECT set_config(%s, %s, false)", [name, value])
    try:
        yield
    finally:
        if not connection.needs_rollback:
            for name, value in before.items():
                staging.execute("SELECT set_config(%s, %s, false)", [name, value])
