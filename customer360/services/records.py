"""Which person a customer record is: a batch at a time, recorded, and to be undone.

A phone number is the key. A new record whose number a customer has already, from a chat or from
another record, is that customer, and the join is recorded. Two records with one number and different
days of birth are two people: the number stays with whom it came to first, and the contradiction is
recorded for staff. A number that staff have marked as shared joins nobody, nor does one too many for
its customer. A number that is corrected later moves nobody by itself. An e-mail address joins
nobody, because families and shop counters share one.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils.timezone import now

from conversations.identity_rules import names_nobody
from conversations.models import Customer, CustomerIdentity, IdentityChange, SharedValue
from customer360.models import CustomerRecord
from funnel_site.lib.batches import insert_rows

PHONE = CustomerIdentity.Kind.PHONE.value


def place_new_records(records: Sequence[CustomerRecord]) -> None:
    """Give each new record its customer and store it; joins and contradictions are noted."""
    numbers = _joining_numbers(records)
    holders = _holders(numbers)
    births = _births({customer.pk for customer in holders.values()})
    joins: list[tuple[CustomerRecord, str]] = []
    fresh: list[Customer] = []
    owned: dict[str, Customer] = {}
    for record in records:
        holder = holders.get(record.phone_number)
        if holder is None:
            record.customer = _person(record)
            fresh.append(record.customer)
            if record.phone_number in numbers:
                holders[record.phone_number] = owned[record.phone_number] = record.customer
                births[id(record.customer)] = record.date_of_birth
            continue
        known = births.get(holder.pk or id(holder))
        if known and record.date_of_birth and known != record.date_of_birth:
            record.customer = _person(record, phone="")
            fresh.append(record.customer)
            joins.append((record, IdentityChange.Change.CONFLICT))
        else:
            record.customer = holder
            births.setdefault(holder.pk or id(holder), record.date_of_birth)
            joins.append((record, IdentityChange.Change.JOINED))
    insert_rows(fresh)
    for record in records:
        record.customer_id = record.customer.pk
    insert_rows(
        [
            CustomerIdentity(
                customer_id=customer.pk,
                kind=PHONE,
                value=number,
                first_seen_at=customer.first_seen_at,
            )
            for number, customer in owned.items()
        ]
    )
    insert_rows(records)
    _complete([record for record, change in joins if change == IdentityChange.Change.JOINED])
    _note(joins)


def note_new_numbers(records: Sequence[CustomerRecord]) -> None:
    """Records whose number was corrected: a number that nobody has becomes their customer's."""
    numbers = _joining_numbers(records)
    changed = [record for record in records if record.phone_number in numbers]
    if not changed:
        return
    holders = _holders({record.phone_number for record in changed})
    free = {record.phone_number: record for record in changed if record.phone_number not in holders}
    full = _full({record.customer_id for record in free.values()})
    beyond = [record for record in free.values() if record.customer_id in full]
    free = {number: one for number, one in free.items() if one.customer_id not in full}
    _note([(record, IdentityChange.Change.LIMIT) for record in beyond])
    CustomerIdentity.objects.bulk_create(
        [
            CustomerIdentity(
                customer_id=record.customer_id, kind=PHONE, value=number, first_seen_at=now()
            )
            for number, record in free.items()
        ]
    )
    _note(
        [
            (record, IdentityChange.Change.CONFLICT)
            for record in changed
            if record.phone_number in holders
            and holders[record.phone_number].pk != record.customer_id
        ]
    )


@transaction.atomic
def part_record(*, change: IdentityChange) -> CustomerRecord | None:
    """Undo the join of a record: it becomes a customer of its own, with all that hangs on it.

    Nothing is lost on either side: the source's rows hang on the record, the rest on the customer.
    Returns None where the record has been parted, or is gone, already.
    """
    record = (
        CustomerRecord.objects.select_for_update()
        .filter(pk=change.absorbed.get("record"), customer=change.customer_id)
        .first()
    )
    if record is None or change.change != IdentityChange.Change.JOINED:
        return None
    person = _person(record, phone="")
    person.save()
    record.customer = person
    record.save(update_fields=["customer"])
    change.absorbed = {**change.absorbed, "undone_at": now().isoformat()}
    change.save(update_fields=["absorbed"])
    return record


def _holders(numbers: set[str]) -> dict[str, Customer]:
    """Who has these numbers; their rows are locked until the commit, in one order for all."""
    held = dict(
        CustomerIdentity.objects.filter(kind=PHONE, value__in=numbers).values_list(
            "value", "customer_id"
        )
    )
    rows = Customer.objects.select_for_update(no_key=True).filter(pk__in=set(held.values()))
    found = {customer.pk: customer for customer in rows.order_by("pk")}
    return {number: found[pk] for number, pk in held.items()}


def _full(customers: set[int]) -> set[int]:
    """Those who have as many phone numbers as one customer gets without staff."""
    counts = (
        CustomerIdentity.objects.filter(kind=PHONE, customer__in=customers)
        .values("customer_id")
        .annotate(numbers=Count("pk"))
        .filter(numbers__gte=settings.IDENTITY_MOST_PHONES)
    )
    return set(counts.values_list("customer_id", flat=True))


def _joining_numbers(records: Sequence[CustomerRecord]) -> set[str]:
    """The records' numbers that say who somebody is: not those that staff have marked as shared."""
    numbers = {record.phone_number for record in records if record.phone_number}
    shared = SharedValue.objects.filter(kind=PHONE, value__in=numbers)
    marked = set(shared.values_list("value", flat=True))
    return {one for one in numbers - marked if not names_nobody(PHONE, one)}


def _births(customers: set[int]) -> dict[int, date | None]:
    rows = CustomerRecord.objects.filter(customer__in=customers).exclude(date_of_birth=None)
    return dict(rows.order_by("-pk").values_list("customer_id", "date_of_birth"))


def _person(record: CustomerRecord, phone: str | None = None) -> Customer:
    seen = _moment(record.registration_date)
    return Customer(
        name=f"{record.first_name} {record.last_name}".strip()[:200],
        email=record.email,
        phone_number=record.phone_number if phone is None else phone,
        first_seen_at=seen,
        last_seen_at=seen,
    )


def _moment(day: date | None) -> datetime:
    """The beginning of a registration's day; now where there is none, or it lies ahead."""
    if day is None:
        return now()
    moment = datetime.combine(day, time(), ZoneInfo(settings.TIME_ZONE)).astimezone(UTC)
    return min(moment, now())


def _complete(records: Sequence[CustomerRecord]) -> None:
    """A customer known from chats learns the name and address that the record has."""
    lacking: dict[int, Customer] = {}
    for record in records:
        customer = record.customer
        if not customer.name or not customer.email:
            customer.name = customer.name or f"{record.first_name} {record.last_name}".strip()[:200]
            customer.email = customer.email or record.email
            lacking[customer.pk] = customer
    Customer.objects.bulk_update(lacking.values(), ["name", "email"], batch_size=500)


def _note(pairs: Sequence[tuple[CustomerRecord, Any]]) -> None:
    moment = now()
    insert_rows(
        [
            IdentityChange(
                customer_id=record.customer_id,
                change=change,
                kind=PHONE,
                value=record.phone_number,
                absorbed={"record": record.pk, "customer_id": record.external_id},
                made_at=moment,
            )
            for record, change in pairs
        ]
    )
