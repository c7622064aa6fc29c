"""The seven source tables, column by column as they come. A row is known by its source's own id."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models import Customer
from funnel_site.lib.masking import shown_name


class CustomerRecord(models.Model):
    """A customer as the source knows them. Which person that is, is `customer`: joining two people
    moves this link and nothing below it, so that no row is ever lost and a join can be undone."""

    external_id = models.CharField(_("customer id"), max_length=64)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    email = models.CharField(max_length=254, blank=True, help_text=_("Lower case"))
    phone_number = models.CharField(max_length=16, blank=True, help_text="E.164")
    phone_text = models.CharField(
        max_length=64, blank=True, help_text=_("As it came, where it is no number of one person")
    )
    date_of_birth = models.DateField(null=True, blank=True)
    registration_date = models.DateField(null=True, blank=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="records")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["external_id"], name="record_once_per_customer_id"),
        ]
        indexes = [
            models.Index(
                fields=["phone_number"], condition=~Q(phone_number=""), name="record_phone"
            ),
            models.Index(fields=["email"], condition=~Q(email=""), name="record_email"),
            models.Index(fields=["-id"], condition=Q(phone_number=""), name="record_without_phone"),
            models.Index(fields=["-registration_date", "-id"], name="record_registered"),
        ]

    def __str__(self) -> str:
        return shown_name(f"{self.first_name} {self.last_name}".strip()) or self.external_id


class Product(models.Model):
    """What is sold."""

    external_id = models.CharField(_("product id"), max_length=64)
    product_name = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=100, blank=True)
    brand = models.CharField(max_length=100, blank=True)
    price = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    launch_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["external_id"], name="product_once_per_product_id"),
        ]

    def __str__(self) -> str:
        return self.product_name or self.external_id


class Purchase(models.Model):
    """One transaction. Negative: a refund, which lowers the value and is no purchase."""

    external_id = models.CharField(_("transaction id"), max_length=64)
    record = models.ForeignKey(CustomerRecord, on_delete=models.PROTECT, related_name="purchases")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="purchases")
    purchase_date = models.DateField()
    quantity = models.IntegerField(help_text=_("Below zero: goods that came back"))
    total_amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    store_id = models.CharField(_("store id"), max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"], name="purchase_once_per_transaction_id"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0) | Q(quantity__lt=0, total_amount__lte=0),
                name="purchase_has_a_quantity_and_a_refund_no_gain",
            ),
        ]
        indexes = [
            models.Index(fields=["-purchase_date", "-id"], name="purchase_newest"),
        ]

    def __str__(self) -> str:
        return self.external_id


class ServiceInteraction(models.Model):
    """One contact with customer service."""

    external_id = models.CharField(_("interaction id"), max_length=64)
    record = models.ForeignKey(
        CustomerRecord, on_delete=models.PROTECT, related_name="interactions"
    )
    interaction_date = models.DateField()
    interaction_type = models.CharField(max_length=32)
    product = models.ForeignKey(
        Product, null=True, blank=True, on_delete=models.PROTECT, related_name="interactions"
    )
    resolution_status = models.CharField(max_length=32, blank=True)
    satisfaction_score = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("1 to 10")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"], name="interaction_once_per_interaction_id"
            ),
            models.CheckConstraint(
                condition=Q(satisfaction_score=None) | Q(satisfaction_score__range=(1, 10)),
                name="interaction_score_from_1_to_10",
            ),
        ]
        indexes = [
            models.Index(fields=["-interaction_date", "-id"], name="interaction_newest"),
        ]

    def __str__(self) -> str:
        return self.external_id


class Campaign(models.Model):
    """A marketing campaign and whom it is meant for."""

    external_id = models.CharField(_("campaign id"), max_length=64)
    campaign_name = models.CharField(max_length=200, blank=True)
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True)
    channel = models.CharField(max_length=32, blank=True)
    target_audience = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["external_id"], name="campaign_once_per_campaign_id"),
        ]

    def __str__(self) -> str:
        return self.campaign_name or self.external_id


class CampaignResponse(models.Model):
    """What a customer did with a campaign. An unsubscribe is no response."""

    external_id = models.CharField(_("response id"), max_length=64)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="responses")
    record = models.ForeignKey(
        CustomerRecord, on_delete=models.PROTECT, related_name="campaign_responses"
    )
    response_date = models.DateField()
    response_type = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["external_id"], name="response_once_per_response_id"),
        ]
        indexes = [models.Index(fields=["-response_date", "-id"], name="response_newest")]

    def __str__(self) -> str:
        return self.external_id


class WebsiteVisit(models.Model):
    """One session on the website."""

    external_id = models.CharField(_("session id"), max_length=64)
    record = models.ForeignKey(CustomerRecord, on_delete=models.PROTECT, related_name="visits")
    visit_date = models.DateField()
    pages_viewed = models.PositiveIntegerField(default=0)
    time_spent = models.PositiveIntegerField(default=0, help_text=_("Seconds"))
    source = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["external_id"], name="visit_once_per_session_id"),
        ]
        indexes = [models.Index(fields=["-visit_date", "-id"], name="visit_newest")]

    def __str__(self) -> str:
        return self.external_id
