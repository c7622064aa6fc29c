"""What goes for its age: bodies, archive files, copies of partners' files, rejected lines.

How long each source's are kept says RETENTION_DAYS; what it does not name is kept. Keys, counts and
what was made of the deliveries stay, so that a repeat is still known as one. What a legal hold covers
stays whole. Each run that drops something leaves an entry in the audit trail.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from carddata.models import CardEvent, PartnerFile, RejectedRow
from carddata.services.copy_erasing import dropped_files
from conversations.models import CustomerIdentity, InboundEvent, RawFile
from conversations.services.raw_files import raw_storage
from funnel_site.audit.models import AuditEntry
from funnel_site.audit.trail import note
from funnel_site.lib.marking import marked
from funnel_site.lib.storage_url import storage_from_url
from privacy.models import LegalHold

PARTNER_FILES, REJECTED_ROWS = "partner_files", "rejected_rows"
EVERY_DOOR = "*"
DROPPED = "(dropped for its age)"
PURGED = "purged"
BATCH = 1_000
State = InboundEvent.State


@dataclass(slots=True, kw_only=True)
class Purged:
    """What of one source went, or would go."""

    source: str
    days: int
    bodies: int = 0
    files: int = 0

    @property
    def is_anything(self) -> bool:
        return bool(self.bodies or self.files)


def purge(*, dry_run: bool = False) -> list[Purged]:
    """Drop what is older than its source's days; the counts by source, in the policy's order."""
    reports = []
    for source, days in policies().items():
        report = Purged(source=source, days=days)
        until = now() - timedelta(days=days)
        if source == PARTNER_FILES:
            _purge_copies(report, until, dry_run=dry_run)
        elif source == REJECTED_ROWS:
            _purge_rejects(report, until, dry_run=dry_run)
        else:
            _purge_bodies(report, until, dry_run=dry_run)
            _purge_archive(report, until, dry_run=dry_run)
        if report.is_anything and not dry_run:
            _leave_entry(report, until)
        reports.append(report)
    return reports


def policies() -> dict[str, int]:
    """Days by source; `*` stands for every door that is not named itself."""
    named: dict[str, int] = dict(settings.RETENTION_DAYS)
    others = named.pop(EVERY_DOOR, 0)
    if others:
        doors = InboundEvent.objects.order_by().values_list("source", flat=True).distinct()
        archived = RawFile.objects.order_by().values_list("source", flat=True).distinct()
        for source in sorted({*doors, *archived} - named.keys()):
            named[source] = others
    return named


def _held_customers() -> QuerySet[Any]:
    return LegalHold.objects.filter(lifted_at=None).values("customer")


def _purge_bodies(report: Purged, until: datetime, *, dry_run: bool) -> None:
    """Bodies and headers that are still in the table. Dead letters of that age are given up."""
    old = (
        InboundEvent.objects.filter(
            source=report.source,
            received_at__lt=until,
            state__in=(State.PROCESSED, *InboundEvent.SET_ASIDE),
        )
        .exclude(body=b"")
        .exclude(messages__customer__in=_held_customers())
    )
    if dry_run:
        report.bodies = old.count()
        return
    while keys := list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            rows = InboundEvent.objects.filter(pk__in=keys)
            set_aside = rows.filter(state__in=InboundEvent.SET_ASIDE)
            set_aside.update(error_code=PURGED, error="", ignored_because="")
            report.bodies += rows.update(body=b"", headers={}, state=State.PROCESSED)


def _purge_archive(report: Purged, until: datetime, *, dry_run: bool) -> None:
    old = RawFile.objects.filter(source=report.source, day__lt=until.date()).exclude(
        events__messages__customer__in=_held_customers()
    )
    storage = raw_storage()
    for file in list(old.order_by("pk")):
        report.files += 1
        if not dry_run:
            # The row first: a file that nobody refers to is no longer anybody's data to look up.
            file.delete()
            storage.delete(file.name)


def _purge_copies(report: Purged, until: datetime, *, dry_run: bool) -> None:
    """Our copies of partners' files, and what lies in the watched folder's done/ and failed/."""
    old = PartnerFile.objects.filter(finished_at__lt=until).exclude(
        Q(stored_as="") | Q(pk__in=_held_files())
    )
    for file in list(old.order_by("pk")):
        report.files += 1
        if not dry_run:
            _drop_copy(file)
    if settings.PARTNER_DROP and not _held_customers().exists():
        storage = storage_from_url(settings.PARTNER_DROP)
        for name in list(dropped_files(storage)):
            if storage.get_modified_time(name) < until:
                report.files += 1
                if not dry_run:
                    storage.delete(name)


def _held_files() -> QuerySet[Any]:
    phones = CustomerIdentity.objects.filter(
        kind=CustomerIdentity.Kind.PHONE, customer__in=_held_customers()
    )
    return CardEvent.objects.filter(contact__in=phones.values("value")).values("file")


def _drop_copy(file: PartnerFile) -> None:
    name = file.stored_as
    PartnerFile.objects.filter(pk=file.pk).update(stored_as="")
    if not PartnerFile.objects.filter(stored_as=name).exists():
        default_storage.delete(name)


def _purge_rejects(report: Purged, until: datetime, *, dry_run: bool) -> None:
    old = RejectedRow.objects.filter(file__finished_at__lt=until).exclude(raw=DROPPED)
    if _held_customers().exists():
        # Whom a line is about cannot be told: while any hold stands, all of them stay.
        old = old.none()
    report.bodies = (
        old.count() if dry_run else old.update(raw=DROPPED, detail="", closed="dismissed")
    )


def _leave_entry(report: Purged, until: datetime) -> None:
    note(
        AuditEntry.Kind.CHANGED,
        InboundEvent if report.source not in (PARTNER_FILES, REJECTED_ROWS) else PartnerFile,
        words=marked(
            "Dropped for its age: %(bodies)s bodies and %(files)s files of %(source)s",
            bodies=report.bodies,
            files=report.files,
            source=report.source,
        ),
        facts={**asdict(report), "until": until.isoformat()},
    )


def in_words(reports: Iterable[Purged], *, dry_run: bool) -> Iterable[str]:
    """A line a source."""
    done = "would go" if dry_run else "are gone"
    for one in reports:
        yield (
            f"{one.source}, older than {one.days} days:"
            f" {one.bodies:,} bodies and {one.files:,} files {done}"
        )
