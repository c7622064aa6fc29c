"""Consents by channel. What was said before is for every channel, and so is an opt-out without any.

Customers who are out although the newest word of their ledger is an opt-in were joined: the other
one's word must not lift it later, and a row of the join says so from now on.
"""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery

AT_ONCE = 2_000
CHANNELS = [
    ("whatsapp", "WhatsApp"),
    ("instagram", "Instagram"),
    ("facebook", "Facebook"),
    ("telegram", "Telegram"),
    ("line", "LINE"),
    ("sms", "SMS"),
    ("email", "E-mail"),
    ("website", "Website"),
    ("other", "Other"),
]


def note_joins(apps, schema_editor):
    """A second time there is nothing left to note."""
    customers, consents = (
        apps.get_model("conversations", name) for name in ("Customer", "Consent")
    )
    newest = consents.objects.filter(customer=OuterRef("pk")).order_by("-at", "-pk")
    lifted = (
        customers.objects.filter(opted_out_at__isnull=False)
        .annotate(
            last=Subquery(newest.values("change")[:1]), said_at=Subquery(newest.values("at")[:1])
        )
        .filter(last="in")
    )
    rows = [
        consents(customer_id=key, change="out", origin="joined", at=at)
        for key, at in lifted.values_list("pk", "said_at").iterator(AT_ONCE)
    ]
    consents.objects.bulk_create(rows, AT_ONCE)


def forget_joins(apps, schema_editor):
    """The standing stays as it is."""
    apps.get_model("conversations", "Consent").objects.filter(origin="joined").delete()


class Migration(migrations.Migration):
    dependencies = [("conversations", "0019_files_may_be_sent_again")]
    operations = [
        migrations.AddField(
            model_name="consent",
            name="channel",
            field=models.CharField(
                blank=True,
                choices=CHANNELS,
                db_default="",
                default="",
                help_text="Empty: every channel",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="opted_out_channels",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                editable=False,
                help_text="Since when nothing may be sent, by channel",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="at",
            field=models.DateTimeField(
                help_text="When it was said; in each channel the latest holds"
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="origin",
            field=models.CharField(
                choices=[
                    ("customer", "The customer's word"),
                    ("provider", "The provider's report"),
                    ("staff", "Staff"),
                    ("joined", "Two customers joined"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="customer",
            name="opted_out_at",
            field=models.DateTimeField(
                blank=True,
                help_text="The latest opt-out that holds, in whichever channel",
                null=True,
            ),
        ),
        migrations.RunPython(note_joins, forget_joins),
    ]
