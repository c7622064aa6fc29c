"""The last run of each task. Tables only."""

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
