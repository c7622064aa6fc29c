"""What hangs on a customer, as plain values: compared before and after a join, and put back."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.db import models

from conversations.models import Customer, Message

# label.field of the relation -> primary key -> the row's plain values by column
Rows = dict[str, dict[str, dict[str, Any]]]


def all_relations() -> list[Any]:
    """Every foreign key to Customer in the project, hidden and many-to-many ones, too."""
    return [
        field
        for field in Customer._meta.get_fields(include_hidden=True)
        if isinstance(field, models.ManyToOneRel)
    ]


def moving_relations() -> list[Any]:
    """The foreign keys whose rows move at a join. Hidden ones are derived, or tables between two."""
    return [relation for relation in all_relations() if not relation.hidden]


def label_of(relation: Any) -> str:
    """The name of a relation in records: conversations.Room.customer."""
    return f"{relation.related_model._meta.label}.{relation.field.name}"


def rows_of(customers: Sequence[int]) -> Rows:
    """All rows that hang on these customers. Without messages: they are written once."""
    found: Rows = {}
    for relation in all_relations():
        if relation.related_model is Message:
            continue
        rows = relation.related_model._base_manager.filter(
            **{f"{relation.field.name}__in": customers}
        )
        found[label_of(relation)] = {str(row.pk): plain_fields(row) for row in rows}
    return found


def highest_keys() -> dict[str, int]:
    """The newest row of every moving table: what came later came after the join."""
    found = {}
    for relation in moving_relations():
        newest = relation.related_model._base_manager.order_by("-pk").values_list("pk", flat=True)
        found[label_of(relation)] = newest.first() or 0
    return found


def differences(before: Rows, after: Rows, moved: dict[str, list[int]]) -> dict[str, Any]:
    """What a join did besides moving rows: those it took away, added, and changed."""
    found: dict[str, Any] = {}
    for label, rows in before.items():
        now = after[label]
        own = label.rpartition(".")[2]
        changed = {}
        for key, values in rows.items():
            pairs = {
                name: [value, now[key][name]]
                for name, value in values.items()
                if key in now and now[key][name] != value and name != f"{own}_id"
            }
            if pairs:
                changed[key] = pairs
        parts = {
            "lost": [values for key, values in rows.items() if key not in now],
            "added": [key for key in now if key not in rows],
            "changed": changed,
        }
        if any(parts.values()):
            found[label] = parts
    return found


def plain_fields(row: models.Model) -> dict[str, Any]:
    """A row's columns as JSON can hold them, without losing a microsecond."""
    return {
        field.attname: None if field.value_from_object(row) is None else field.value_to_string(row)
        for field in _columns(type(row))
    }


def typed(model: type[models.Model], values: dict[str, Any]) -> dict[str, Any]:
    """The plain values as the model's own; columns that are gone since are left out."""
    return {
        field.attname: None
        if values[field.attname] is None
        else field.to_python(values[field.attname])
        for field in _columns(model)
        if field.attname in values
    }


def insert_again(model: type[models.Model], values: dict[str, Any]) -> models.Model:
    """Write a row as it was, with its old key; nothing is computed anew."""
    row = model(**typed(model, values))
    row.save_base(raw=True, force_insert=True)
    return row


def relation_of(label: str) -> Any | None:
    """The relation of a recorded name; None where the project no longer has it."""
    return next((one for one in all_relations() if label_of(one) == label), None)


def _columns(model: type[models.Model]) -> Iterable[Any]:
    return cast("Iterable[Any]", model._meta.concrete_fields)
