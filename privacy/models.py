"""What customers have asked for and what was done. Tables only."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models import Customer


class DataRequest(models.Model):
    """One export or erasure: who did it, why, and how many rows of which table. Append-only."""

    class Kind(models.TextChoices):
        EXPORT = "export", _("Export")
        ERASURE = "erasure", _("Erasure")

    kind = models.CharField(max_length=7, choices=Kind)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="data_requests")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    who = models.CharField(max_length=150, help_text=_("Their name at the time"))
    reason = models.CharField(
        max_length=200, blank=True, help_text=_("A ticket or letter, no names")
    )
    rows = models.JSONField(default=dict, help_text=_("How many rows of each table"))

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("export_customer", "Can export all data of a customer"),
            ("erase_customer", "Can erase a customer"),
        ]

    def __str__(self) -> str:
        return gettext("%(kind)s of customer %(number)s") % {
            "kind": self.get_kind_display(),
            "number": self.customer_id,
        }


class LegalHold(models.Model):
    """While one stands, a customer's data may be neither erased nor dropped for its age."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="legal_holds")
    reason = models.CharField(max_length=200, help_text="A case or letter, no names")
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        permissions = [("hold_customer", "Can set and lift legal holds")]
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="legal_hold_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"Hold of customer {self.customer_id}"
