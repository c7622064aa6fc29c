"""What dashboard and API read: small tables that each build brings up to date with the profiles.

Their size depends on days, categories and scores, not on customers.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customer360.models.profiles import ChurnLevel, ValueTier


class SalesDay(models.Model):
    """Sales of one day by category, brand and currency; our own funnels' have no category."""

    day = models.DateField()
    category = models.CharField(max_length=100, blank=True)
    brand = models.CharField(max_length=100, blank=True)
    currency = models.CharField(max_length=3)
    orders = models.PositiveIntegerField(help_text=_("Purchases, without refunds"))
    refunds = models.PositiveIntegerField()
    quantity = models.BigIntegerField(help_text=_("Net of what came back"))
    sold = models.DecimalField(max_digits=20, decimal_places=2, help_text=_("Of purchases"))
    revenue = models.DecimalField(max_digits=20, decimal_places=2, help_text=_("Net of refunds"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "category", "brand", "currency"], name="sales_day_once_per_cell"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.category} {self.currency}"


class SatisfactionDay(models.Model):
    """Satisfaction signals of one day by score, from 1 to 10; a review's stars count double."""

    day = models.DateField()
    score = models.PositiveSmallIntegerField()
    signals = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "score"], name="satisfaction_day_once_per_score"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.score}"


class ProfileCell(models.Model):
    """How many customers share a last purchase day, the scores and the risk; their sums.

    Each customer is in exactly one cell. Those who never bought have no day and the scores 0.
    """

    last_purchase_date = models.DateField(null=True)
    recency_score = models.PositiveSmallIntegerField()
    frequency_score = models.PositiveSmallIntegerField()
    monetary_score = models.PositiveSmallIntegerField()
    customer_segment = models.CharField(max_length=32)
    value_tier = models.CharField(max_length=6, choices=ValueTier)
    churn_risk = models.CharField(max_length=11, choices=ChurnLevel)
    customers = models.IntegerField()
    repeat_customers = models.IntegerField(help_text=_("With more than one purchase"))
    total_purchases = models.BigIntegerField()
    total_lifetime_value = models.DecimalField(max_digits=20, decimal_places=2)
    churn_risk_score = models.DecimalField(
        _("sum of the churn risks"), max_digits=16, decimal_places=4
    )

    class Meta:
        indexes = [models.Index(fields=["last_purchase_date"], name="profile_cell_day")]

    def __str__(self) -> str:
        return f"{self.customer_segment} {self.last_purchase_date}"


class BuyerMonth(models.Model):
    """How many customers bought in a month, for retention. Up to 60 months back."""

    month = models.DateField(help_text=_("Its first day"))
    buyers = models.IntegerField()
    new_buyers = models.IntegerField(help_text=_("Whose first purchase is in this month"))
    kept_buyers = models.IntegerField(help_text=_("Who bought in the month before, too"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month"], name="buyer_month_once"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class CustomerDay(models.Model):
    """How many customers are known since a day, and how many bought first on it: what lets a
    figure say how it has changed. Customers without such a day count under NULL."""

    day = models.DateField(null=True)
    new_customers = models.IntegerField()
    new_buyers = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day"], name="customer_day_once"),
        ]

    def __str__(self) -> str:
        return str(self.day)
