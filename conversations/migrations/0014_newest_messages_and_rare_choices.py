from django.conf import settings
from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0013_index_of_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexBesideTraffic(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["-id"], name="attachment_failed"
            ),
        ),
        AddIndexBesideTraffic(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("state", "stored")), fields=["-id"], name="attachment_stored"
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("opted_out_at__isnull", False)),
                fields=["-last_seen_at", "-id"],
                name="customer_opted_out",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("blocked_at__isnull", False)),
                fields=["-last_seen_at", "-id"],
                name="customer_blocked",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="inboundevent",
            index=models.Index(
                condition=models.Q(("error_code", ""), _negated=True),
                fields=["error_code", "-id"],
                name="inbound_event_errors",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="message",
            index=models.Index(fields=["-sent_at", "-id"], name="message_newest"),
        ),
        AddIndexBesideTraffic(
            model_name="message",
            index=models.Index(
                condition=models.Q(("sender", "customer"), _negated=True),
                fields=["sender", "-sent_at", "-id"],
                name="message_of_ours",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="room",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["-last_message_at", "-id"],
                name="room_open_newest",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="room",
            index=models.Index(
                condition=models.Q(("priority__gt", 0)),
                fields=["-last_message_at", "-id"],
                name="room_urgent",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="room",
            index=models.Index(
                condition=models.Q(("channel", "whatsapp"), _negated=True),
                fields=["channel", "-last_message_at", "-id"],
                name="room_other_channels",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="sending",
            index=models.Index(fields=["-made_at", "-id"], name="sending_newest"),
        ),
        AddIndexBesideTraffic(
            model_name="sending",
            index=models.Index(
                condition=models.Q(("state", "done"), _negated=True),
                fields=["state", "-made_at", "-id"],
                name="sending_not_done",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="sending",
            index=models.Index(
                condition=models.Q(("status__in", ["sent", "delivered", "read"]), _negated=True),
                fields=["status", "-made_at", "-id"],
                name="sending_not_arrived",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="sending",
            index=models.Index(
                condition=models.Q(("error_code", ""), _negated=True),
                fields=["error_code", "-made_at", "-id"],
                name="sending_errors",
            ),
        ),
    ]
