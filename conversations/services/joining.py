"""Joining two customers that turn out to be one person: every row moves, and the move is kept."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext

from conversations.models import Customer, CustomerIdentity, IdentityChange, Room
from conversations.services.consent import join_standings
from conversations.services.kept_rows import (
    differences,
    highest_keys,
    moving_relations,
    plain_fields,
    rows_of,
)
from conversations.signals import customers_joining

EVER = datetime.min.replace(tzinfo=UTC)
BY_HAND = "hand"


class JoinRefusedError(ValueError):
    """The two cannot be joined; the words say why."""


def join_customers(
    *,
    customer: Customer,
    absorbed: Customer,
    because: tuple[str, str],
    made_by: User | None = None,
) -> IdentityChange:
    """Move everything of `absorbed` to `customer`, delete it, and record both.

    The caller holds the locks of both rows. The record keeps the fields of both, the primary keys
    of every row that moved, table by table, and each row that the join ended, changed or replaced,
    so that it can be undone exactly. Raises JoinRefusedError for a customer and itself.
    """
    if customer.pk == absorbed.pk:
        raise JoinRefusedError(gettext("A customer cannot be joined with itself."))
    both = [customer.pk, absorbed.pk]
    before, highest = rows_of(both), highest_keys()
    kept = {"fields": plain_fields(absorbed), "survivor": plain_fields(customer)}
    _close_second_sessions(customer, absorbed)
    customers_joining.send(Customer, customer=customer, absorbed=absorbed)
    moved: dict[str, list[int]] = {}
    for relation in moving_relations():
        model, name = relation.related_model, relation.field.name
        rows = model._default_manager.filter(**{name: absorbed})
        if keys := list(rows.values_list("pk", flat=True)):
            moved[f"{model._meta.label}.{name}"] = keys
            rows.update(**{name: customer})
    _move_participation(customer, absorbed)
    survive(customer, absorbed)
    join_standings(customer, absorbed)
    absorbed_key = absorbed.pk
    absorbed.delete()
    customer.save()
    return IdentityChange.objects.create(
        customer=customer,
        change=IdentityChange.Change.JOINED,
        kind=because[0],
        value=because[1],
        made_by=made_by,
        absorbed={
            **kept,
            "customer": absorbed_key,
            "after": plain_fields(customer),
            "moved": moved,
            "rows": differences(before, rows_of(both), moved),
            "highest": highest,
        },
    )


@transaction.atomic
def join_by_hand(*, keep: int, absorb: int, reason: str, made_by: User | None) -> IdentityChange:
    """Join two customers because staff say so.

    Raises JoinRefusedError where both are one, or either is gone (joined already).
    """
    if keep == absorb:
        raise JoinRefusedError(gettext("A customer cannot be joined with itself."))
    locked = Customer.objects.select_for_update().filter(pk__in=[keep, absorb]).order_by("pk")
    found = {customer.pk: customer for customer in locked}
    if len(found) != 2:
        raise JoinRefusedError(gettext("One of the two is gone: it has been joined already."))
    return join_customers(
        customer=found[keep], absorbed=found[absorb], because=(BY_HAND, reason), made_by=made_by
    )


def survive(customer: Customer, absorbed: Customer) -> None:
    """Which value of each field is the joined customer's: the newest that is known.

    Maxima and minima, so that three customers end the same in whatever order they are joined. The
    other values are kept with the join.
    """
    _, customer.name_seen_at, customer.name = max(_named(customer), _named(absorbed))
    customer.name_seen_at = customer.name_seen_at if customer.name_seen_at != EVER else None
    # An address has no date, so that any fixed choice is as good; the other is kept with the join.
    customer.email = max(customer.email, absorbed.email)
    customer.phone_number = main_number(customer) or max(
        customer.phone_number, absorbed.phone_number
    )
    customer.first_seen_at = min(customer.first_seen_at, absorbed.first_seen_at)
    customer.last_seen_at = max(customer.last_seen_at, absorbed.last_seen_at)
    blocked = (customer.blocked_at, absorbed.blocked_at)
    customer.blocked_at = max((at for at in blocked if at), default=None)


def main_number(customer: Customer) -> str:
    """Of a customer's several numbers, the one first seen last; empty where there is none."""
    numbers = CustomerIdentity.objects.filter(
        customer=customer, kind=CustomerIdentity.Kind.PHONE
    ).order_by("-first_seen_at", "-value")
    return numbers.values_list("value", flat=True).first() or ""


def _named(customer: Customer) -> tuple[bool, datetime, str]:
    return (bool(customer.name), customer.name_seen_at or EVER, customer.name)


def _move_participation(customer: Customer, absorbed: Customer) -> None:
    rooms: Sequence[Room] = list(Room.objects.filter(participants=absorbed))
    for room in rooms:
        room.participants.add(customer)
        room.participants.remove(absorbed)
        if room.participants.count() == 1:
            # It was one person all along: nobody else is here.
            room.participants.clear()


def _close_second_sessions(customer: Customer, absorbed: Customer) -> None:
    """One open session a channel is left: of two, the one that was quiet for longer is closed."""
    open_rooms = Room.objects.filter(
        customer__in=[customer, absorbed], source=Room.SESSION_SOURCE
    ).exclude(status=Room.Status.RESOLVED)
    open_rooms = open_rooms.order_by("channel", "-last_message_at", "-pk")
    kept: set[str] = set()
    for room in open_rooms:
        if room.channel in kept:
            room.status, room.closed_at = Room.Status.RESOLVED, room.last_message_at
            room.save(update_fields=["status", "closed_at"])
        kept.add(room.channel)
