"""The index by which messages are found by their words, on PostgreSQL."""

from django.db import migrations

from funnel_site.lib.indexes import POSTGRESQL


def add_index(apps, schema_editor):
    if schema_editor.connection.vendor == POSTGRESQL:
        schema_editor.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS message_words ON conversations_message"
            # As Django writes a search vector: the index serves no other spelling.
            " USING gin (to_tsvector('simple'::regconfig, COALESCE(body, '')))"
        )


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == POSTGRESQL:
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS message_words")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0012_closed_rooms_are_resolved")]
    operations = [migrations.RunPython(add_index, drop_index)]
