"""The lists of profiles, records and stays have an index for each of their orders and filters."""

from django.db import migrations, models

from funnel_site.lib.indexes import AddIndexBesideTraffic


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("customer360", "0007_purchases_of_a_day")]

    operations = [
        AddIndexBesideTraffic(
            model_name="customerrecord",
            index=models.Index(
                condition=models.Q(("email", ""), _negated=True),
                fields=["email"],
                name="record_email",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="segmentmembership",
            index=models.Index(
                condition=models.Q(("left_on__isnull", False)),
                fields=["-id"],
                name="segment_membership_left",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["last_purchase_date", "-customer"],
                include=["total_lifetime_value"],
                name="profile_last_bought",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["customer_since"],
                include=["total_lifetime_value", "customer"],
                name="profile_customer_since",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["-churn_risk_score", "customer"], name="profile_most_at_risk"
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=[
                    "recency_score",
                    "frequency_score",
                    "monetary_score",
                    "-total_lifetime_value",
                    "customer",
                ],
                name="profile_rfm_value",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["recency_score", "-total_lifetime_value", "customer"],
                name="profile_recency_value",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["frequency_score", "-total_lifetime_value", "customer"],
                name="profile_frequency_value",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["monetary_score", "-total_lifetime_value", "customer"],
                name="profile_monetary_value",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["customer_segment", "-total_lifetime_value", "customer"],
                name="profile_segment_value",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["churn_risk", "-total_lifetime_value", "customer"],
                name="profile_churn_value",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["value_tier", "-total_lifetime_value", "customer"],
                name="profile_tier_value",
            ),
        ),
        AddIndexBesideTraffic(
            model_name="customerprofile",
            index=models.Index(
                fields=["scored_by", "-total_lifetime_value", "customer"],
                name="profile_scored_value",
            ),
        ),
        migrations.RemoveIndex(model_name="customerprofile", name="profile_last_purchase"),
        migrations.RemoveIndex(model_name="customerprofile", name="profile_churn"),
        migrations.RemoveIndex(model_name="customerprofile", name="profile_rfm"),
        migrations.RemoveIndex(model_name="customerprofile", name="profile_segment"),
    ]
