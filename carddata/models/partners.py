"""Partners, their files and the rows that could not be used."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carddata.refusals import REASONS
from carddata.statuses import HIGHEST_RANK, LABELS, Status
from funnel_site.lib.marking import marked
from funnel_site.lib.words import translated

STATUS_CHOICES = [(status.value, _(LABELS[status])) for status in Status]


class Partner(models.Model):
    """A feed of files of one layout. A new partner is a row, not code."""

    class Delimiter(models.TextChoices):
        DETECT = "", _("Detect")
        COMMA = ",", _("Comma ,")
        SEMICOLON = ";", _("Semicolon ;")
        TAB = "\t", _("Tab")
        PIPE = "|", _("Pipe |")

    name = models.CharField(max_length=80, unique=True)
    is_active = models.BooleanField(default=True, help_text=_("Its files are taken in"))
    file_pattern = models.CharField(
        max_length=200,
        blank=True,
        help_text=_(
            "Which file names are this partner's, such as *pickup*.csv; capitals do not matter, "
            "several are separated by commas"
        ),
    )
    encoding = models.CharField(
        max_length=32, blank=True, help_text=_("Empty: detected in each file")
    )
    delimiter = models.CharField(
        max_length=1, blank=True, choices=Delimiter, default=Delimiter.DETECT
    )
    columns = models.JSONField(
        default=dict,
        help_text=_(
            "For each of our fields (card_id, timestamp, contact, status, comment, "
            "consignment_no) the names its column may have; blanks and capitals do not matter"
        ),
    )
    timestamp_formats = models.JSONField(
        default=list,
        help_text=_(
            "Formats such as %d-%m-%Y %H:%M, or iso8601, epoch_seconds, epoch_milliseconds"
        ),
    )
    time_zone = models.CharField(max_length=64, help_text=_("Of times that come without one"))
    phone_region = models.CharField(max_length=2, help_text=_("Of numbers without a country code"))
    status_map = models.JSONField(
        default=dict, blank=True, help_text=_("The partner's words and our status for each")
    )
    default_status = models.CharField(
        max_length=16,
        blank=True,
        choices=STATUS_CHOICES,
        help_text=_("Of rows without a word of their own: a file of pickups has no status column"),
    )
    rank = models.PositiveSmallIntegerField(
        default=50,
        validators=[MaxValueValidator(HIGHEST_RANK)],
        help_text=_(
            "Of two partners that say the same step at the same instant the higher one counts"
        ),
    )
    max_reject_percent = models.PositiveSmallIntegerField(
        default=10,
        validators=[MaxValueValidator(100)],
        help_text=_(
            "A file with more unreadable rows than this changes nothing (from 100 such rows on)"
        ),
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rank__lte=HIGHEST_RANK), name="partner_rank_has_two_digits"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PartnerFile(models.Model):
    """One file of a partner and its import: how far it is, what became of its rows.

    While it runs, `read` of `rows_total` rows are accounted for (`rows_total` is null until they
    are counted). `read` is always `loaded` + `duplicate` + `rejected`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CHECKING = "checking", _("Checking")
        LOADING = "loading", _("Loading")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLING = "cancelling", _("Cancelling")
        CANCELLED = "cancelled", _("Cancelled")
        UNDOING = "undoing", _("Undoing")
        UNDONE = "undone", _("Undone")

    class Way(models.TextChoices):
        COMMAND = "command", _("Command")
        UPLOAD = "upload", _("Upload")
        FOLDER = "folder", _("Watched folder")
        DEMO = "demo", _("Demo")

    RUNNING = (State.WAITING, State.CHECKING, State.LOADING, State.CANCELLING, State.UNDOING)

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=255, help_text=_("As it came"))
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(help_text=_("Bytes"))
    stored_as = models.CharField(max_length=200, blank=True, help_text=_("Our copy of it"))
    way = models.CharField(_("came by"), max_length=8, choices=Way)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    profile = models.JSONField(
        default=dict, blank=True, help_text=_("The partner's settings as they were for this import")
    )
    encoding = models.CharField(max_length=32, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    header = models.JSONField(default=list, blank=True)
    notes = models.JSONField(default=list, blank=True, help_text=_("What staff may want to know"))
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)

    rows_total = models.PositiveBigIntegerField(null=True, blank=True)
    read = models.PositiveBigIntegerField(default=0)
    loaded = models.PositiveBigIntegerField(default=0)
    duplicate = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    blank = models.PositiveBigIntegerField(default=0, help_text=_("Empty lines, which are no rows"))
    sighted = models.PositiveBigIntegerField(
        default=0, help_text=_("Of the duplicates: events that another file had said")
    )

    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    # Who works on it, and from where the next one goes on if that one is gone.
    runner = models.CharField(max_length=120, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_line = models.PositiveBigIntegerField(default=0, editable=False)

    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    undo_reason = models.CharField(max_length=200, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undo_reversed = models.PositiveBigIntegerField(default=0, help_text=_("Events taken back"))
    undo_kept = models.PositiveBigIntegerField(
        default=0, help_text=_("Events that another file says too")
    )
    undo_could_not = models.PositiveBigIntegerField(
        default=0, help_text=_("Events that were gone already")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "sha256"], name="partner_file_once_per_content"
            ),
            models.CheckConstraint(
                condition=Q(read=F("loaded") + F("duplicate") + F("rejected")),
                name="partner_file_every_row_accounted_for",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="partner_file_newest"),
            models.Index(
                fields=["heartbeat_at"],
                condition=Q(state__in=["waiting", "checking", "loading", "cancelling", "undoing"]),
                name="partner_file_running",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def percent(self) -> int:
        """How far a running import is, 0 to 100."""
        if self.state == self.State.DONE:
            return 100
        return min(99, self.read * 100 // self.rows_total) if self.rows_total else 0

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING


class RejectedRow(models.Model):
    """A row that could not be used, kept as it came until it is mended."""

    class Closed(models.TextChoices):
        RETRIED = "retried", _("Went in on a retry")
        RESUBMITTED = "resubmitted", _("Came back mended")
        DISMISSED = "dismissed", _("Dismissed by staff")

    file = models.ForeignKey(
        PartnerFile, on_delete=models.CASCADE, related_name="rejects", db_index=False
    )
    line = models.PositiveBigIntegerField(help_text=_("In the file, the header being line 1"))
    reason = models.CharField(max_length=32)
    column = models.CharField(max_length=100, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    raw = models.TextField(help_text=_("As it came"))
    is_cut = models.BooleanField(default=False, help_text=_("Too long to keep whole"))
    closed = models.CharField(max_length=12, choices=Closed, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_file = models.ForeignKey(
        PartnerFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="closed_rejects"
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "line"], name="rejected_row_once_per_line"),
        ]
        indexes = [
            models.Index(
                fields=["file", "reason"], condition=Q(closed=""), name="rejected_row_open"
            ),
            models.Index(fields=["-id"], condition=Q(closed=""), name="rejected_row_newest_open"),
            models.Index(fields=["reason", "-id"], name="rejected_row_reason"),
            models.Index(
                fields=["closed", "-id"],
                condition=~Q(closed="dismissed"),
                name="rejected_row_closed",
            ),
        ]

    def __str__(self) -> str:
        return translated(
            marked(
                "line %(line)s: %(reason)s",
                line=self.line,
                reason=REASONS.get(self.reason, self.reason),
            )
        )


def profile_of(partner: Partner) -> dict[str, Any]:
    """What of a partner decides how its files are read, as plain data."""
    return {
        "partner": partner.pk,
        "encoding": partner.encoding,
        "delimiter": partner.delimiter,
        "columns": partner.columns,
        "timestamp_formats": partner.timestamp_formats,
        "time_zone": partner.time_zone,
        "phone_region": partner.phone_region,
        "status_map": partner.status_map,
        "default_status": partner.default_status,
        "rank": partner.rank,
    }
