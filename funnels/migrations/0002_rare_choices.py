from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0014_newest_messages_and_rare_choices"),
        ("funnels", "0001_keywords_evidence_funnels"),
    ]

    operations = [
        AddIndexBesideTraffic(
            model_name="evidence",
            index=models.Index(fields=["message"], name="evidence_of_message"),
        ),
        AddIndexBesideTraffic(
            model_name="funnel",
            index=models.Index(fields=["channel", "-leads_date", "-id"], name="funnel_channel"),
        ),
        AddIndexBesideTraffic(
            model_name="funnel",
            index=models.Index(
                condition=models.Q(("stage", "opening"), _negated=True),
                fields=["stage", "-leads_date", "-id"],
                name="funnel_later_stages",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="funnel",
            index=models.Index(
                condition=models.Q(("lead_basis", "keyword"), _negated=True),
                fields=["lead_basis", "-leads_date", "-id"],
                name="funnel_other_basis",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="funnel",
            index=models.Index(
                condition=models.Q(("is_corrected", True)),
                fields=["-leads_date", "-id"],
                name="funnel_corrected",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="funnel",
            index=models.Index(
                condition=models.Q(("is_latest", False)),
                fields=["-leads_date", "-id"],
                name="funnel_earlier_cycles",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="funnel",
            index=models.Index(
                condition=models.Q(("anomalies", ""), _negated=True),
                fields=["-leads_date", "-id"],
                name="funnel_to_look_at",
            ),
        ),
    ]
