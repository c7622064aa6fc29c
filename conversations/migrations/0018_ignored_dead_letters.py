"""Dead letters that staff closed with a reason: a state, the reason, and an index for their list."""

from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("conversations", "0017_names_of_sent_files"),
    ]

    operations = [
        migrations.AddField(
            model_name="inboundevent",
            name="ignored_because",
            field=models.CharField(
                blank=True, db_default="", help_text="Why a dead letter was closed", max_length=200
            ),
        ),
        migrations.AlterField(
            model_name="inboundevent",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Waiting"),
                    ("processed", "Processed"),
                    ("failed", "Dead letter"),
                    ("ignored", "Ignored"),
                ],
                default="pending",
                max_length=9,
            ),
        ),
        AddIndexBesideTraffic(
            model_name="inboundevent",
            index=models.Index(
                condition=models.Q(("state", "ignored")),
                fields=["-id"],
                name="inbound_event_ignored",
            ),
        ),
    ]
