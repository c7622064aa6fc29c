"""Keeping the keywords what the team's sheet says they are; a doubtful sheet changes nothing."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import structlog
from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.timezone import now

from funnel_site.lib.marking import marked
from funnel_site.lib.sheet_rows import SheetRefusedError, SheetUnavailableError
from funnel_site.lib.sheets import ServiceAccount, read_table
from funnels.keyword_rows import KeywordRow, KeywordTable, read_keyword_rows
from funnels.matching import normalise
from funnels.models import Keyword, KeywordSync
from funnels.stages import Stage

logger = structlog.get_logger(__name__)

ABANDONED_AFTER = timedelta(minutes=10)
LEAST_SHARE_KEPT = 0.5
FEW = 4
STARTER_KEYWORDS = Path(__file__).resolve().parent.parent / "starter_keywords.csv"
SYNC_TASK = "funnels.tasks.finish_keyword_sync"


class SyncRunningError(Exception):
    """Another sync is at work; this one did nothing."""


def request_keyword_sync() -> KeywordSync:
    """Begin a sync: by a worker where there is a broker, else here and now.

    Raises SyncRunningError where one is running.
    """
    sync = begin_sync(settings.KEYWORDS_SHEET)
    if settings.CELERY_BROKER_URL:
        sync_id = sync.pk
        transaction.on_commit(lambda: current_app.send_task(SYNC_TASK, [sync_id]))
        return sync
    return finish_sync(sync, source=settings.KEYWORDS_SHEET)


def sync_keywords(*, source: str = "", force: bool = False) -> KeywordSync:
    """Make the keywords what the sheet says; the outcome is the returned row.

    Only what a sheet brought is changed or switched off; keywords made by hand stay. Raises
    SyncRunningError where another sync is running.
    """
    source = source or settings.KEYWORDS_SHEET
    return finish_sync(begin_sync(source), source=source, force=force)


def begin_sync(source: str) -> KeywordSync:
    """Claim the one running sync; a claim left by a lost worker is ended first."""
    KeywordSync.objects.filter(
        state=KeywordSync.State.RUNNING, started_at__lt=now() - ABANDONED_AFTER
    ).update(
        state=KeywordSync.State.UNAVAILABLE,
        finished_at=now(),
        error=marked("The worker was lost before it was done."),
    )
    try:
        with transaction.atomic():
            return KeywordSync.objects.create(source=shown_source(source), started_at=now())
    except IntegrityError as error:
        raise SyncRunningError from error


def finish_sync(sync: KeywordSync, *, source: str, force: bool = False) -> KeywordSync:
    """Read the sheet, outside any transaction, then apply it whole or not at all."""
    try:
        table = read_table(source, credentials=ServiceAccount.from_settings())
        _apply(sync, read_keyword_rows(table), force=force)
    except SheetRefusedError as error:
        _end(sync, KeywordSync.State.REFUSED, str(error))
    except SheetUnavailableError as error:
        _end(sync, KeywordSync.State.UNAVAILABLE, str(error))
    except Exception as error:
        logger.exception("keyword sync failed", sync_id=sync.pk)
        _end(
            sync,
            KeywordSync.State.UNAVAILABLE,
            marked("Unexpected: %(error)s", error=type(error).__name__),
        )
    return sync


def shown_source(source: str) -> str:
    """How a source is shown to staff: a file by its name alone."""
    if source.startswith(("http://", "https://")) or "/" not in source:
        return source[:300]
    return Path(source).name[:300]


@transaction.atomic
def _apply(sync: KeywordSync, table: KeywordTable, *, force: bool) -> None:
    existing = {
        (Stage(keyword.stage), normalise(keyword.phrase)): keyword
        for keyword in Keyword.objects.select_for_update()
    }
    gone = [
        keyword
        for key, keyword in existing.items()
        if keyword.origin and keyword.is_active and key not in table.rows
    ]
    _refuse_shrinking(existing.values(), gone, force=force)
    new, changed, unchanged = _compare(existing, table, sync.source)
    for keyword in gone:
        keyword.is_active = False
    Keyword.objects.bulk_create(new)
    Keyword.objects.bulk_update(
        [*changed, *gone], ["phrase", "channel", "is_active", "origin"], batch_size=500
    )
    sync.added, sync.changed = len(new), len(changed)
    sync.removed, sync.unchanged = len(gone), unchanged
    sync.rejected = table.rejected[:1_000]
    if new or changed or gone or not KeywordSync.objects.exclude(version=None).exists():
        _stamp(sync)
    _end(sync, KeywordSync.State.DONE, "")


def _refuse_shrinking(existing: Iterable[Keyword], gone: Iterable[Keyword], *, force: bool) -> None:
    """More than half of the sheet's keywords gone at once is a mistake until somebody says no."""
    active = sum(1 for keyword in existing if _is_the_teams(keyword) and keyword.is_active)
    lost = sum(1 for keyword in gone if _is_the_teams(keyword))
    if not force and active >= FEW and lost > active * (1 - LEAST_SHARE_KEPT):
        raise SheetRefusedError(
            marked(
                "%(lost)s of %(active)s keywords are gone from the sheet. If that is meant, sync once with --force.",
                lost=lost,
                active=active,
            )
        )


def _is_the_teams(keyword: Keyword) -> bool:
    """Whether a sheet of the team's brought it: the set that ships gives way to the first of those."""
    return keyword.origin not in ("", STARTER_KEYWORDS.name)


def _compare(
    existing: dict[tuple[Stage, str], Keyword], table: KeywordTable, origin: str
) -> tuple[list[Keyword], list[Keyword], int]:
    """What the sheet adds, changes and leaves as it is."""
    new, changed, unchanged = [], [], 0
    for key, row in table.rows.items():
        keyword = existing.get(key)
        if keyword is None:
            new.append(_keyword(row, origin))
        elif (keyword.channel, keyword.is_active) == (row.channel, True) and (
            keyword.origin in (origin, "") or _is_the_teams(keyword)
        ):
            unchanged += 1
        else:
            keyword.channel, keyword.is_active, keyword.origin = row.channel, True, origin
            changed.append(keyword)
    return new, changed, unchanged


def _keyword(row: KeywordRow, origin: str) -> Keyword:
    return Keyword(stage=row.stage.value, phrase=row.phrase, channel=row.channel, origin=origin)


def _end(sync: KeywordSync, state: str, error: str) -> None:
    sync.state, sync.error, sync.finished_at = state, error, now()
    sync.save()


def _stamp(sync: KeywordSync) -> None:
    """Give the keywords as they are now the next version number."""
    last = KeywordSync.objects.aggregate(last=Max("version"))["last"] or 0
    sync.version, sync.fingerprint = last + 1, keyword_fingerprint()


def keyword_fingerprint() -> str:
    """SHA-256 of the active keywords: two equal sets have equal fingerprints."""
    rows = Keyword.objects.filter(is_active=True).order_by("pk")
    text = "\n".join(
        repr(row) for row in rows.values_list("pk", "stage", "phrase", "channel", "mode")
    )
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def note_keyword_edit(*, by: str) -> KeywordSync:
    """Record that staff changed keywords by hand; messages from now on are read with them."""
    sync = KeywordSync(
        source=marked("edited by %(user)s", user=by)[:300],
        state=KeywordSync.State.DONE,
        started_at=now(),
    )
    _stamp(sync)
    sync.finished_at = now()
    sync.save()
    return sync
