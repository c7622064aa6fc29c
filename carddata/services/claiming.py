"""Who works on a file. At most one at a time writes: every write compares the claim it was made by.

A worker that was killed leaves its claim behind. It is taken over at once where we can see that the
process is gone, else after a minute without a sign of life; one that comes back writes nothing more.
"""

import os
import socket
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Q
from django.utils.timezone import now

from carddata.models import PartnerFile

SILENCE = timedelta(seconds=60)


class BusyError(Exception):
    """Another worker has the file."""


class LostClaimError(Exception):
    """The file is no longer ours, or its state was changed: stop and look again."""


def new_runner() -> str:
    """A name for this worker: machine, process, and a word of its own."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid4().hex[:12]}"


def claim(file_id: int) -> str:
    """Take a file that nobody works on; returns our name. Raises BusyError."""
    runner = new_runner()
    file = PartnerFile.objects.get(pk=file_id)
    free = Q(runner="") | Q(heartbeat_at__lt=now() - SILENCE) | Q(heartbeat_at=None)
    if is_gone(file.runner):
        free |= Q(runner=file.runner)
    taken = PartnerFile.objects.filter(free, pk=file_id).update(runner=runner, heartbeat_at=now())
    if not taken:
        raise BusyError(f"{file} is being worked on already")
    return runner


def is_gone(runner: str) -> bool:
    """Whether a worker was a process of this machine that has ended."""
    host, _, rest = runner.partition(":")
    process = rest.partition(":")[0]
    if host != socket.gethostname()[:60] or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def write(file: PartnerFile, runner: str, **values: Any) -> None:
    """Write fields of a file that is still ours and in the state we know; else LostClaimError."""
    values.setdefault("heartbeat_at", now())
    written = PartnerFile.objects.filter(pk=file.pk, runner=runner, state=file.state).update(
        **values
    )
    if not written:
        raise LostClaimError(str(file))
    file.state = values.get("state", file.state)


def release(file_id: int, runner: str) -> None:
    """Let go of a file, if it is still ours."""
    PartnerFile.objects.filter(pk=file_id, runner=runner).update(runner="")
