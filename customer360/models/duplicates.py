"""Pairs of customers who may be one person."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from conversations.models import Customer


class DuplicateCandidate(models.Model):
    """Two customers, why they may be one, and what staff have said. Joined ones leave the list."""

    class State(models.TextChoices):
        OPEN = "open", _("To look at")
        NOT_SAME = "not_same", _("Not the same")

    # Hidden from Customer: the pair is found again after a join instead of moving with it.
    one = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField(
        help_text=_("Up to 100: how much speaks for one person")
    )
    reasons = models.JSONField(default=list, help_text=_("What the two have in common"))
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-score", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="duplicate_once_per_pair"),
            models.CheckConstraint(
                condition=Q(one__lt=F("other")), name="duplicate_smaller_key_first"
            ),
        ]
        indexes = [models.Index(fields=["state", "-score", "-id"], name="duplicate_to_look_at")]

    def __str__(self) -> str:
        return f"{self.one_id} and {self.other_id}"
