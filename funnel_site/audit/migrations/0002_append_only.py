"""The database refuses to change or delete an entry of the audit trail.

One change is let through: the link to an account that is deleted; `who` keeps its name. On SQLite a
migration that remakes the table loses the triggers and has to make them again.
"""

from django.db import migrations

TABLE = "audit_auditentry"
POSTGRESQL = (
    f"""
    CREATE FUNCTION {TABLE}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL
                AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the audit trail is append-only';
    END $$
    """,
    f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
    f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_is_append_only()",
)
BACK_ON_POSTGRESQL = (
    f"DROP TRIGGER {TABLE}_append_only ON {TABLE}",
    f"DROP FUNCTION {TABLE}_is_append_only()",
)
REFUSAL = "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"


def sqlite(columns):
    named = ", ".join(f'"{column}"' for column in columns if column != "actor_id")
    return (
        f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} {REFUSAL}",
        f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE OF {named} ON {TABLE} {REFUSAL}",
        f"CREATE TRIGGER {TABLE}_no_new_actor BEFORE UPDATE OF actor_id ON {TABLE} "
        f"WHEN NEW.actor_id IS NOT NULL {REFUSAL}",
    )


BACK_ON_SQLITE = tuple(
    f"DROP TRIGGER {TABLE}_{name}" for name in ("no_delete", "no_update", "no_new_actor")
)


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        statements = POSTGRESQL
    else:
        model = apps.get_model("audit", "AuditEntry")
        statements = sqlite([field.column for field in model._meta.concrete_fields])
    for statement in statements:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in BACK_ON_POSTGRESQL if is_postgresql else BACK_ON_SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_audit_trail")]

    operations = [migrations.RunPython(forwards, backwards)]
