"""Joining two customers that turn out to be one person: every row moves, and the move is kept."""

from typing import Any

from django.db import models

from conversations.models import Customer, IdentityChange, Room
from conversations.signals import customers_joining


def join_customers(
    *, customer: Customer, absorbed: Customer, because: tuple[str, str]
) -> IdentityChange:
    """Move everything of `absorbed` to `customer`, delete it, and record both.

    The caller holds the locks of both rows. The record lists the absorbed customer's fields and
    the primary keys of every row that moved, table by table, so that it can be undone.
    """
    _close_second_sessions(customer, absorbed)
    customers_joining.send(Customer, customer=customer, absorbed=absorbed)
    moved: dict[str, list[int]] = {}
    for relation in _relations():
        model, name = relation.related_model, relation.field.name
        rows = model._default_manager.filter(**{name: absorbed})
        if keys := list(rows.values_list("pk", flat=True)):
            moved[model._meta.label] = keys
            rows.update(**{name: customer})
    moved |= _move_participation(customer, absorbed)
    kept = {
        "name": absorbed.name,
        "first_seen_at": absorbed.first_seen_at.isoformat(),
        "last_seen_at": absorbed.last_seen_at.isoformat(),
        "moved": moved,
    }
    customer.first_seen_at = min(customer.first_seen_at, absorbed.first_seen_at)
    customer.last_seen_at = max(customer.last_seen_at, absorbed.last_seen_at)
    _keep_newer_name(customer, absorbed)
    customer.opted_out_at = customer.opted_out_at or absorbed.opted_out_at
    customer.blocked_at = customer.blocked_at or absorbed.blocked_at
    absorbed.delete()
    customer.save()
    return IdentityChange.objects.create(
        customer=customer,
        change=IdentityChange.Change.JOINED,
        kind=because[0],
        value=because[1],
        absorbed=kept,
    )


def _relations() -> list[Any]:
    """Every foreign key to Customer in the project, found in the model registry."""
    return [
        relation
        for relation in Customer._meta.related_objects
        if isinstance(relation, models.ManyToOneRel) and not relation.many_to_many
    ]


def _move_participation(customer: Customer, absorbed: Customer) -> dict[str, list[int]]:
    rooms = list(Room.objects.filter(participants=absorbed))
    for room in rooms:
        room.participants.add(customer)
        room.participants.remove(absorbed)
        if room.participants.count() == 1:
            # It was one person all along: nobody else is here.
            room.participants.clear()
    return {"participants": [room.pk for room in rooms]} if rooms else {}


def _keep_newer_name(customer: Customer, absorbed: Customer) -> None:
    if absorbed.name_seen_at is None:
        return
    if customer.name_seen_at is None or (absorbed.name_seen_at, absorbed.name) > (
        customer.name_seen_at,
        customer.name,
    ):
        customer.name, customer.name_seen_at = absorbed.name, absorbed.name_seen_at


def _close_second_sessions(customer: Customer, absorbed: Customer) -> None:
    """One open session a channel is left: of two, the one that was quiet for longer is closed."""
    open_rooms = Room.objects.filter(
        customer__in=[customer, absorbed], source=Room.SESSION_SOURCE, status=Room.Status.OPEN
    ).order_by("channel", "-last_message_at", "-pk")
    kept: set[str] = set()
    for room in open_rooms:
        if room.channel in kept:
            room.status, room.closed_at = Room.Status.CLOSED, room.last_message_at
            room.save(update_fields=["status", "closed_at"])
        kept.add(room.channel)
