"""The database refuses to change what a customer wrote: the product, the text and the stars.

Two changes are let through: more of the text by the customer while nobody has judged it, and the
erasure of a person's data. On SQLite a migration that remakes the table loses the trigger and has
to make it again.
"""

from django.db import migrations

TABLE = "reviews_review"
NAME = "review_words_stay"
ERASED = "(erased)"
MORE = "OLD.moderation = 'pending' AND substr(NEW.product_review, 1, length(OLD.product_review) + 1) = OLD.product_review || {newline}"
REFUSED = (
    "NEW.product_name <> OLD.product_name"
    " OR COALESCE(NEW.rating, 0) <> COALESCE(OLD.rating, 0)"
    " OR (NEW.product_review <> OLD.product_review"
    f" AND NEW.product_review <> '{ERASED}' AND NOT ({MORE}))"
)
WORDS = "what a customer wrote stays as it is"


def postgresql():
    refused = REFUSED.format(newline="chr(10)")
    return (
        f"""
        CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {refused} THEN
                RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$
        """,
        f"CREATE TRIGGER {NAME} BEFORE UPDATE OF product_name, product_review, rating ON {TABLE}"
        f" FOR EACH ROW EXECUTE FUNCTION {NAME}()",
    )


def sqlite():
    refused = REFUSED.format(newline="char(10)")
    return (
        f"CREATE TRIGGER {NAME} BEFORE UPDATE OF product_name, product_review, rating ON {TABLE}"
        f" WHEN {refused} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
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


class Migration(migrations.Migration):
    dependencies = [("reviews", "0003_catalogue_and_moderation_events")]

    operations = [migrations.RunPython(forwards, backwards)]
