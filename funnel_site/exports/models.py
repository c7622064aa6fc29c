"""What was taken out of which list, by whom, and where its file lies. Tables only."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from funnel_site.access.models import Approval
from funnel_site.lib.spreadsheet import MACHINE, SPREADSHEET


def new_token() -> str:
    return secrets.token_urlsafe(24)


def filters_in_words(pairs: Iterable[Sequence[Any]]) -> list[tuple[str, str]]:
    """A list's filters as a reader knows them.

    >>> filters_in_words([["stage__exact", "opening"], ["room__channel", "web"]])
    [('stage', 'opening'), ('room channel', 'web')]
    """
    known = {"o": str(_("Order, by column")), "q": str(_("Search"))}
    return [
        (
            known.get(name) or name.removesuffix("__exact").replace("_", " ").replace("  ", " "),
            value,
        )
        for name, value in pairs
    ]


class ExportJob(models.Model):
    """One export. It keeps what was asked for, never the rows' keys: who runs it asks again.

    `percent` and `is_expired` are how the pages read it. A file lies under `file` in the default
    storage while the state is ready; an export that was answered at once never had one.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waiting for a second person")
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        READY = "ready", _("Ready")
        GIVEN = "given", _("Downloaded at once")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Expired")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    class Profile(models.TextChoices):
        SPREADSHEET = (
            SPREADSHEET,
            _("A spreadsheet: formulas are guarded"),
        )
        MACHINE = MACHINE, _("A program: nothing is altered")

    UNFINISHED = (State.WAITING, State.RUNNING)
    AGAIN = (State.FAILED, State.CANCELLED, State.EXPIRED, State.GIVEN)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    who = models.CharField(max_length=150, help_text="Their name at the time")
    report = models.CharField(max_length=100, help_text="The list: its model as app.name")
    query = models.JSONField(default=list, blank=True, help_text="The list's filters, as pairs")
    picked = models.PositiveIntegerField(default=0, help_text="Rows picked by hand; 0: all")
    format = models.CharField(max_length=4, choices=Format)
    profile = models.CharField(max_length=11, choices=Profile, default=Profile.SPREADSHEET)
    language = models.CharField(max_length=10, default="en")
    told = models.JSONField(
        default=list, blank=True, editable=False, help_text="What its rows were read from, as pairs"
    )
    is_masked = models.BooleanField(default=True, help_text="Names and numbers are hidden in it")
    approval = models.ForeignKey(
        Approval,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Where names and numbers are in full: the second person's word",
    )

    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    rows_total = models.PositiveBigIntegerField(null=True, blank=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it failed")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    name = models.CharField(max_length=200, blank=True, help_text="The file's name")
    file = models.CharField(max_length=300, blank=True, editable=False)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes")

    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    downloads = models.PositiveIntegerField(default=0)
    runner = models.CharField(max_length=40, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="ready") | (~Q(file="") & Q(expires_at__isnull=False)),
                name="export_ready_has_file_and_end",
            ),
            models.CheckConstraint(
                condition=~Q(state="asked") | Q(is_masked=False), name="export_asked_is_in_full"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="export_of_one_person"),
            models.Index(
                fields=["state"],
                condition=Q(state__in=["asked", "waiting", "running", "ready"]),
                name="export_to_look_after",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.report

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.UNFINISHED

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= now()

    @property
    def can_download(self) -> bool:
        return self.state == self.State.READY and not self.is_expired

    @property
    def is_asked(self) -> bool:
        """Whether a second person has yet to say yes."""
        return self.state == self.State.ASKED

    @property
    def can_cancel(self) -> bool:
        return self.is_asked or self.is_unfinished

    @property
    def can_repeat(self) -> bool:
        """One in full takes the second person again: it begins with its list's form."""
        return (
            self.is_masked
            and not self.picked
            and (self.state in self.AGAIN or (self.state == self.State.READY and self.is_expired))
        )

    @property
    def percent(self) -> int:
        """0 to 99 while it runs."""
        return min(99, self.rows_done * 100 // self.rows_total) if self.rows_total else 0

    @property
    def pairs(self) -> list[tuple[str, Any]]:
        return [(str(name), value) for name, value in self.query]

    @property
    def filters(self) -> list[tuple[str, str]]:
        """The pairs as a page tells them; the file's own description keeps the address's names."""
        return filters_in_words(self.pairs)

    @property
    def form_address(self) -> str:
        """The list's export form with the same filter; empty where it cannot be asked again."""
        if self.picked or self.state not in self.AGAIN:
            return ""
        try:
            address = reverse(f"admin:{self.report.replace('.', '_')}_export")
        except NoReverseMatch:
            return ""
        return f"{address}?{urlencode(self.pairs)}"

    @property
    def title(self) -> str:
        """The list's name as its page calls it."""
        try:
            return str(capfirst(apps.get_model(self.report)._meta.verbose_name_plural))
        except LookupError:
            return self.report
