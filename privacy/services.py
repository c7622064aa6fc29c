"""Every export and erasure of a customer. Both are noted, with counts and without contents."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carddata.services.copy_erasing import erase_in_copies
from carddata.services.hardening import harden_contents
from conversations.models import Attachment, Customer, CustomerIdentity, Room, Sending
from conversations.services.raw_erasing import archived_lines, erase_archived
from funnel_site.exports.in_full import remove_in_full
from funnel_site.imports.services import withdraw_all
from funnel_site.lib.deleting import ERASED
from funnel_site.lib.marking import marked
from funnel_site.tombstones.services import PHONE, USER, Key, alias_of, bury
from privacy.models import DataRequest, LegalHold
from privacy.selectors import counted, exported
from privacy.subjects import Subject, subject_of
from privacy.tables import PERSONAL, model_of, rows_of
from reviews.models import Invitation, ReviewSession

Kind = DataRequest.Kind


class LegalHoldError(Exception):
    """The data has to be kept. The message says since when and why."""


def held(customer: Customer) -> LegalHold | None:
    """The legal hold that stands on a customer, the newest; None without one."""
    return LegalHold.objects.filter(customer=customer, lifted_at=None).first()


def set_hold(*, customer: Customer, user: Any, reason: str) -> LegalHold:
    """From now on the customer's data may not go. A second one beside it does no harm."""
    return LegalHold.objects.create(
        customer=customer, reason=reason.strip()[:200], set_at=now(), set_by=user
    )


def lift_holds(*, customer: Customer, user: Any) -> int:
    """End what stands; returns how many holds that were."""
    rows = LegalHold.objects.filter(customer=customer, lifted_at=None)
    return rows.update(lifted_at=now(), lifted_by=user)


@transaction.atomic
def export_customer(
    *, customer: Customer, user: Any = None, reason: str = ""
) -> tuple[DataRequest, dict[str, Any]]:
    """All we hold of a customer, and the note of it.

    Returns {"customer": id, "made_at": …, "tables": {"app.Model": [row, …]},
    "archive": [delivery, …]}; a row has its columns
    by name, times in UTC, amounts as text, bytes as text or base64.
    """
    _take_time()
    subject = subject_of(customer)
    tables = exported(subject)
    request = _note(
        Kind.EXPORT, customer, user, reason, {label: len(rows) for label, rows in tables.items()}
    )
    return request, {
        "customer": customer.pk,
        "made_at": request.made_at.isoformat(),
        "tables": tables,
        "archive": archived_lines(events=subject.events, needles=subject.needles),
    }


@transaction.atomic
def erase_customer(
    *, customer: Customer, user: Any = None, reason: str = ""
) -> tuple[DataRequest, bool]:
    """Make a customer nobody: the note of it, and whether this call did it.

    Sales, dates, amounts and counts stay with a row that says nothing of the person; names, numbers,
    addresses, texts, files and raw deliveries go, with every file in full and every import that has not
    ended, for who is in those nobody knows. What comes for the old keys later is filed under
    their alias. A second call changes nothing and returns the first one's note. Raises
    LegalHoldError while the data has to be kept.
    """
    _take_time()
    locked = Customer.objects.select_for_update().get(pk=customer.pk)
    done = DataRequest.objects.filter(customer=locked, kind=Kind.ERASURE).first()
    if locked.erased_at is not None and done is not None:
        return done, False
    if hold := held(locked):
        raise LegalHoldError(
            _("A legal hold stands since %(since)s: %(reason)s. Nothing was erased.")
            % {"since": f"{hold.set_at:%Y-%m-%d}", "reason": hold.reason}
        )
    moment = now()
    withdrawn = withdraw_all(
        reason=gettext_lazy(
            "A customer was erased meanwhile: files that were handed in go. Hand it in again."
        )
    )
    subject = subject_of(locked)
    counts = counted(subject) | Counter({"imports.ImportJob": withdrawn})
    _stop_what_runs(locked, moment)
    files = list(_attached_files(locked))
    _erase_log(subject)
    harden_contents(subject.phones)
    _erase_rows(subject)
    _replace_keys(locked, subject, moment)
    Customer.objects.filter(pk=locked.pk).update(erased_at=moment)
    erase_archived(events=subject.events, needles=subject.needles)
    erase_in_copies(subject.needles)
    remove_in_full(reason=_("A customer was erased meanwhile: files in full go. Ask again."))
    transaction.on_commit(lambda: _delete_files(files))
    return _note(Kind.ERASURE, locked, user, reason, counts), True


def _take_time() -> None:
    """The limits of a web request are not meant for reading a whole inbox."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")


def _stop_what_runs(customer: Customer, moment: datetime) -> None:
    """Nothing is sent to them or asked of them any more."""
    Sending.objects.filter(message__customer=customer, state=Sending.State.OWED).update(
        state=Sending.State.REFUSED, finished_at=moment
    )
    Invitation.objects.filter(customer=customer, state=Invitation.State.WAITING).update(
        state=Invitation.State.SKIPPED, reason=marked("The customer was erased")
    )
    ReviewSession.objects.filter(customer=customer, ended_at=None).update(
        ended_at=moment, ending="cancelled"
    )


def _attached_files(customer: Customer) -> list[str]:
    """Files of theirs that no other customer's message shows, too."""
    mine = Attachment.objects.filter(message__customer=customer).exclude(file="")
    names = set(mine.values_list("file", flat=True))
    shared = Attachment.objects.filter(file__in=names).exclude(message__customer=customer)
    return sorted(names - set(shared.values_list("file", flat=True)))


def _delete_files(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _erase_log(subject: Subject) -> None:
    """The admin's own log keeps names of what was changed."""
    for label in PERSONAL:
        keys = [str(key) for key in rows_of(label, subject).values_list("pk", flat=True)]
        content_type = ContentType.objects.get_for_model(model_of(label))
        LogEntry.objects.filter(content_type=content_type, object_id__in=keys).update(
            object_repr=ERASED, change_message=""
        )


def _erase_rows(subject: Subject) -> None:
    for label, table in PERSONAL.items():
        if table.blank:
            keys = list(rows_of(label, subject).values_list("pk", flat=True))
            model_of(label)._default_manager.filter(pk__in=keys).update(**table.blank)


def _replace_keys(customer: Customer, subject: Subject, moment: datetime) -> None:
    CustomerIdentity.objects.filter(customer=customer).filter(
        ~Q(kind=USER) | ~Q(value__startswith="erased:")
    ).delete()
    keys: list[Key] = [key for key in subject.keys if key[0] in (PHONE, USER)]
    CustomerIdentity.objects.bulk_create(
        [
            CustomerIdentity(
                customer=customer, kind=USER, value=alias_of(key), first_seen_at=moment
            )
            for key in keys
        ],
        ignore_conflicts=True,
    )
    if keys:
        # As a replay would note it: the room's owner stays the same whatever comes again.
        Room.objects.filter(customer=customer).exclude(owner_sent_at=None).update(
            owner_key=f"{USER}:{alias_of(keys[0])}"
        )
    bury(subject.keys, at=moment)


def _note(
    kind: str, customer: Customer, user: Any, reason: str, counts: Counter[str] | dict[str, int]
) -> DataRequest:
    return DataRequest.objects.create(
        kind=kind,
        customer=customer,
        made_at=now(),
        made_by=user if user is not None and user.pk else None,
        who=user.get_username() if user is not None else "command line",
        reason=reason.strip()[:200],
        rows={label: number for label, number in sorted(counts.items()) if number},
    )
