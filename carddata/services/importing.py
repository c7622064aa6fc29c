"""A partner's file from its copy to events and statuses: checked whole, then loaded chunk by chunk.

Nothing is applied before the whole file has been read once and its rejects are within the partner's
limit. Each chunk is then one transaction with its counts and the place where the next one begins, so
that a worker that is killed, or a database that restarts, costs at most the chunk it was at.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils.timezone import now

from carddata.models import Partner, PartnerFile, RejectedRow, profile_of
from carddata.profiles import check_profile
from carddata.refusals import FileRefusedError, ProfileError
from carddata.services.claiming import LostClaimError, claim, release, write
from carddata.services.closing import close_returned
from carddata.services.loading import load_rows, lock_writers
from carddata.services.noticing import notify_failure
from carddata.services.partners import apply_partner
from carddata.services.reading import Opened, Reject, opened, read_chunks
from carddata.services.spooling import Portion, Spool, spooled
from carddata.services.storing import local_copy
from carddata.services.taking_back import take_back
from carddata.services.waiting import after_outage
from funnel_site.lib.batches import insert_rows
from funnel_site.lib.marking import marked

logger = structlog.get_logger(__name__)

State = PartnerFile.State
Progress = Callable[[PartnerFile], None]
FUTURE_TOLERANCE = timedelta(days=1)
# Below this many a share says little: three bad rows of five are three rows to mend.
FEWEST_REJECTS_THAT_STOP = 100
REJECTS_LISTED = 10_000
MOST_OUTAGES_IN_A_ROW = 5
# What of a partner decides an event's status and weight.
STATUS_SETTINGS = ("status_map", "default_status", "rank")
COUNTS = (
    "read",
    "loaded",
    "duplicate",
    "rejected",
    "blank",
    "sighted",
    "undo_reversed",
    "undo_kept",
    "undo_could_not",
)
ENDS = {State.DONE, State.FAILED, State.CANCELLED, State.UNDONE}


def run(*, file_id: int, on_progress: Progress | None = None) -> PartnerFile:
    """Bring a file to the end that its state asks for: imported, cancelled, undone, or failed.

    Goes on where an earlier run stopped. Raises BusyError where another worker has it. While the
    database is away the run waits for it, then resumes; the file's notes say so.
    """
    tell = on_progress or (lambda _: None)
    runner = after_outage(lambda: claim(file_id))
    outages = Outages()
    try:
        while True:
            file = after_outage(
                lambda: PartnerFile.objects.select_related("partner").get(pk=file_id)
            )
            if file.state in ENDS:
                return file
            try:
                _step(file, runner, tell)
            except LostClaimError:
                if not _is_ours(file_id, runner):
                    raise
            except (OperationalError, InterfaceError) as error:
                outages.wait(file, error)
    finally:
        after_outage(lambda: release(file_id, runner))


def _is_ours(file_id: int, runner: str) -> bool:
    return PartnerFile.objects.filter(pk=file_id, runner=runner).exists()


@dataclass(slots=True)
class Outages:
    """The database's absences during a run. Five in a row without a row between are its verdict."""

    at_row: int = -1
    in_a_row: int = 0

    def wait(self, file: PartnerFile, error: Exception) -> None:
        """Wait for the database and note it; raises the error where waiting does not help."""
        self.in_a_row = self.in_a_row + 1 if file.read == self.at_row else 1
        self.at_row = file.read
        if connection.in_atomic_block or self.in_a_row >= MOST_OUTAGES_IN_A_ROW:
            raise error
        logger.warning("the database is away; the import waits and resumes", file_id=file.pk)
        after_outage(lambda: _note_outage(file))


def _note_outage(file: PartnerFile) -> None:
    note = marked(
        "The database was away for a moment at row %(row)s; resumed from there.",
        row=f"{file.read:,}",
    )
    notes = PartnerFile.objects.values_list("notes", flat=True).get(pk=file.pk)
    PartnerFile.objects.filter(pk=file.pk).update(notes=[*notes, note])


def _step(file: PartnerFile, runner: str, tell: Progress) -> None:
    """One stretch of work; returns when the file's state has changed."""
    if file.state in {State.UNDOING, State.CANCELLING}:
        take_back(file, runner, tell)
        if file.state == State.FAILED:
            notify_failure(file)
        return
    try:
        _import(file, runner, tell)
    except (OperationalError, InterfaceError, LostClaimError):
        raise
    except Exception as error:  # noqa: BLE001 - a file must end with a reason, whatever it is
        code, sentence = _reason(error, file)
        _fail(file, runner, code, sentence)


def _reason(error: Exception, file: PartnerFile) -> tuple[str, str]:
    """A code and a sentence on why an import cannot go on."""
    match error:
        case FileRefusedError():
            return error.code, error.args[0]
        case ProfileError():
            return "bad_profile", marked(
                "Partner setting %(field)s: %(error)s", field=error.field, error=error.args[0]
            )
        case FileNotFoundError():
            return "copy_missing", marked("Our copy of the file is gone: send it once more.")
        case OSError():
            return "storage_failed", marked(
                "The file cannot be read: %(error)s.", error=error.strerror or str(error)
            )
    logger.error("the import failed unexpectedly", file_id=file.pk, exc_info=error)
    return "unexpected", marked(
        "Unexpected: %(error)s. The log has more.", error=type(error).__name__
    )


def _import(file: PartnerFile, runner: str, tell: Progress) -> None:
    if file.state == State.WAITING:
        _begin(file, runner)
    with local_copy(file) as path, opened(path, file.profile) as source, spooled() as spool:
        from_line = file.next_line if file.state == State.LOADING else 0
        latest = _latest(file)
        for chunk in read_chunks(source, file.profile, latest=latest, from_line=from_line):
            spool.add(chunk, listed=REJECTS_LISTED)
            write(file, runner)
            tell(file)
        if file.state == State.CHECKING and not _is_accepted(file, runner, source, spool):
            return
        _load(file, runner, spool, tell)


def _begin(file: PartnerFile, runner: str) -> None:
    """Fix the settings that this import is read by, for resuming it must not mix two sets."""
    profile = profile_of(file.partner) | {"max_reject_percent": file.partner.max_reject_percent}
    profile |= {key: file.profile[key] for key in ("max_reject_percent",) if key in file.profile}
    check_profile(profile)
    with transaction.atomic():
        RejectedRow.objects.filter(file=file).delete()
        zero = dict.fromkeys(COUNTS, 0)
        values: dict[str, Any] = {
            **zero,
            "profile": profile,
            "state": State.CHECKING,
            "started_at": now(),
            "finished_at": None,
            "undone_at": None,
            "rows_total": None,
            "next_line": 0,
            "error": "",
            "error_code": "",
            "notes": [],
        }
        write(file, runner, **values)
    file.refresh_from_db()


def _latest(file: PartnerFile) -> Any:
    assert file.started_at is not None
    return file.started_at + FUTURE_TOLERANCE


def _is_accepted(file: PartnerFile, runner: str, source: Opened, spool: Spool) -> bool:
    """Note what the whole file is like; False, and the end, where too many of its rows are bad."""
    values = {
        "encoding": source.encoding.name,
        "delimiter": source.layout.delimiter,
        "header": source.layout.header,
        "notes": _notes(source, spool.rows),
        "rows_total": spool.rows,
    }
    most = file.profile["max_reject_percent"]
    if spool.rejects >= FEWEST_REJECTS_THAT_STOP and spool.rejects * 100 > spool.rows * most:
        _refuse_for_rejects(file, runner, values, spool)
        return False
    write(file, runner, state=State.LOADING, next_line=source.first_line, **values)
    file.refresh_from_db()
    return True


def _notes(source: Opened, rows: int) -> list[str]:
    notes: list[str] = []
    if source.encoding.is_guess:
        notes.append(
            marked(
                "Read as %(encoding)s, which is a guess: the partner's setting is empty.",
                encoding=source.encoding.name,
            )
        )
    if source.layout.ignored:
        names = ", ".join(source.layout.ignored)[:300]
        notes.append(marked("Columns not used: %(names)s.", names=names))
    if not rows:
        notes.append(marked("The file has a header and no rows."))
    return notes


def _refuse_for_rejects(
    file: PartnerFile, runner: str, values: dict[str, Any], spool: Spool
) -> None:
    """Too much is wrong: nothing is applied, and the first rejects are there to be looked at."""
    listed = len(spool.first_rejects)
    with transaction.atomic():
        _keep_rejects(file, spool.first_rejects)
        _end(
            file,
            runner,
            state=State.FAILED,
            error_code="too_many_rejects",
            error=marked(
                "%(bad)s of %(all)s rows cannot be used, more than %(most)s%%: nothing was applied.",
                bad=f"{spool.rejects:,}",
                all=f"{spool.rows:,}",
                most=file.profile["max_reject_percent"],
            ),
            read=listed,
            rejected=listed,
            **values,
        )
    notify_failure(file)


def _load(file: PartnerFile, runner: str, spool: Spool, tell: Progress) -> None:
    for portion in spool.portions():
        _load_portion(file, runner, portion)
        tell(file)
    _follow_settings(file)
    _end(file, runner, state=State.DONE)
    tell(file)


def _follow_settings(file: PartnerFile) -> None:
    """Read the file's events anew where the partner was mended while they were loading.

    After the last portion and before the end: whoever mends the partner later finds all of them,
    and a worker that is killed here comes by again.
    """
    present = profile_of(Partner.objects.get(pk=file.partner_id))
    if any(present[name] != file.profile.get(name) for name in STATUS_SETTINGS):
        apply_partner(partner_id=file.partner_id, file_id=file.pk)


def _load_portion(file: PartnerFile, runner: str, portion: Portion) -> None:
    with transaction.atomic():
        lock_writers()
        # The row's lock and the comparison in one: from here on nobody else can go on.
        write(file, runner, next_line=portion.next_line)
        done = load_rows(file_id=file.pk, partner_id=file.partner_id, prepared=portion.prepared)
        _keep_rejects(file, portion.rejects)
        close_returned(file, portion.references)
        counts = {
            "read": portion.read,
            "loaded": done.loaded,
            "duplicate": done.duplicate,
            "rejected": len(portion.rejects),
            "blank": portion.blank,
            "sighted": done.sighted,
        }
        PartnerFile.objects.filter(pk=file.pk).update(
            **{name: F(name) + count for name, count in counts.items()}
        )
    for name, count in counts.items():
        setattr(file, name, getattr(file, name) + count)
    file.next_line = portion.next_line


def _keep_rejects(file: PartnerFile, rejects: Sequence[Reject]) -> None:
    insert_rows([RejectedRow(file=file, **reject._asdict()) for reject in rejects])


def _fail(file: PartnerFile, runner: str, code: str, sentence: str) -> None:
    """End with a reason. What had gone in already is taken back first, which is the next step."""
    if file.state == State.LOADING and file.read:
        sentence = marked("%(why)s The rows that had gone in were taken back.", why=sentence)
        write(file, runner, state=State.CANCELLING, error_code=code, error=sentence[:500])
        return
    _end(file, runner, state=State.FAILED, error_code=code, error=sentence[:500])
    notify_failure(file)


def _end(file: PartnerFile, runner: str, **values: Any) -> None:
    write(file, runner, finished_at=now(), **values)
    for name, value in values.items():
        setattr(file, name, value)
