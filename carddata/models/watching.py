"""The watched folder's entries, and what staff have to look at."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carddata.models.partners import PartnerFile


class DropEntry(models.Model):
    """A file seen in the watched folder. It is taken once it no longer changes, by one worker."""

    name = models.CharField(max_length=1_000, unique=True)
    size = models.BigIntegerField()
    modified_at = models.DateTimeField()
    stable_since = models.DateTimeField()
    claimed_by = models.CharField(max_length=120, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = _("drop entries")

    def __str__(self) -> str:
        return self.name


class StaffNotice(models.Model):
    """Something about partners' files that a person has to look at."""

    made_at = models.DateTimeField(db_default=Now())
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    file = models.ForeignKey(
        PartnerFile, null=True, blank=True, on_delete=models.CASCADE, related_name="notices"
    )
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.subject
