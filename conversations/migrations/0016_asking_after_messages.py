"""When Twilio is asked after a message of which nothing final was heard.

What left within the last week, and has not ended, is asked after from now on, as if by the default
of 12 hours. It may be interrupted and run again.
"""

from datetime import timedelta

from django.db import migrations, models
from django.db.models import F, Q
from django.utils.timezone import now

from funnel_site.lib.indexes import AddIndexBesideTraffic

ENDS = ("canceled", "failed", "undelivered", "delivered", "read")
TEXT = {"blank": True, "default": "", "db_default": "", "max_length": 200}


def ask_after_the_last_week(apps, schema_editor):
    sendings = apps.get_model("conversations", "Sending").objects
    recent = sendings.filter(
        ~Q(sid=""), state__in=["done", "unknown"], finished_at__gt=now() - timedelta(days=7)
    )
    open_ones = recent.exclude(message__status__in=ENDS).values("pk")
    sendings.filter(pk__in=open_ones, ask_at=None).update(
        ask_at=F("finished_at") + timedelta(hours=12)
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0015_search_of_numbers")]
    operations = [
        migrations.AddField(
            model_name="sending",
            name="ask_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When Twilio is asked what became of it, if it is silent",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="sending",
            name="ask_trouble",
            field=models.CharField(help_text="Why it did not tell", **TEXT),
        ),
        migrations.AddField(
            model_name="sending",
            name="asked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="sending",
            name="asks",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How often Twilio was asked"
            ),
        ),
        AddIndexBesideTraffic(
            model_name="sending",
            index=models.Index(
                condition=Q(ask_at__isnull=False), fields=["ask_at", "id"], name="sending_to_ask"
            ),
        ),
        migrations.RunPython(ask_after_the_last_week, migrations.RunPython.noop),
    ]
