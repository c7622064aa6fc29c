"""The record of builds, of fitted models, and of what changed since the last build."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ProfileBuild(models.Model):
    """One build of the profiles. The newest that is done is the one that is shown."""

    class Mode(models.TextChoices):
        FULL = "full", _("All customers")
        CHANGED = "changed", _("Changed customers")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed, the old profiles stay")

    mode = models.CharField(max_length=7, choices=Mode)
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    as_of = models.DateField(help_text=_("The day the scores are of; later rows do not count yet"))
    started_at = models.DateTimeField(db_default=Now())
    alive_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    step = models.CharField(max_length=60, blank=True)
    steps_done = models.PositiveSmallIntegerField(default=0)
    steps = models.PositiveSmallIntegerField(default=0)
    customers = models.PositiveIntegerField(default=0, help_text=_("Profiles that were written"))
    rules_version = models.PositiveSmallIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    results = models.JSONField(
        default=dict, blank=True, help_text=_("Seconds by step and the newest row of each source")
    )
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="running"), name="profile_build_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Build {self.pk}"


class ScoreFit(models.Model):
    """The fitted models and the quintiles' limits that profiles are scored with."""

    build = models.OneToOneField(ProfileBuild, on_delete=models.CASCADE, related_name="fit")
    as_of = models.DateField()
    model = models.CharField(max_length=8, help_text=_("mbg_nbd, or rule where too few buy again"))
    buyers = models.PositiveIntegerField()
    repeat_buyers = models.PositiveIntegerField()
    mbg_nbd = models.JSONField(
        default=dict, blank=True, help_text=_("r, alpha, a, b, log-likelihood")
    )
    bg_nbd = models.JSONField(default=dict, blank=True, help_text=_("Fitted beside it, to compare"))
    gamma_gamma = models.JSONField(default=dict, blank=True, help_text="p, q, v")
    limits = models.JSONField(default=dict, blank=True, help_text=_("Of the quintiles, by score"))
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.model} as of {self.as_of}"


class ChangedCustomer(models.Model):
    """A customer whose profile is out of date. Written by triggers of the source tables, whoever
    writes to those; taken by the next build."""

    customer_id = models.BigIntegerField()
    build_id = models.BigIntegerField(null=True, help_text=_("The build that has taken it"))

    def __str__(self) -> str:
        return str(self.customer_id)


class ChangedDay(models.Model):
    """A day whose summaries are out of date. Written by the same triggers."""

    day = models.DateField()
    build_id = models.BigIntegerField(null=True, help_text=_("The build that has taken it"))

    def __str__(self) -> str:
        return str(self.day)
