from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0014_newest_messages_and_rare_choices"),
        ("customer360", "0004_build_changes_and_model_checks"),
    ]

    operations = [
        AddIndexBesideTraffic(
            model_name="customerrecord",
            index=models.Index(
                condition=models.Q(("phone_number", "")),
                fields=["-id"],
                name="record_without_phone",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerrecord",
            index=models.Index(fields=["-registration_date", "-id"], name="record_registered"),
        ),
    ]
