"""Set-based writes that Django's ORM has no words for: one statement, whatever the number of rows."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, models

Item = TypeVar("Item")


def chunks(rows: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The rows in lists of at most `size`, without reading ahead further than that."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk


def update_rows(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write the named fields of the rows by primary key.

    Django's bulk_update writes a CASE with a branch a row and a field, which the database has to
    walk for every row; an UPDATE from a list of values is linear.
    """
    if not rows:
        return
    meta = type(rows[0])._meta
    assert meta.pk is not None
    columns = [meta.get_field(name) for name in fields]
    if connection.vendor == "postgresql":
        _update_from_arrays(rows, [meta.pk, *columns])
    else:
        _update_one_by_one(rows, [*columns, meta.pk])


def _value(row: models.Model, column: Any) -> Any:
    return column.get_db_prep_save(getattr(row, column.attname), connection)


def _update_from_arrays(rows: Sequence[models.Model], columns: Sequence[Any]) -> None:
    quote = connection.ops.quote_name
    table = quote(type(rows[0])._meta.db_table)
    names = [quote(column.column) for column in columns]
    arrays = ", ".join(f"%s::{column.rel_db_type(connection)}[]" for column in columns)
    assigned = ", ".join(f"{name} = v.{name}" for name in names[1:])
    # Only names from our own models are put into the text; every value is a parameter.
    statement = (
        f"UPDATE {table} SET {assigned} FROM unnest({arrays}) AS v({', '.join(names)})"  # noqa: S608
        f" WHERE {table}.{names[0]} = v.{names[0]}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [[_value(row, column) for row in rows] for column in columns])


def _update_one_by_one(rows: Sequence[models.Model], columns: Sequence[Any]) -> None:
    quote = connection.ops.quote_name
    table = quote(type(rows[0])._meta.db_table)
    names = [quote(column.column) for column in columns]
    assigned = ", ".join(f"{name} = %s" for name in names[:-1])
    statement = f"UPDATE {table} SET {assigned} WHERE {names[-1]} = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[_value(row, column) for column in columns] for row in rows])
