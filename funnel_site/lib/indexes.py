"""Indexes made while a big table stays in use: PostgreSQL builds them beside the traffic."""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.operations import AddIndex, RunPython

POSTGRESQL = "postgresql"


class AddIndexBesideTraffic(AddIndexConcurrently):
    """CREATE INDEX CONCURRENTLY on PostgreSQL, a plain index elsewhere. Needs `atomic = False`."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        own = AddIndexConcurrently if schema_editor.connection.vendor == POSTGRESQL else AddIndex
        own.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        own = AddIndexConcurrently if schema_editor.connection.vendor == POSTGRESQL else AddIndex
        own.database_backwards(self, app_label, schema_editor, from_state, to_state)


def search_indexes(indexes: Sequence[tuple[str, str, str]]) -> RunPython:
    """Indexes for parts of texts, as (name, table, expression); PostgreSQL alone has them.

    Where the database has no trigrams (conversations' migration 0009 says when) they find
    beginnings. Django's models know nothing of them, since SQLite cannot have them.
    """

    def add(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor != POSTGRESQL:
            return
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
            has_trigrams = cursor.fetchone() is not None
        kind = ("gin", "gin_trgm_ops") if has_trigrams else ("btree", "text_pattern_ops")
        for name, table, expression in indexes:
            schema_editor.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table}"
                f" USING {kind[0]} (({expression}) {kind[1]})"
            )

    def drop(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == POSTGRESQL:
            for name, *_ in indexes:
                schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")

    return RunPython(add, drop)
