"""The audit trail: django-auditlog's entry, with what kind of deed it was, by whom and where.

Its rows can be added and read. The database itself refuses to change or delete one (migration 0002).
"""

from typing import Any

from auditlog.models import AbstractLogEntry
from django.db import models


class AuditEntry(AbstractLogEntry):
    """One deed of one member of staff, or of a command where `who` is empty.

    `object_repr` never names a person: an entry outlives the erasure of whom it is about.
    """

    class Kind(models.TextChoices):
        SAW = "saw", "Saw"
        CHANGED = "changed", "Changed"
        EXPORTED = "exported", "Exported"
        REPLAYED = "replayed", "Replayed"
        REFUSED = "refused", "Was refused"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CHANGED)
    who = models.CharField(max_length=150, blank=True, help_text="The user name as it was then")
    path = models.CharField(max_length=500, blank=True)
    words = models.TextField(blank=True)

    class Meta(AbstractLogEntry.Meta):
        abstract = False
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
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
        return f"{self.who or 'A command'} {self.get_kind_display().lower()}: {self.object_repr}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Fill in who did it, from where, unless that is said already."""
        from funnel_site.audit.trail import complete

        if self._state.adding:
            complete(self)
        super().save(*args, **kwargs)
