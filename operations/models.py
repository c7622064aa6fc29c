"""The last run of each task, and how the webhooks answer. Tables only."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TaskRun(models.Model):
    """What became of a task the last time it ran, and how often it has failed since it last worked."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    task = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=7, choices=State)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    answer = models.CharField(max_length=200, blank=True, help_text=_("What the task returned"))
    error = models.CharField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text=_("In a row, until it works again"))

    class Meta:
        permissions = [
            ("view_operations", "Can see what runs and how the system does"),
            ("run_operations", "Can start, pause and resume what runs"),
        ]

    def __str__(self) -> str:
        return self.task


class DoorCount(models.Model):
    """The answers of one webhook in ten minutes, as one process of the site has counted them."""

    door = models.CharField(max_length=100, help_text=_("Its path"))
    slot = models.DateTimeField(help_text=_("Where the ten minutes begin"))
    process = models.CharField(max_length=12)
    answers = models.JSONField(default=dict, help_text=_("How many of each status"))
    buckets = models.JSONField(default=list, help_text=_("How many took how long"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["door", "slot", "process"], name="door_count_once_per_process"
            ),
        ]
        indexes = [models.Index(fields=["slot"], name="door_count_by_time")]

    def __str__(self) -> str:
        return f"{self.door} {self.slot:%H:%M}"
