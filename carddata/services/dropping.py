"""The watched folder: files are taken once, when they are whole, and moved to done/ or failed/.

A file is whole when neither size nor time changed between two sweeps, or a `NAME.done` lies beside
it. A row with a unique name is the claim: of several workers the one that fills it in has the file.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from django.db.models import Q
from django.utils.timezone import now

from carddata.models import DropEntry, PartnerFile
from carddata.refusals import FileRefusedError
from carddata.services.claiming import SILENCE, BusyError, is_gone, new_runner
from carddata.services.files import import_file
from carddata.services.noticing import notify
from carddata.services.storing import stored_path
from funnel_site.lib.marking import marked
from funnel_site.lib.storage_url import storage_from_url

logger = structlog.get_logger(__name__)

Way = PartnerFile.Way
State = PartnerFile.State
DONE, FAILED = "done", "failed"
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")
MARK = ".done"
STABLE = timedelta(seconds=2)
STORAGE_ERRORS = (OSError, BotoCoreError, ClientError)


@dataclass(slots=True)
class Sweep:
    """What one sweep of the folder did, by file name."""

    imported: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    error: str = ""


def sweep_drop() -> Sweep:
    """Take the whole files of PARTNER_DROP, one after the other; nothing where it is not set.

    A folder that is not there is told to staff once, and looked for again by the next sweep.
    """
    report = Sweep()
    if not settings.PARTNER_DROP:
        return report
    storage = storage_from_url(settings.PARTNER_DROP)
    try:
        present = dict(_present(storage))
    except STORAGE_ERRORS as error:
        report.error = marked("The watched folder cannot be read: %(error)s.", error=_reason(error))
        notify(marked("The watched folder cannot be read"), report.error)
        return report
    DropEntry.objects.filter(claimed_by="").exclude(name__in=present).delete()
    _forget_dead_claims()
    for name, seen in sorted(present.items()):
        if not _is_whole(name, seen, is_marked=f"{name}{MARK}" in present):
            report.waiting.append(name)
        elif _claim(name):
            _take(storage, name, report)
    return report


def _present(storage: Storage) -> Iterator[tuple[str, tuple[int, datetime]]]:
    """The folder's own regular files with size and time; links, pipes and folders are left alone."""
    _, names = storage.listdir("")
    for name in names:
        if not name or name.startswith(".") or name.lower().endswith(UNFINISHED):
            continue
        if not _is_text(name):
            shown = name.encode("utf-8", "backslashreplace").decode()
            notify(
                marked("%(name)s: the name is not UTF-8", name=shown),
                marked("It stays there until it is renamed."),
            )
            continue
        try:
            if _is_regular(storage, name):
                yield name, (storage.size(name), storage.get_modified_time(name))
        except FileNotFoundError:
            # Another worker has just moved it away.
            continue


def _is_text(name: str) -> bool:
    """Whether a name can be kept: one of bytes that are no UTF-8 has halves of characters in it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_regular(storage: Storage, name: str) -> bool:
    if not isinstance(storage, FileSystemStorage):
        return True
    return stat.S_ISREG(os.lstat(storage.path(name)).st_mode)


def _is_whole(name: str, seen: tuple[int, datetime], *, is_marked: bool) -> bool:
    """Whether a file has not changed since an earlier sweep; notes what it looks like now."""
    if name.endswith(MARK):
        return False
    size, modified_at = seen
    entry, is_new = DropEntry.objects.get_or_create(
        name=name,
        defaults={"size": size, "modified_at": modified_at, "stable_since": now()},
    )
    if is_marked:
        return True
    if is_new:
        return False
    if (entry.size, entry.modified_at) != (size, modified_at):
        DropEntry.objects.filter(pk=entry.pk, claimed_by="").update(
            size=size, modified_at=modified_at, stable_since=now()
        )
        return False
    return entry.stable_since <= now() - STABLE


def _claim(name: str) -> bool:
    free = DropEntry.objects.filter(name=name, claimed_by="")
    return bool(free.update(claimed_by=new_runner(), claimed_at=now()))


def _forget_dead_claims() -> None:
    """Files whose worker is gone may be taken by another: importing them twice does no harm."""
    for entry in DropEntry.objects.exclude(claimed_by=""):
        if is_gone(entry.claimed_by) or _is_silent(entry):
            DropEntry.objects.filter(pk=entry.pk, claimed_by=entry.claimed_by).update(
                claimed_by="", claimed_at=None
            )


def _is_silent(entry: DropEntry) -> bool:
    """A claim is old, and no import of a file of that name gives a sign of life."""
    if entry.claimed_at is None or entry.claimed_at > now() - SILENCE * 5:
        return False
    alive = Q(heartbeat_at__gt=now() - SILENCE, state__in=PartnerFile.RUNNING)
    return not PartnerFile.objects.filter(alive, name=entry.name[-255:]).exists()


def _take(storage: Storage, name: str, report: Sweep) -> None:
    """Import one claimed file and move it out of the way."""
    try:
        went_in, sentence = _import(storage, name)
    except BusyError:
        DropEntry.objects.filter(name=name).update(claimed_by="", claimed_at=None)
        return
    except FileNotFoundError:
        # Another worker was quicker, or the partner took it back: if it comes, it is seen again.
        DropEntry.objects.filter(name=name).delete()
        return
    try:
        _move(storage, name, DONE if went_in else FAILED)
        if storage.exists(f"{name}{MARK}"):
            storage.delete(f"{name}{MARK}")
    except STORAGE_ERRORS as error:
        notify(
            marked("%(name)s could not be moved", name=name),
            marked(
                "It was dealt with (%(outcome)s), but %(error)s.",
                outcome=sentence,
                error=_reason(error),
            ),
        )
    DropEntry.objects.filter(name=name).delete()
    (report.imported if went_in else report.failed).append(name)
    if not went_in:
        notify(marked("%(name)s was not imported", name=name), sentence)


def _import(storage: Storage, name: str) -> tuple[bool, str]:
    """Whether the file is in, and a sentence on it."""
    try:
        with stored_path(storage, name) as path:
            file = import_file(path, name=name, way=Way.FOLDER).file
    except FileRefusedError as refusal:
        return False, str(refusal)
    except FileNotFoundError:
        raise
    except STORAGE_ERRORS as error:
        return False, marked("The file cannot be read: %(error)s.", error=_reason(error))
    if file.state == State.DONE:
        return True, "imported"
    return False, file.error or file.get_state_display()


def _move(storage: Storage, name: str, folder: str) -> None:
    """Move a file into done/ or failed/; one of that name that lies there already keeps its place."""
    target = storage.get_available_name(f"{folder}/{name}")
    if isinstance(storage, FileSystemStorage):
        path = Path(storage.path(target))
        path.parent.mkdir(exist_ok=True)
        Path(storage.path(name)).rename(path)
        return
    with storage.open(name) as source:
        storage.save(target, source)
    storage.delete(name)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
