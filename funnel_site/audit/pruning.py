"""The one way in which entries of the trail go: for their age, announced by a row that stays."""

import getpass
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import now

from funnel_site.audit.models import AuditEntry, AuditPruning

LEAST_DAYS = 365
BATCH = 10_000


class PruningError(ValueError):
    """The trail may not be cut there. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What went, or would go."""

    until: datetime
    entries: int


def prune(*, older_than_days: int, reason: str, dry_run: bool = False) -> Pruned:
    """Let the entries go that are older; the row that says so is written first, for good.

    Raises PruningError below 365 days or without a reason. A run that breaks off is gone on with by
    the next one.
    """
    if older_than_days < LEAST_DAYS:
        raise PruningError(f"The trail is kept for at least {LEAST_DAYS} days.")
    if not reason.strip():
        raise PruningError("Say why: --reason.")
    until = now() - timedelta(days=older_than_days)
    old = AuditEntry.objects.filter(timestamp__lt=until)
    number = old.count()
    if dry_run or not number:
        return Pruned(until=until, entries=number)
    AuditPruning.objects.create(
        until=until,
        made_at=now(),
        who=f"command of {getpass.getuser()}"[:150],
        reason=reason.strip()[:200],
        removed=number,
    )
    while _prune_batch(until):
        pass
    return Pruned(until=until, entries=number)


@transaction.atomic
def _prune_batch(until: datetime) -> int:
    batch = AuditEntry.objects.filter(timestamp__lt=until).order_by("pk").values("pk")[:BATCH]
    keys = list(batch.values_list("pk", flat=True))
    # Row by row the database looks whether each is old enough; no cascade is asked for.
    AuditEntry.objects.filter(pk__in=keys)._raw_delete(AuditEntry.objects.db)
    return len(keys)
