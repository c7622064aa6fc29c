from django.conf import settings
from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("audit", "0004_pruning_and_truncate"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexBesideTraffic(
            model_name="auditentry",
            index=models.Index(fields=["who", "-timestamp"], name="audit_who"),
        ),
        AddIndexBesideTraffic(
            model_name="auditentry",
            index=models.Index(fields=["path"], name="audit_path"),
        ),
        AddIndexBesideTraffic(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(("kind", "saw"), _negated=True),
                fields=["kind", "-timestamp", "-id"],
                name="audit_deeds",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="auditentry",
            index=models.Index(
                fields=["content_type", "-timestamp", "-id"], name="audit_of_one_kind"
            ),
        ),
    ]
