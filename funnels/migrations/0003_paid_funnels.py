"""The sales behind a figure are found by their day, without the funnels that sold nothing."""

from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0016_asking_after_messages"),
        ("funnels", "0002_rare_choices"),
    ]

    operations = [
        AddIndexBesideTraffic(
            model_name="funnel",
            index=models.Index(
                condition=models.Q(("transaction_date__isnull", False)),
                fields=["-transaction_date"],
                name="funnel_paid",
            ),
        ),
    ]
