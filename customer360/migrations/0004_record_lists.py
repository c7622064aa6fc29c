from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0011_newest_messages_and_rare_choices"),
        ("customer360", "0003_duplicates_and_segments"),
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
