from django.conf import settings
from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("conversations", "0014_newest_messages_and_rare_choices"),
        ("reviews", "0004_what_customers_wrote_stays"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexBesideTraffic(
            model_name="invitation",
            index=models.Index(
                condition=models.Q(("state", "sent"), _negated=True),
                fields=["state", "-id"],
                name="invitation_not_sent",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="review",
            index=models.Index(
                condition=models.Q(("moderation", "published"), _negated=True),
                fields=["moderation", "-created_at", "-id"],
                name="review_not_published",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="review",
            index=models.Index(fields=["rating", "-created_at", "-id"], name="review_rating"),
        ),
        AddIndexBesideTraffic(
            model_name="review",
            index=models.Index(
                condition=models.Q(("status__in", ["sent", "delivered", "read"]), _negated=True),
                fields=["status", "-created_at", "-id"],
                name="review_not_arrived",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="review",
            index=models.Index(fields=["line", "-created_at", "-id"], name="review_line"),
        ),
        AddIndexBesideTraffic(
            model_name="review",
            index=models.Index(
                condition=models.Q(("is_latest", False)),
                fields=["-created_at", "-id"],
                name="review_earlier",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="review",
            index=models.Index(
                condition=models.Q(("answer", ""), _negated=True),
                fields=["-created_at", "-id"],
                name="review_answered",
            ),
        ),
    ]
