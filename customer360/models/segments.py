"""Named groups of customers, and who was in them when."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from conversations.models import Customer


class Segment(models.Model):
    """A filter over profiles under a name; or a list that was taken once and stays as it is."""

    class Kind(models.TextChoices):
        LIVE = "live", _("Kept up to date every night")
        STATIC = "static", _("A snapshot")

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=6, choices=Kind, default=Kind.LIVE, editable=False)
    conditions = models.JSONField(default=dict, blank=True, help_text=_("Condition to its value"))
    taken_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="snapshots"
    )
    customers = models.PositiveIntegerField(default=0, editable=False)
    refreshed_at = models.DateTimeField(null=True, blank=True, editable=False)
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SegmentMembership(models.Model):
    """A stay of a customer in a segment. Without the day they left, they are in it."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships")
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="segment_memberships"
    )
    entered_on = models.DateField()
    left_on = models.DateField(
        null=True, blank=True, help_text=_("The first day they were not in it")
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["-id"], condition=Q(left_on__isnull=False), name="segment_membership_left"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "customer"],
                condition=Q(left_on=None),
                name="segment_membership_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(left_on=None) | Q(left_on__gte=models.F("entered_on")),
                name="segment_membership_left_after_entered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment}: {self.customer_id}"
