"""The queue's indexes, those of the search box, and since when the known rooms wait.

Finding a part of a name, a number or an address among millions needs trigrams. pg_trgm is a trusted
extension: whoever may create in the database may add it (PostgreSQL 13 and later). Where even that
is refused, the site works without: a search then finds beginnings of names, and whole numbers.
"""

from django.db import DatabaseError, migrations, models, transaction

from funnel_site.lib.indexes import POSTGRESQL, AddIndexBesideTraffic

SEARCHED = (
    ("customer_name_parts", "conversations_customer", "upper(name)"),
    ("customer_email_parts", "conversations_customer", "upper(email)"),
    ("identity_parts", "conversations_customeridentity", "value"),
)
WAITING = """
UPDATE conversations_room SET waiting_since = (
    SELECT m.sent_at FROM conversations_message m
    WHERE m.room_id = conversations_room.id AND m.sender = 'customer'
    AND NOT EXISTS (
        SELECT 1 FROM conversations_message a
        WHERE a.room_id = m.room_id AND a.sender <> 'customer' AND a.sent_at >= m.sent_at
    )
    ORDER BY m.sent_at, m.id LIMIT 1
) WHERE status = 'open'
"""


def note_waiting(apps, schema_editor):
    """Since when the open rooms wait for an answer."""
    schema_editor.execute(WAITING)


def add_search_indexes(apps, schema_editor):
    """Trigram indexes where the database can have them, else indexes for beginnings."""
    if schema_editor.connection.vendor != POSTGRESQL:
        return
    try:
        with transaction.atomic(using=schema_editor.connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        kind, extra = "btree", "text_pattern_ops"
    else:
        kind, extra = "gin", "gin_trgm_ops"
    for name, table, expression in SEARCHED:
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table}"
            f" USING {kind} (({expression}) {extra})"
        )

    schema_editor.execute(
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS customer_email_whole"
        " ON conversations_customer ((upper(email)))"
    )


def drop_search_indexes(apps, schema_editor):
    """The extension stays: something else may use it."""
    if schema_editor.connection.vendor == POSTGRESQL:
        for name in ("customer_email_whole", *(name for name, *_ in SEARCHED)):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0008_desk_notes_and_waiting")]
    operations = [
        migrations.RunPython(note_waiting, migrations.RunPython.noop),
        AddIndexBesideTraffic(
            model_name="room",
            index=models.Index(
                condition=models.Q(("status", "open"), ("waiting_since__isnull", False)),
                fields=["waiting_since", "id"],
                name="room_waiting",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="room",
            index=models.Index(
                condition=models.Q(("status", "open"), ("waiting_since__isnull", False)),
                fields=["assigned_to", "waiting_since", "id"],
                name="room_waiting_of",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="room",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["assigned_to", "-last_message_at", "-id"],
                name="room_open_of",
            ),
        ),
        migrations.RunPython(add_search_indexes, drop_search_indexes),
    ]
