"""Indexes made while a big table stays in use: PostgreSQL builds them beside the traffic."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.operations import AddIndex

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
