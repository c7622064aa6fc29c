"""The list of source customers finds parts of names and numbers by an index."""

from django.db import migrations

from funnel_site.lib.indexes import search_indexes


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("customer360", "0005_record_lists"),
        # Where the trigrams come from.
        ("conversations", "0009_waiting_rooms_and_search_indexes"),
    ]
    operations = [
        search_indexes(
            [
                ("record_first_parts", "customer360_customerrecord", "upper(first_name)"),
                ("record_last_parts", "customer360_customerrecord", "upper(last_name)"),
                ("record_phone_parts", "customer360_customerrecord", "phone_number"),
            ]
        ),
    ]
