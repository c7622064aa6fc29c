"""Notes that their authors may change for a while: a version, and the texts that stood there before.

The database lets nothing of an earlier text be changed but for the erasure of a person's data. On
SQLite a migration that remakes the table loses the trigger and has to make it again.
"""

import django.db.models.deletion
from django.db import migrations, models

TABLE, NAME = "conversations_noterevision", "note_revision_stays"
ERASED, WORDS = "(erased)", "what a note said stays as it was"


def postgresql():
    return (
        f"""
        CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.body = '{ERASED}' AND to_jsonb(NEW) - 'body' = to_jsonb(OLD) - 'body' THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """,
        f"CREATE TRIGGER {NAME} BEFORE UPDATE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {NAME}()",
    )


def sqlite():
    return (
        f"CREATE TRIGGER {NAME} BEFORE UPDATE OF id, note_id, version, until ON {TABLE}"
        f" BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
        f"CREATE TRIGGER {NAME}_too BEFORE UPDATE OF body ON {TABLE}"
        f" WHEN NEW.body <> '{ERASED}' BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
    )


def forwards(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in postgresql() if is_postgresql else sqlite():
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER {NAME} ON {TABLE}")
        schema_editor.execute(f"DROP FUNCTION {NAME}()")
    else:
        schema_editor.execute(f"DROP TRIGGER {NAME}")
        schema_editor.execute(f"DROP TRIGGER {NAME}_too")


class Migration(migrations.Migration):
    dependencies = [("conversations", "0020_consent_by_channel")]

    operations = [
        migrations.AddField(
            model_name="note",
            name="version",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="How often it was changed"
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="edited_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="NoteRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("body", models.TextField(max_length=4000)),
                (
                    "until",
                    models.DateTimeField(help_text="When another text took its place"),
                ),
                (
                    "note",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="conversations.note",
                    ),
                ),
            ],
            options={
                "ordering": ["version"],
                "constraints": [
                    models.UniqueConstraint(fields=("note", "version"), name="note_revision_once")
                ],
            },
        ),
        migrations.RunPython(forwards, backwards),
    ]
