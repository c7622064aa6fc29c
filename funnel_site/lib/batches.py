"""Set-based writes that Django's ORM has no words for: one statement, whatever the number of rows."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import orjson
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

Item = TypeVar("Item")

FEW = 4
"""Rows up to which one INSERT is quicker than numbering them and a COPY."""


def chunks(rows: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The rows in lists of at most `size`, without reading ahead further than that."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model and give them their primary keys.

    On PostgreSQL by COPY, with keys taken from the table's sequence beforehand: bulk_create spends
    most of its time on composing a statement with a parameter a value. A breach of a constraint
    raises IntegrityError, as ever.
    """
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql" or len(rows) <= FEW:
        model._default_manager.bulk_create(rows)
        return
    quote = connection.ops.quote_name
    meta = model._meta
    _take_keys(rows, meta)
    columns = [column for column in meta.concrete_fields if not _is_left_out(rows, column)]
    names = ", ".join(quote(str(column.column)) for column in columns)
    values = [_array(rows, column, for_copy=True) for column in columns]
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quote(meta.db_table)} ({names}) FROM STDIN") as copy,
    ):
        for row in zip(*values, strict=True):
            copy.write_row(row)


def _is_left_out(rows: Sequence[models.Model], column: Any) -> bool:
    """Whether no row says anything here, so that the database's own default is meant."""
    return all(isinstance(getattr(row, column.attname), DatabaseDefault) for row in rows)


def _take_keys(rows: Sequence[models.Model], meta: Any) -> None:
    """Number the rows from the table's own sequence, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [connection.ops.quote_name(meta.db_table), meta.pk.column, len(rows)],
        )
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key
            row._state.adding = False


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
        cursor.execute(statement, [_array(rows, column) for column in columns])


def _array(rows: Sequence[models.Model], column: Any, *, for_copy: bool = False) -> list[Any]:
    """A column's values; only JSON is not already what the driver takes."""
    values = [getattr(row, column.attname) for row in rows]
    if isinstance(column, models.JSONField):
        if for_copy:
            return [orjson.dumps(value).decode() for value in values]
        return [column.get_db_prep_save(value, connection) for value in values]
    return values


def _update_one_by_one(rows: Sequence[models.Model], columns: Sequence[Any]) -> None:
    quote = connection.ops.quote_name
    table = quote(type(rows[0])._meta.db_table)
    names = [quote(column.column) for column in columns]
    assigned = ", ".join(f"{name} = %s" for name in names[:-1])
    statement = f"UPDATE {table} SET {assigned} WHERE {names[-1]} = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(
            statement,
            [
                [
                    column.get_db_prep_save(getattr(row, column.attname), connection)
                    for column in columns
                ]
                for row in rows
            ],
        )
