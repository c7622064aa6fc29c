"""A file that Twilio could not load (error 63019) may be sent again: each attempt lends it anew."""

from typing import Any

from django.db import migrations

CODE, BEFORE, AFTER = "63019", "none", "retry"


def _change(apps: Any, was: str, becomes: str) -> None:
    """Rows that staff have changed stay as they are."""
    meanings = apps.get_model("conversations", "ErrorMeaning")
    meanings.objects.filter(code=CODE, action=was).update(action=becomes)


def allow(apps: Any, schema_editor: Any) -> None:
    _change(apps, BEFORE, AFTER)


def forbid(apps: Any, schema_editor: Any) -> None:
    _change(apps, AFTER, BEFORE)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0018_ignored_dead_letters")]
    operations = [migrations.RunPython(allow, forbid)]
