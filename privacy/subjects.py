"""Who a request is about: every key that leads to rows which no foreign key leads to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from conversations.models import Customer, CustomerIdentity, InboundEvent
from customer360.models import CustomerRecord
from funnel_site.tombstones.services import ALIAS, EMAIL, PHONE, RECORD, USER, Key

SHORTEST_NEEDLE = 7
COUNTRY_CODE_AND_PLUS = 3
SCAN_BODIES = {
    "postgresql": "SELECT id FROM conversations_inboundevent WHERE position(%s::bytea IN body) > 0",
    "sqlite": "SELECT id FROM conversations_inboundevent WHERE instr(body, %s) > 0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A customer with the numbers, ids and addresses that are theirs alone."""

    customer_id: int
    phones: frozenset[str]
    users: frozenset[str]
    emails: frozenset[str]
    records: frozenset[str]
    events: frozenset[int]
    needles: frozenset[str]
    """Texts by which rows without a key are found: a number's own digits, ids, addresses."""

    @property
    def keys(self) -> list[Key]:
        groups = ((PHONE, self.phones), (USER, self.users), (EMAIL, self.emails))
        keys = [(kind, value) for kind, values in groups for value in values]
        return sorted([*keys, *((RECORD, value) for value in self.records)])


def subject_of(customer: Customer) -> Subject:
    """Everything that leads to this customer. Reads the whole inbox once: seconds on a large one."""
    held = list(customer.identities.values_list("kind", "value"))
    records = list(
        CustomerRecord.objects.filter(customer=customer).values_list(
            "external_id", "phone_number", "email"
        )
    )
    phones = {value for kind, value in held if kind == PHONE} | {customer.phone_number}
    phones |= {phone for _, phone, _ in records}
    users = {value for kind, value in held if kind in (USER, "crm") and not value.startswith(ALIAS)}
    emails = {value for kind, value in held if kind == EMAIL} | {customer.email}
    emails |= {email for _, _, email in records}
    phones = _own_numbers(customer, phones - {""})
    emails = {email.lower() for email in emails if email}
    needles = {needle for needle in _needles(phones, users, emails) if needle}
    return Subject(
        customer_id=customer.pk,
        phones=frozenset(phones),
        users=frozenset(users),
        emails=frozenset(emails),
        records=frozenset(external_id for external_id, _, _ in records),
        events=frozenset(_events(customer, needles, phones)),
        needles=frozenset(needles),
    )


def _own_numbers(customer: Customer, phones: set[str]) -> set[str]:
    """Without numbers that two people claim and the other one has."""
    others = CustomerIdentity.objects.filter(kind=PHONE, value__in=phones).exclude(
        customer=customer
    )
    return phones - set(others.values_list("value", flat=True))


def _needles(phones: set[str], users: set[str], emails: set[str]) -> Iterator[str]:
    """A number without its country code is in each of its usual spellings."""
    for phone in phones:
        digits = phone[COUNTRY_CODE_AND_PLUS:]
        yield digits if len(digits) >= SHORTEST_NEEDLE else phone.removeprefix("+")
    yield from (text for text in (*users, *emails) if len(text) >= SHORTEST_NEEDLE)


def _events(customer: Customer, needles: Iterable[str], phones: set[str]) -> set[int]:
    """The deliveries whose messages are theirs, that name them, or that name them in blanks."""
    rows = InboundEvent.objects.filter(messages__customer=customer)
    found = set(rows.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        for needle in needles:
            cursor.execute(SCAN_BODIES[connection.vendor], [needle.encode()])
            found |= {key for (key,) in cursor.fetchall()}
    headers = Q(pk=None)
    for needle in needles:
        headers |= Q(headers__Query__icontains=needle)
    found |= set(InboundEvent.objects.filter(headers).values_list("pk", flat=True))
    return found | set(_dead_letters(phones))


def _dead_letters(phones: set[str]) -> Iterator[int]:
    """Dead letters that write the number with blanks or dashes: what could not be read has any form."""
    endings = [phone[COUNTRY_CODE_AND_PLUS:].encode() for phone in phones]
    failed = InboundEvent.objects.filter(state__in=InboundEvent.SET_ASIDE)
    for key, body in failed.values_list("pk", "body").iterator(chunk_size=500):
        digits = bytes(body).translate(None, delete=b" -.()/")
        if any(ending in digits for ending in endings if len(ending) >= SHORTEST_NEEDLE):
            yield key
