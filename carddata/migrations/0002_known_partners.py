"""The four partner files that are known from the start: pickup, exceptions, delivered, returned."""

import json
from pathlib import Path

from django.db import migrations

KNOWN = Path(__file__).resolve().parent.parent / "known_partners.json"


def add_partners(apps, schema_editor):
    """Add those that are missing by name; what staff changed stays."""
    partners = apps.get_model("carddata", "Partner").objects
    for values in json.loads(KNOWN.read_text(encoding="utf-8")):
        partners.get_or_create(name=values["name"], defaults=values)


class Migration(migrations.Migration):
    dependencies = [("carddata", "0001_partners_files_events_statuses")]

    # Going back leaves the rows: staff may have made them their own.
    operations = [migrations.RunPython(add_partners, migrations.RunPython.noop)]
