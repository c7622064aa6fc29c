"""The audit trail: django-auditlog's entry, with what kind of deed it was, by whom and where.

Its rows can be added and read. The database itself refuses to change or delete one (migration 0002).
"""

from typing import Any

from auditlog.models import AbstractLogEntry
from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class AuditEntry(AbstractLogEntry):
    """One deed of one member of staff, or of a command where `who` is empty.

    `object_repr` never names a person: an entry outlives the erasure of whom it is about.
    """

    class Kind(models.TextChoices):
        SAW = "saw", _("Saw")
        CHANGED = "changed", _("Changed")
        EXPORTED = "exported", _("Exported")
        REPLAYED = "replayed", _("Replayed")
        REVEALED = "revealed", _("Had shown")
        TOLD = "told", _("Signed in")
        REFUSED = "refused", _("Was refused")

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CHANGED)
    who = models.CharField(max_length=150, blank=True, help_text=_("The user name as it was then"))
    path = models.CharField(max_length=500, blank=True)
    words = models.TextField(blank=True)

    class Meta(AbstractLogEntry.Meta):
        abstract = False
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["-timestamp", "-id"], name="audit_newest_first"),
            models.Index(fields=["actor", "-timestamp"], name="audit_of_one_person"),
            models.Index(fields=["content_type", "object_pk"], name="audit_of_one_object"),
            models.Index(fields=["who", "-timestamp"], name="audit_who"),
            models.Index(fields=["path"], name="audit_path"),
            models.Index(
                fields=["kind", "-timestamp", "-id"],
                condition=~models.Q(kind="saw"),
                name="audit_deeds",
            ),
            models.Index(fields=["content_type", "-timestamp", "-id"], name="audit_of_one_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.who or gettext('A command')} {self.get_kind_display().lower()}: {self.object_repr}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Fill in who did it, from where, unless that is said already."""
        from funnel_site.audit.trail import complete

        if self._state.adding:
            complete(self)
        super().save(*args, **kwargs)


class AuditPruning(models.Model):
    """That entries went for their age: until when, who, why, how many. Never changed, never removed.

    The database lets no entry go without one, and none that is younger than a year (migration 0004).
    """

    until = models.DateTimeField(help_text="Entries before this are gone")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    who = models.CharField(max_length=150)
    reason = models.CharField(max_length=200)
    removed = models.PositiveBigIntegerField(help_text="How many entries that were")

    class Meta:
        ordering = ["-id"]
        verbose_name = "pruning of the trail"
        verbose_name_plural = "prunings of the trail"

    def __str__(self) -> str:
        return f"Entries before {self.until:%Y-%m-%d}"
