"""One row per customer: what all sources say, and the scores that follow from it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models import Customer


class ChurnLevel(models.TextChoices):
    """The churn risk in words. A customer who never bought cannot be lost as a buyer."""

    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    NO_PURCHASE = "no_purchase", _("No purchase")


class ValueTier(models.TextChoices):
    """By the monetary score: 5 is high, 3 and 4 are medium, 1 and 2 low."""

    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")
    NONE = "none", _("No purchase")


class CustomerProfile(models.Model):
    """Derived: it can be dropped and built again. Amounts are in the site's CURRENCY.

    A customer who never bought has the amounts 0 and the averages, scores and dates NULL.
    """

    class ScoredBy(models.TextChoices):
        MBG_NBD = "mbg_nbd", _("MBG/NBD")
        RULE = "rule", _("Rule")
        NONE = "", _("Not scored")

    # Hidden from Customer: a join deletes the absorbed customer's profile instead of moving it.
    # Without a constraint of the database, so that a build need not check a million keys.
    customer = models.OneToOneField(
        Customer,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
    )
    customer_since = models.DateField(null=True)

    total_lifetime_value = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    other_amounts = models.JSONField(default=dict, help_text=_("Net sums in further currencies"))
    total_purchases = models.PositiveIntegerField(default=0)
    total_refunds = models.PositiveIntegerField(default=0)
    first_purchase_date = models.DateField(null=True)
    last_purchase_date = models.DateField(null=True)
    purchase_days = models.PositiveIntegerField(default=0, help_text=_("Days with a purchase"))
    repeat_value = models.DecimalField(
        max_digits=18,
        decimal_places=2,
        null=True,
        help_text=_("Average value of a purchase day after the first"),
    )
    average_order_value = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    favorite_product_category = models.CharField(max_length=100, blank=True)
    favorite_brand = models.CharField(max_length=100, blank=True)
    purchase_months = models.BigIntegerField(
        default=0, help_text=_("A bit a month, the month of `as_of` is bit 0, up to 60 months back")
    )

    recency_score = models.PositiveSmallIntegerField(null=True)
    frequency_score = models.PositiveSmallIntegerField(null=True)
    monetary_score = models.PositiveSmallIntegerField(null=True)
    customer_segment = models.CharField(max_length=32)
    value_tier = models.CharField(max_length=6, choices=ValueTier)

    churn_risk_score = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    churn_risk = models.CharField(max_length=11, choices=ChurnLevel)
    expected_purchases_90d = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    expected_value_12m = models.DecimalField(
        _("customer lifetime value, 12 months"), max_digits=18, decimal_places=2, null=True
    )
    scored_by = models.CharField(max_length=8, choices=ScoredBy, blank=True)

    last_interaction_date = models.DateField(null=True)
    last_interaction_type = models.CharField(max_length=32, blank=True)
    total_interactions = models.PositiveIntegerField(default=0)
    satisfaction_signals = models.PositiveIntegerField(default=0)
    average_satisfaction_score = models.DecimalField(
        max_digits=5, decimal_places=2, null=True, help_text=_("1 to 10")
    )

    total_website_visits = models.PositiveIntegerField(default=0)
    average_time_spent_on_site = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, help_text=_("Seconds a visit")
    )
    most_viewed_product_category = models.CharField(max_length=100, blank=True)

    campaigns_targeted = models.PositiveIntegerField(default=0)
    campaigns_responded = models.PositiveIntegerField(default=0)
    campaign_response_rate = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    preferred_marketing_channel = models.CharField(max_length=32, blank=True)

    build_id = models.BigIntegerField(help_text=_("The build that wrote this row"))

    class Meta:
        # Each filter of the list has its rows in the list's order, the most valuable first; each order
        # has its ties the other way round, so that it is read from both ends.
        indexes = [
            models.Index(fields=["-total_lifetime_value", "customer"], name="profile_value"),
            models.Index(
                fields=["last_purchase_date", "-customer"],
                include=["total_lifetime_value"],
                name="profile_last_bought",
            ),
            models.Index(
                fields=["customer_since"],
                include=["total_lifetime_value", "customer"],
                name="profile_customer_since",
            ),
            models.Index(fields=["-churn_risk_score", "customer"], name="profile_most_at_risk"),
            models.Index(fields=["total_purchases"], name="profile_purchases"),
            *(
                models.Index(fields=[*names, "-total_lifetime_value", "customer"], name=index)
                for index, *names in (
                    ("profile_rfm_value", "recency_score", "frequency_score", "monetary_score"),
                    ("profile_recency_value", "recency_score"),
                    ("profile_frequency_value", "frequency_score"),
                    ("profile_monetary_value", "monetary_score"),
                    ("profile_segment_value", "customer_segment"),
                    ("profile_churn_value", "churn_risk"),
                    ("profile_tier_value", "value_tier"),
                    ("profile_scored_value", "scored_by"),
                )
            ),
        ]

    def __str__(self) -> str:
        return f"Profile of {self.customer_id}"

    @property
    def page_title(self) -> str:
        """Whose profile it is: its own key says nothing to people."""
        return str(self.customer)
