"""The trail cannot be emptied at once either, and goes only for its age, by a row that says so.

A pruning is a row of its own: until when, who, why. The database lets an entry go that is older than
such a row's `until`, which lies at least 365 days before the row was made, and the rows themselves
never. So nobody shortens the trail without a trace, whatever program they use.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLE, PRUNING = "audit_auditentry", "audit_auditpruning"
LEAST_DAYS = 365
ALLOWED = "EXISTS (SELECT 1 FROM audit_auditpruning p WHERE p.until > OLD.timestamp)"
POSTGRESQL = (
    f"""
    CREATE OR REPLACE FUNCTION {TABLE}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL
                AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN
            RETURN NEW;
        END IF;
        IF TG_OP = 'DELETE' THEN
            IF {ALLOWED} THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION 'the audit trail is append-only';
    END $$
    """,
    f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_is_append_only()",
    f"""
    CREATE FUNCTION {PRUNING}_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.until <= now() - interval '{LEAST_DAYS} days' THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'the audit trail is kept for {LEAST_DAYS} days';
        END IF;
        IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'made_by_id' = to_jsonb(OLD) - 'made_by_id' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'prunings of the audit trail are kept';
    END $$
    """,
    f"CREATE TRIGGER {PRUNING}_kept BEFORE INSERT OR UPDATE OR DELETE ON {PRUNING} "
    f"FOR EACH ROW EXECUTE FUNCTION {PRUNING}_is_kept()",
    f"CREATE TRIGGER {PRUNING}_no_truncate BEFORE TRUNCATE ON {PRUNING} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION {PRUNING}_is_kept()",
)
BACK_ON_POSTGRESQL = (
    f"DROP TRIGGER IF EXISTS {PRUNING}_no_truncate ON {PRUNING}",
    f"DROP TRIGGER IF EXISTS {PRUNING}_kept ON {PRUNING}",
    f"DROP FUNCTION {PRUNING}_is_kept()",
    f"DROP TRIGGER IF EXISTS {TABLE}_no_truncate ON {TABLE}",
    f"""
    CREATE OR REPLACE FUNCTION {TABLE}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL
                AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the audit trail is append-only';
    END $$
    """,
)
REFUSAL = "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
KEPT = "BEGIN SELECT RAISE(ABORT, 'prunings of the audit trail are kept'); END"
SQLITE = (
    f"DROP TRIGGER IF EXISTS {TABLE}_no_delete",
    f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} WHEN NOT {ALLOWED} {REFUSAL}",
    f"CREATE TRIGGER {PRUNING}_old_enough BEFORE INSERT ON {PRUNING} "
    f"WHEN NEW.until > datetime('now', '-{LEAST_DAYS} days') {KEPT}",
    f"CREATE TRIGGER {PRUNING}_no_delete BEFORE DELETE ON {PRUNING} {KEPT}",
    f"CREATE TRIGGER {PRUNING}_no_update BEFORE UPDATE OF id, until, made_at, who, reason, removed "
    f"ON {PRUNING} {KEPT}",
)
BACK_ON_SQLITE = (
    *(
        f"DROP TRIGGER IF EXISTS {PRUNING}_{name}"
        for name in ("old_enough", "no_delete", "no_update")
    ),
    f"DROP TRIGGER IF EXISTS {TABLE}_no_delete",
    f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} {REFUSAL}",
)


def forwards(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in POSTGRESQL if is_postgresql else SQLITE:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in BACK_ON_POSTGRESQL if is_postgresql else BACK_ON_SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_kinds_revealed_and_signed_in"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditPruning",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateTimeField(help_text="Entries before this are gone")),
                ("made_at", models.DateTimeField()),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("who", models.CharField(max_length=150)),
                ("reason", models.CharField(max_length=200)),
                ("removed", models.PositiveBigIntegerField(help_text="How many entries that were")),
            ],
            options={
                "verbose_name": "pruning of the trail",
                "verbose_name_plural": "prunings of the trail",
                "ordering": ["-id"],
            },
        ),
        migrations.RunPython(forwards, backwards),
    ]
