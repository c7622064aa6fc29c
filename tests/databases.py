"""The databases of a run of tests: kept as migrations leave them, put back from there, and copied.

Django empties a hundred tables after a test that commits, and has permissions, roles and known things
made anew. Here SQLite's pages are copied back; PostgreSQL empties the tables that have rows, without
triggers, for which its role is a superuser's.
"""

import sqlite3
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.base.creation import TEST_DATABASE_PREFIX

KEPT = "kept"
_pages = sqlite3.connect(":memory:", check_same_thread=False)
_tables: dict[str, bool] = {}
"""PostgreSQL's tables, and whether migrations leave rows in them."""


def is_of_tests() -> bool:
    if connection.vendor == "sqlite":
        return bool(connection.is_in_memory_db())  # type: ignore[attr-defined]
    return str(connection.settings_dict["NAME"]).startswith(TEST_DATABASE_PREFIX)


def keep() -> None:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.backup(_pages)
        return
    connection.close()
    _create(_named(KEPT), template=connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {KEPT}")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}")')
            _tables[table] = cursor.fetchone()[0]
            if _tables[table]:
                cursor.execute(f'CREATE TABLE {KEPT}."{table}" AS TABLE "{table}"')


def put_back() -> None:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        _pages.backup(connection.connection)
        return
    some = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in _tables
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(some)
        filled = {table for (table,) in cursor.fetchall()}
        for table in filled:
            cursor.execute(f'DELETE FROM "{table}"')
        for table in (table for table, is_kept in _tables.items() if is_kept):
            cursor.execute(f'INSERT INTO "{table}" SELECT * FROM {KEPT}."{table}"')


def drop_kept() -> None:
    drop(KEPT)


def copy(name: str, to: str, var: Path) -> None:
    """A database of its own for real processes: on SQLite a file in their folder."""
    if connection.vendor == "postgresql":
        _create(_named(to), template=_named(name))
    elif name == KEPT:
        with sqlite3.connect(_file(var)) as file:
            _pages.backup(file)
        file.close()


def drop(name: str) -> None:
    if connection.vendor == "postgresql":
        _execute(f'DROP DATABASE IF EXISTS "{_named(name)}" WITH (FORCE)')


def url(name: str, var: Path) -> str:
    if connection.vendor == "sqlite":
        return f"sqlite:///{_file(var)}"
    values = connection.settings_dict
    host, port = values["HOST"] or "localhost", values["PORT"] or 5432
    return f"postgres://{values['USER']}:{values['PASSWORD']}@{host}:{port}/{_named(name)}"


def _file(var: Path) -> Path:
    return var / "site.sqlite3"


def _named(name: str) -> str:
    """Beside the database of this worker."""
    return f"{connection.settings_dict['NAME']}_{name}"


def _create(name: str, *, template: str) -> None:
    """In the place of what a run that was killed has left."""
    _execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _execute(statement: str) -> None:
    """A statement that may not stand in a transaction."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
