"""Who may be one person: customers who share a rare value, with a score and the reasons.

Customers are compared only within a block, those with the same value of one kind, so that the work
grows with the number of customers and not with its square. A block of more than LARGEST_BLOCK
customers says nothing about any two of them and is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import CharField, Count, F, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Lower, Right, StrIndex, Substr, Trim
from django.utils.timezone import now

from conversations.identity_rules import EMAIL, PHONE, names_nobody
from conversations.models import Customer, CustomerIdentity, SharedValue
from customer360.models import CustomerRecord, DuplicateCandidate
from funnel_site.lib.batches import chunks
from funnel_site.lib.marking import marked

LARGEST_BLOCK = 10
AT_A_TIME = 500
SHORTEST_BOX = 5
LAST_DIGITS = 8
# Addresses of a function and not of a person.
OFFICES = frozenset("admin info hello contact sales office support owner order marketing".split())
SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What two customers may share, how much it speaks for one person, and in which words."""

    words: str
    score: int
    rows: QuerySet[Any]
    by: str = "customer_id"


@dataclass(slots=True)
class Found:
    """What speaks for a pair."""

    score: int = 0
    reasons: list[str] = field(default_factory=list)


def find_duplicates() -> int:
    """Look through all customers; returns how many pairs wait for staff afterwards.

    A pair that staff have called "not the same" stays so. One that has nothing in common any more
    leaves the list.
    """
    pairs: dict[tuple[int, int], Found] = {}
    for rule in _rules():
        for members in _blocks(rule):
            for pair in combinations(members, 2):
                found = pairs.setdefault(pair, Found())
                if rule.words not in found.reasons:
                    found.score = min(100, found.score + rule.score)
                    found.reasons.append(rule.words)
    with transaction.atomic():
        _write(pairs)
    return DuplicateCandidate.objects.filter(state=DuplicateCandidate.State.OPEN).count()


@transaction.atomic
def call_not_same(*, candidates: QuerySet[DuplicateCandidate], decided_by: User) -> int:
    """Remember that these pairs are two people each; returns how many are news."""
    waiting = DuplicateCandidate.objects.filter(
        pk__in=candidates.order_by().values("pk"), state=DuplicateCandidate.State.OPEN
    )
    return waiting.update(
        state=DuplicateCandidate.State.NOT_SAME, decided_at=now(), decided_by=decided_by
    )


def carry_decisions(*, customer: Customer, absorbed: Customer) -> None:
    """Before a join: whom staff have called another than the absorbed is another than the rest."""
    said = DuplicateCandidate.objects.filter(
        Q(one=absorbed) | Q(other=absorbed), state=DuplicateCandidate.State.NOT_SAME
    )
    copies = []
    for pair in said:
        stranger = pair.other_id if pair.one_id == absorbed.pk else pair.one_id
        if stranger != customer.pk:
            pair.pk = None
            pair.one_id, pair.other_id = sorted((customer.pk, stranger))
            copies.append(pair)
    DuplicateCandidate.objects.bulk_create(
        copies,
        update_conflicts=True,
        unique_fields=["one", "other"],
        update_fields=["state", "decided_at", "decided_by"],
    )


def _rules() -> list[Rule]:
    records = CustomerRecord.objects.exclude(first_name="", last_name="")
    named = records.exclude(date_of_birth=None).annotate(
        block=Concat(
            Lower(Trim("first_name")),
            Value(SEPARATOR),
            Lower(Trim("last_name")),
            Value(SEPARATOR),
            Cast("date_of_birth", CharField()),
        )
    )
    shared = SharedValue.objects.filter(kind=PHONE).values("value")
    numbers = CustomerIdentity.objects.filter(kind=PHONE).exclude(value__in=shared)
    addresses = ((CustomerRecord.objects.all(), "customer_id"), (Customer.objects.all(), "id"))
    return [
        Rule(words=marked("Same name and day of birth"), score=60, rows=named),
        Rule(
            words=marked("Phone numbers with the same last %(number)s digits", number=LAST_DIGITS),
            score=40,
            rows=numbers.annotate(block=Right("value", LAST_DIGITS)),
        ),
        *(
            Rule(words=marked("Same e-mail address"), score=20, rows=_whole(rows), by=by)
            for rows, by in addresses
        ),
        *(
            Rule(
                words=marked("Same name before the @ of their e-mail"),
                score=30,
                rows=_boxes(rows),
                by=by,
            )
            for rows, by in addresses
        ),
    ]


def _whole(rows: QuerySet[Any]) -> QuerySet[Any]:
    whole: QuerySet[Any] = rows.exclude(email="").annotate(block=Lower("email"))
    return whole


def _boxes(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The part of an address before the @, where it is long enough to be somebody's."""
    long = rows.annotate(at=StrIndex(F("email"), Value("@"))).filter(at__gt=SHORTEST_BOX)
    boxes: QuerySet[Any] = long.annotate(block=Lower(Substr("email", 1, F("at") - 1)))
    return boxes


def _blocks(rule: Rule) -> Iterator[list[int]]:
    """The customers of each block that two to LARGEST_BLOCK of them are in."""
    counted = (
        rule.rows.order_by()
        .values("block")
        .annotate(people=Count(rule.by, distinct=True))
        .filter(people__gte=2, people__lte=LARGEST_BLOCK)
    )
    keys = counted.values_list("block", flat=True)
    for some in chunks((key for key in keys.iterator() if _is_telling(key)), AT_A_TIME):
        members: dict[str, set[int]] = {}
        for key, customer in rule.rows.filter(block__in=some).values_list("block", rule.by):
            members.setdefault(key, set()).add(customer)
        yield from (sorted(people) for people in members.values())


def _is_telling(key: str) -> bool:
    if SEPARATOR in key:
        return True
    box = key.partition("@")[0]
    return box not in OFFICES and not names_nobody(EMAIL if "@" in key else PHONE, key)


def _write(pairs: dict[tuple[int, int], Found]) -> None:
    """Add and update the pairs, and drop the open ones that were not found again."""
    started = now()
    for some in chunks(pairs.items(), AT_A_TIME):
        DuplicateCandidate.objects.bulk_create(
            _candidates(some, started),
            update_conflicts=True,
            unique_fields=["one", "other"],
            update_fields=["score", "reasons", "found_at"],
        )
    stale = DuplicateCandidate.objects.filter(state=DuplicateCandidate.State.OPEN)
    stale.filter(found_at__lt=started).delete()


def _candidates(
    pairs: Iterable[tuple[tuple[int, int], Found]], found_at: Any
) -> list[DuplicateCandidate]:
    return [
        DuplicateCandidate(
            one_id=one,
            other_id=other,
            score=found.score,
            reasons=found.reasons,
            found_at=found_at,
        )
        for (one, other), found in pairs
    ]
