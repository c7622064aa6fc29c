"""The record of builds, of fitted models, and of what changed since the last build."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
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
    is_compared = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="It has noted what it changed in the figures",
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
        return gettext("Build %(id)s") % {"id": self.pk}


class BuildChange(models.Model):
    """By how much a build has changed one figure of the build before. What stayed has no row."""

    class Kind(models.TextChoices):
        SALES = "sales", _("Sales of a month")
        SEGMENT = "segment", _("Customers of a segment")
        CHURN = "churn", _("Customers of a churn risk")
        SATISFACTION = "satisfaction", _("Satisfaction signals of a month")

    build = models.ForeignKey(ProfileBuild, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=12, choices=Kind)
    month = models.DateField(null=True, help_text="Its first day; of sales and satisfaction")
    name = models.CharField(max_length=100, blank=True, help_text="Category, segment or risk")
    currency = models.CharField(max_length=3, blank=True)
    number = models.BigIntegerField(help_text="More orders, customers or signals; negative: fewer")
    amount = models.DecimalField(
        max_digits=20, decimal_places=2, help_text="More revenue, lifetime value or score"
    )
    new_number = models.BigIntegerField(
        default=0, help_text="Purchases and refunds that came since the build before"
    )
    new_amount = models.DecimalField(
        max_digits=20, decimal_places=2, default=0, help_text="What those add up to"
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.month or ''} {self.name}: {self.number:+}"


class ModelCheck(models.Model):
    """The churn model held against what customers then did: fitted without the last days, it says
    who is alive, and the days show who bought."""

    checked_at = models.DateTimeField(db_default=Now())
    as_of = models.DateField(help_text="The last of the days held out")
    days = models.PositiveSmallIntegerField(help_text="How many days were held out")
    customers = models.PositiveIntegerField(help_text="Who had bought before them")
    repeat_buyers = models.PositiveIntegerField()
    parameters = models.JSONField(default=dict, blank=True, help_text="r, alpha, a, b")
    bands = models.JSONField(default=list, blank=True, help_text="By P(alive): foreseen and seen")
    note = models.CharField(max_length=300, blank=True, help_text="Why there is no table")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Check as of {self.as_of}"


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
