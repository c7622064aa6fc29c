"""The reviews that wait for a product are found in the order in which their list shows them."""

from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("reviews", "0007_campaigns_count_what_they_sent")]

    operations = [
        AddIndexBesideTraffic(
            model_name="review",
            index=models.Index(
                condition=models.Q(("is_unlisted", False), ("product", None)),
                fields=["-created_at", "-id"],
                name="review_to_match",
            ),
        ),
        migrations.RemoveIndex(model_name="review", name="review_product_to_match"),
    ]
