"""What was loaded into the source tables, and the rows that could not go in."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class SourceTable(models.TextChoices):
    """The source tables, in the order in which they are loaded: parents first."""

    CUSTOMER_INFO = "customer_info", _("Customers")
    PRODUCT_CATALOG = "product_catalog", _("Products")
    MARKETING_CAMPAIGNS = "marketing_campaigns", _("Campaigns")
    PURCHASE_TRANSACTIONS = "purchase_transactions", _("Purchases")
    CUSTOMER_SERVICE = "customer_service", _("Service interactions")
    CAMPAIGN_RESPONSES = "campaign_responses", _("Campaign responses")
    WEBSITE_BEHAVIOR = "website_behavior", _("Website visits")


class CdpLoad(models.Model):
    """One file loaded: how many of its rows went where."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed, what was read before is in")

    table = models.CharField(max_length=24, choices=SourceTable)
    file_name = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    repeated = models.PositiveIntegerField(
        default=0, help_text=_("Ids that come again later in the file: the last row counts")
    )
    waiting = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    arrived = models.PositiveIntegerField(
        default=0, help_text=_("Rows that had waited for a row of this file and are in now")
    )
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("CDP load")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name


class SetAsideRow(models.Model):
    """A row that is not in its table: it cannot be used, waits for another, or was outdone."""

    class State(models.TextChoices):
        REJECTED = "rejected", _("Rejected")
        WAITING = "waiting", _("Waits for another row")
        REPEATED = "repeated", _("Its id came again later in the file")

    load = models.ForeignKey(CdpLoad, on_delete=models.CASCADE, related_name="set_aside")
    table = models.CharField(max_length=24, choices=SourceTable)
    state = models.CharField(max_length=8, choices=State)
    line = models.PositiveIntegerField(help_text=_("In the file, the header is line 1"))
    external_id = models.CharField(_("id"), max_length=64, blank=True)
    row = models.JSONField(default=dict)
    reason = models.CharField(max_length=300)
    waits_for_table = models.CharField(max_length=24, choices=SourceTable, blank=True)
    waits_for_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("set-aside row")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="waiting") | ~Q(waits_for_id=""),
                name="set_aside_row_waits_for_something",
            ),
        ]
        indexes = [
            models.Index(
                fields=["waits_for_table", "waits_for_id"],
                condition=Q(state="waiting"),
                name="set_aside_row_waiting",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(table)s, line %(line)s") % {
            "table": self.get_table_display(),
            "line": self.line,
        }
