"""Undoing a join: what it did is taken back exactly, as far as nothing has changed since.

Rows that came after the join go by their own key; what has none is listed with the change, for a
person to decide.
"""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from conversations.models import (
    Consent,
    Customer,
    CustomerIdentity,
    IdentityChange,
    Message,
    Room,
)
from conversations.services.consent import stand_by_ledger
from conversations.services.kept_rows import (
    insert_again,
    label_of,
    moving_relations,
    plain_fields,
    relation_of,
    typed,
)
from conversations.signals import join_undoing

MOST_LISTED = 200


def undo_change(*, change: IdentityChange) -> bool:
    """Undo a join, whoever recorded it; False for what is no join, or is undone already."""
    if "moved" in change.absorbed:
        return undo_join(change=change) is not None
    return any(done for _, done in join_undoing.send(sender=IdentityChange, change=change))


@transaction.atomic
def undo_join(*, change: IdentityChange) -> Customer | None:
    """Part two customers again: the absorbed one comes back under its old key with all its rows.

    The survivor's own fields go back to what they were unless they have changed since. Returns
    None for what is no join, or is undone already.
    """
    change = IdentityChange.objects.select_for_update().get(pk=change.pk)
    kept = change.absorbed
    if change.change != IdentityChange.Change.JOINED or "fields" not in kept or "undone_at" in kept:
        return None
    survivor = Customer.objects.select_for_update().get(pk=change.customer_id)
    parted = insert_again(Customer, kept["fields"])
    assert isinstance(parted, Customer)
    _move_back(kept["moved"], survivor, parted)
    _follow_keys(kept, survivor, parted)
    left = _restore_rows(kept["rows"])
    _restore_survivor(survivor, kept)
    _part_words(kept, survivor, parted)
    left |= _arrived_since(kept, survivor)
    change.absorbed = {**kept, "undone_at": now().isoformat(), "left": left}
    change.save(update_fields=["absorbed"])
    return parted


def _move_back(moved: dict[str, list[int]], survivor: Customer, parted: Customer) -> None:
    for relation in moving_relations():
        name = relation.field.name
        if keys := moved.get(label_of(relation)):
            rows = relation.related_model._base_manager.filter(pk__in=keys, **{name: survivor})
            rows.update(**{name: parted})


def _follow_keys(kept: dict[str, Any], survivor: Customer, parted: Customer) -> None:
    """Rooms that came after the join and name a key of the parted customer are theirs."""
    keys = CustomerIdentity.objects.filter(customer=parted).values_list("kind", "value")
    owners = [f"{kind}:{value}" for kind, value in keys]
    addresses = [f"whatsapp:{value}" for _, value in keys]
    late = Room.objects.filter(
        customer=survivor, pk__gt=kept["highest"].get("conversations.Room.customer", 0)
    )
    rooms = [
        room.pk for room in late if room.owner_key in owners or room.reply_address in addresses
    ]
    if not rooms:
        return
    Room.objects.filter(pk__in=rooms).update(customer=parted)
    for relation in moving_relations():
        names = {field.name for field in relation.related_model._meta.concrete_fields}
        if "room" in names:
            rows = relation.related_model._base_manager.filter(
                room__in=rooms, **{relation.field.name: survivor}
            )
            rows.update(**{relation.field.name: parted})


def _restore_rows(rows: dict[str, Any]) -> dict[str, list[str]]:
    """Take back what the join did to single rows; returns those that cannot be as they were."""
    left: dict[str, list[str]] = {}
    for label, parts in rows.items():
        relation = relation_of(label)
        if relation is None:
            continue
        model = relation.related_model
        model._base_manager.filter(pk__in=parts["added"]).delete()
        failed = [
            str(values[model._meta.pk.attname])
            for values in parts["lost"]
            if not _put_back(model, values)
        ]
        failed += [
            key for key, pairs in parts["changed"].items() if not _change_back(model, key, pairs)
        ]
        if failed:
            left[label] = failed
    return left


def _put_back(model: Any, values: dict[str, Any]) -> bool:
    """Insert a row again that the join took away; False where another stands in its place."""
    try:
        with transaction.atomic():
            insert_again(model, values)
    except IntegrityError:
        return False
    return True


def _change_back(model: Any, key: str, pairs: dict[str, list[Any]]) -> bool:
    """Give a row its old values where it still has the new ones."""
    row = model._base_manager.filter(pk=key).first()
    if row is None:
        return False
    current = plain_fields(row)
    if any(current[name] != after for name, (_, after) in pairs.items()):
        return False
    old = typed(model, {name: before for name, (before, _) in pairs.items()})
    try:
        with transaction.atomic():
            model._base_manager.filter(pk=key).update(**old)
    except IntegrityError:
        return False
    return True


def _restore_survivor(survivor: Customer, kept: dict[str, Any]) -> None:
    """Give the survivor its own fields back where they still are what the join made them."""
    current, after = plain_fields(survivor), kept["after"]
    old = {
        name: before
        for name, before in kept["survivor"].items()
        if before != after.get(name) and current.get(name) == after.get(name)
    }
    if old:
        Customer.objects.filter(pk=survivor.pk).update(**typed(Customer, old))
        survivor.refresh_from_db()


def _part_words(kept: dict[str, Any], survivor: Customer, parted: Customer) -> None:
    """What was said since of being written to goes by its room; whom it is of stands by it anew."""
    newest = kept["highest"].get("conversations.Consent.customer", 0)
    said = Consent.objects.filter(customer=survivor, pk__gt=newest)
    if "opted_out_channels" not in kept["fields"]:
        # A join from before channels were told apart: what is said in its name came by a migration.
        said.filter(origin=Consent.Origin.JOINED).delete()
    keys = dict(said.values_list("pk", "message__room__customer"))
    theirs = [key for key, owner in keys.items() if owner == parted.pk]
    if keys:
        Consent.objects.filter(pk__in=theirs).update(customer=parted)
        stand_by_ledger([survivor, *([parted] if theirs else [])])


def _arrived_since(kept: dict[str, Any], survivor: Customer) -> dict[str, list[str]]:
    """The rows that came after the join and stay with the survivor, the newest of each table."""
    found: dict[str, list[str]] = {}
    for relation in moving_relations():
        label = label_of(relation)
        if relation.related_model in (IdentityChange, Message) or label not in kept["highest"]:
            continue
        rows = relation.related_model._base_manager.filter(
            pk__gt=kept["highest"][label], **{relation.field.name: survivor}
        ).order_by("-pk")
        if keys := [str(key) for key in rows.values_list("pk", flat=True)[:MOST_LISTED]]:
            found[label] = keys
    return found
