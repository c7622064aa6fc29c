from django.conf import settings
from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("carddata", "0003_partner_file_sighted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexBesideTraffic(
            model_name="cardaccess",
            index=models.Index(fields=["who", "-at"], name="card_access_who"),
        ),
        AddIndexBesideTraffic(
            model_name="cardaccess",
            index=models.Index(
                condition=models.Q(("key_prefix", ""), _negated=True),
                fields=["key_prefix", "-at"],
                name="card_access_key",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="cardaccess",
            index=models.Index(
                condition=models.Q(("outcome", "found"), _negated=True),
                fields=["outcome", "-at", "-id"],
                name="card_access_not_found",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="cardaccess",
            index=models.Index(fields=["kind", "-at", "-id"], name="card_access_kind"),
        ),
        AddIndexBesideTraffic(
            model_name="cardstatus",
            index=models.Index(
                condition=models.Q(("status", "delivered"), _negated=True),
                fields=["status", "-occurred_at", "-id"],
                name="card_status_not_delivered",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="cardstatus",
            index=models.Index(
                fields=["partner", "-occurred_at", "-id"], name="card_status_partner"
            ),
        ),
        AddIndexBesideTraffic(
            model_name="rejectedrow",
            index=models.Index(
                condition=models.Q(("closed", "")), fields=["-id"], name="rejected_row_newest_open"
            ),
        ),
        AddIndexBesideTraffic(
            model_name="rejectedrow",
            index=models.Index(fields=["reason", "-id"], name="rejected_row_reason"),
        ),
        AddIndexBesideTraffic(
            model_name="rejectedrow",
            index=models.Index(
                condition=models.Q(("closed", "dismissed"), _negated=True),
                fields=["closed", "-id"],
                name="rejected_row_closed",
            ),
        ),
    ]
