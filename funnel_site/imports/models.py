"""What was handed in to which list, by whom, and how far it is. Tables only."""

import secrets
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from funnel_site.imports.tally import Tally


def new_token() -> str:
    return secrets.token_urlsafe(24)


class ImportJob(models.Model):
    """One file for one list: checked to its end, then applied whole where its owner confirms.

    `file` and `errors_file` lie in the default storage until the job ends or its time is over; what
    the page shows of the file's rows, `tally`, goes with them.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("To be confirmed")
        WRONG = "wrong", _("With errors")
        CONFIRMED = "confirmed", _("Confirmed")
        APPLYING = "applying", _("Being applied")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Expired")

    TO_DO = (State.WAITING, State.CONFIRMED)
    AT_WORK = (State.CHECKING, State.APPLYING)
    UNFINISHED = (*TO_DO, *AT_WORK)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    who = models.CharField(max_length=150, help_text=_("Their name at the time"))
    report = models.CharField(max_length=100, help_text=_("The list: its model as app.name"))
    name = models.CharField(max_length=200, help_text=_("The file's name"))
    format = models.CharField(max_length=4)
    language = models.CharField(max_length=10, default="en")

    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    rows_total = models.PositiveBigIntegerField(default=0, help_text=_("About, by its lines"))
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_new = models.PositiveBigIntegerField(default=0)
    rows_changed = models.PositiveBigIntegerField(default=0)
    rows_same = models.PositiveBigIntegerField(default=0)
    rows_wrong = models.PositiveBigIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True, help_text=_("Why it failed"))
    tally = models.JSONField(default=dict, blank=True, editable=False)
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    file = models.CharField(max_length=300, blank=True, editable=False)
    errors_file = models.CharField(max_length=300, blank=True, editable=False)

    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    runner = models.CharField(max_length=40, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["checked", "confirmed", "applying", "done"])
                | Q(rows_wrong=0),
                name="import_applied_without_errors",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="import_of_one_person"),
            models.Index(
                fields=["state"],
                condition=~Q(file="") | ~Q(errors_file=""),
                name="import_to_look_after",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.UNFINISHED

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= now()

    @property
    def can_confirm(self) -> bool:
        return self.state == self.State.CHECKED and not self.is_expired

    @property
    def can_cancel(self) -> bool:
        return self.is_unfinished or self.state == self.State.CHECKED

    @property
    def is_applied(self) -> bool:
        return self.state in (self.State.CONFIRMED, self.State.APPLYING, self.State.DONE)

    @property
    def percent(self) -> int:
        """0 to 99 while it runs."""
        return min(99, self.rows_done * 100 // self.rows_total) if self.rows_total else 0

    @property
    def result(self) -> Tally:
        """What the page shows of the rows."""
        return Tally.from_kept(self.tally)

    @property
    def model(self) -> Any:
        """The list's model; None where there is none any more."""
        try:
            return apps.get_model(self.report)
        except LookupError:
            return None

    @property
    def title(self) -> str:
        """The list's name as its page calls it."""
        model = self.model
        return str(capfirst(model._meta.verbose_name_plural)) if model else self.report
