"""Deliveries as they came, and the batches that workers have begun."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class InboundEvent(models.Model):
    """A delivery exactly as it came. The row is the truth; everything else follows from it."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        PROCESSED = "processed", _("Processed")
        FAILED = "failed", _("Dead letter")
        IGNORED = "ignored", _("Ignored")

    SET_ASIDE = (State.FAILED, State.IGNORED)

    source = models.CharField(max_length=16, help_text=_("The door it came by"))
    dedupe_key = models.CharField(max_length=300)
    body = models.BinaryField()
    headers = models.JSONField(default=dict, blank=True)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=300, blank=True)
    ignored_because = models.CharField(
        max_length=200, blank=True, db_default="", help_text=_("Why a dead letter was closed")
    )
    processed_at = models.DateTimeField(null=True, blank=True)
    raw_file = models.ForeignKey(
        "RawFile",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="events",
        db_index=False,
        help_text=_("Where the body is, once it is no longer here"),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "dedupe_key"], name="inbound_event_once_per_key"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="pending"), name="inbound_event_waiting"),
            models.Index(
                fields=["-id"], condition=Q(state="failed"), name="inbound_event_dead_letters"
            ),
            models.Index(
                fields=["-id"], condition=Q(state="ignored"), name="inbound_event_ignored"
            ),
            models.Index(
                fields=["error_code", "-id"],
                condition=~Q(error_code=""),
                name="inbound_event_errors",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.dedupe_key}"


class RawFile(models.Model):
    """An archive file: the bodies of processed deliveries of one day and source."""

    name = models.CharField(max_length=300, unique=True)
    source = models.CharField(max_length=16)
    day = models.DateField()
    lines = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField(help_text=_("Bytes"))
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-day", "-id"]

    def __str__(self) -> str:
        return self.name


class DrainAttempt(models.Model):
    """A batch that a worker has begun. It outlives a worker that is killed, and so tells on it."""

    event_ids = models.JSONField()
    started_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{len(self.event_ids)} events since {self.started_at:%H:%M:%S}"
