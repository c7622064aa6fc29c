"""Joining two customers that turn out to be one person: every row moves, and the move is kept."""

from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.timezone import now

from conversations.models import Customer, IdentityChange, Room
from conversations.signals import customers_joining, join_undoing

MOMENTS = ("first_seen_at", "last_seen_at", "name_seen_at", "opted_out_at", "blocked_at")
SURVIVOR_FIELDS = ("name", *MOMENTS)


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
        "email": absorbed.email,
        "phone_number": absorbed.phone_number,
        "opted_out_at": absorbed.opted_out_at.isoformat() if absorbed.opted_out_at else None,
        "name_seen_at": absorbed.name_seen_at.isoformat() if absorbed.name_seen_at else None,
        "blocked_at": absorbed.blocked_at.isoformat() if absorbed.blocked_at else None,
        "survivor": {name: _plain(getattr(customer, name)) for name in SURVIVOR_FIELDS},
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


def undo_change(*, change: IdentityChange) -> bool:
    """Undo a join, whoever recorded it; False for what is no join, or is undone already."""
    if "moved" in change.absorbed:
        return undo_join(change=change) is not None
    return any(done for _, done in join_undoing.send(sender=IdentityChange, change=change))


@transaction.atomic
def undo_join(*, change: IdentityChange) -> Customer | None:
    """Part two customers again: what moved moves back to a new customer with the old fields.

    The survivor's own fields go back to what they were unless they have changed since; rows that
    came after the join stay with it. Returns None for what is no join, or is undone already.
    """
    change = IdentityChange.objects.select_for_update().get(pk=change.pk)
    kept = change.absorbed
    if change.change != IdentityChange.Change.JOINED or "moved" not in kept or "undone_at" in kept:
        return None
    survivor = Customer.objects.select_for_update().get(pk=change.customer_id)
    parted = Customer.objects.create(
        **{name: kept.get(name) or "" for name in ("name", "email", "phone_number")},
        **{name: _moment(kept.get(name)) for name in MOMENTS},
    )
    _move_back(kept["moved"], survivor, parted)
    _restore(survivor, kept)
    change.absorbed = {**kept, "undone_at": now().isoformat(), "parted": parted.pk}
    change.save(update_fields=["absorbed"])
    return parted


def _move_back(moved: dict[str, list[int]], survivor: Customer, parted: Customer) -> None:
    for relation in _relations():
        model, name = relation.related_model, relation.field.name
        if keys := moved.get(model._meta.label):
            rows = model._default_manager.filter(pk__in=keys, **{name: survivor})
            rows.update(**{name: parted})
    for room in Room.objects.filter(pk__in=moved.get("participants", ())):
        room.participants.add(parted)


def _restore(survivor: Customer, kept: dict[str, Any]) -> None:
    """Give the survivor its own fields back where they still are what the join made them."""
    for name, before in kept.get("survivor", {}).items():
        if _plain(getattr(survivor, name)) == kept.get(name):
            value = _moment(before) if name in MOMENTS else before
            setattr(survivor, name, value)
    survivor.save()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


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
