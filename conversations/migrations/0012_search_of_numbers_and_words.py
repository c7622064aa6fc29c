"""The lists find parts of phone numbers, and whole words of messages, by an index."""

from django.db import migrations

from funnel_site.lib.indexes import POSTGRESQL, search_indexes

# As Django writes a search vector: the index serves no other spelling.
WORDS = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS message_words ON conversations_message
USING gin (to_tsvector('simple'::regconfig, COALESCE(body, '')))
"""


def add_words(apps, schema_editor):
    if schema_editor.connection.vendor == POSTGRESQL:
        schema_editor.execute(WORDS)


def drop_words(apps, schema_editor):
    if schema_editor.connection.vendor == POSTGRESQL:
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS message_words")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0011_newest_messages_and_rare_choices")]
    operations = [
        search_indexes([("customer_phone_parts", "conversations_customer", "phone_number")]),
        migrations.RunPython(add_words, drop_words),
    ]
