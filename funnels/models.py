"""Keywords, the evidence they find, and the funnels that follow from it. Tables only."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from conversations.models import Channel, Customer, Message, Room
from funnel_site.lib.days import shown_moment
from funnels.stages import Basis, Stage
from funnels.wording import anomalies_in_words, doubt_in_words

STAGES = [
    (Stage.OPENING.value, _("Opening")),
    (Stage.BOOKING.value, _("Booking")),
    (Stage.TRANSACTION.value, _("Transaction")),
]
BASES = [(Basis.STATED.value, _("Stated")), (Basis.TEXT.value, _("Text"))]


class Keyword(models.Model):
    """A phrase that speaks of a stage, and the channel it attributes to."""

    class Mode(models.TextChoices):
        """How a phrase must stand in the text."""

        PHRASE = "phrase", _("Anywhere, as whole words")
        STARTS_WITH = "starts_with", _("At the beginning")
        EXACT = "exact", _("The whole message")

    stage = models.CharField(max_length=11, choices=STAGES)
    phrase = models.CharField(max_length=200)
    channel = models.CharField(max_length=32, blank=True, help_text=_("Blank: the message's own"))
    mode = models.CharField(max_length=11, choices=Mode, default=Mode.PHRASE)
    is_active = models.BooleanField(default=True)
    origin = models.CharField(
        max_length=300,
        blank=True,
        help_text=_("The sheet or file it came from; blank: made by hand"),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stage", "phrase"], name="keyword_once_per_stage"),
            models.CheckConstraint(condition=~Q(phrase=""), name="keyword_phrase_not_empty"),
        ]
        ordering = ["stage", "phrase"]

    def __str__(self) -> str:
        return self.phrase


class KeywordSync(models.Model):
    """One reading of the keyword sheet: what changed, or why nothing did."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused, the old keywords stay")
        UNAVAILABLE = "unavailable", _("Sheet not reachable, the old keywords stay")

    source = models.CharField(max_length=300)
    state = models.CharField(max_length=11, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(
        default=list, blank=True, help_text=_("Rows that could not be used")
    )
    error = models.TextField(blank=True)
    version = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("The version of the keywords that this sync made")
    )
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text=_("SHA-256 of the active keywords of that version")
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="running"), name="keyword_sync_one_at_a_time"
            ),
            models.UniqueConstraint(fields=["version"], name="keyword_sync_once_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}, {shown_moment(self.started_at)}"


class Evidence(models.Model):
    """What one message says about one stage, and the words or field that say it. Append-only.

    A reclassification supersedes a row and adds another; nothing is rewritten.
    """

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="evidence", db_index=False
    )
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="evidence")
    stage = models.CharField(max_length=11, choices=STAGES)
    basis = models.CharField(max_length=6, choices=BASES)
    words = models.CharField(max_length=200)
    keyword = models.ForeignKey(
        Keyword, null=True, blank=True, on_delete=models.SET_NULL, db_index=False
    )
    channel = models.CharField(max_length=32, blank=True)
    keyword_version = models.PositiveIntegerField(default=0)
    rule_version = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField()
    external_id = models.CharField(max_length=300)
    says_at = models.DateTimeField(null=True, blank=True)
    value = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    negated = models.BooleanField(default=False)
    restates = models.BooleanField(default=False)
    overruled = models.BooleanField(default=False)
    doubt = models.CharField(max_length=40, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = _("evidence")
        constraints = [
            models.UniqueConstraint(
                fields=["message", "stage", "basis"],
                condition=Q(superseded_at=None),
                name="evidence_once_per_message_stage_and_basis",
            ),
        ]
        # A message's facts beside it in a transcript, the superseded ones too.
        indexes = [models.Index(fields=["message"], name="evidence_of_message")]

    def __str__(self) -> str:
        return f"{self.stage}: {self.words}"

    @property
    def doubt_in_words(self) -> str:
        return doubt_in_words(self.doubt)


class Funnel(models.Model):
    """One sale's way through the stages: derived from evidence, can be dropped and rebuilt."""

    class LeadBasis(models.TextChoices):
        """What dates the lead."""

        KEYWORD = "keyword", _("Keyword")
        LATER_STAGE = "later_stage", _("Later stage")
        FIRST_CONTACT = "first_contact", _("First contact")

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="funnels")
    cycle = models.PositiveSmallIntegerField()
    is_latest = models.BooleanField(default=True)
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="funnels"
    )
    stage = models.CharField(max_length=11, choices=STAGES)
    channel = models.CharField(max_length=32)
    lead_basis = models.CharField(max_length=13, choices=LeadBasis)
    began_at = models.DateTimeField(editable=False)
    leads_date = models.DateTimeField()
    booking_date = models.DateTimeField(null=True, blank=True)
    transaction_date = models.DateTimeField(null=True, blank=True)
    transaction_value = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    other_amounts = models.JSONField(
        default=dict, blank=True, help_text=_("Sums in further currencies")
    )
    keyword = models.ForeignKey(
        Keyword, null=True, blank=True, on_delete=models.SET_NULL, related_name="funnels"
    )
    anomalies = models.CharField(
        max_length=200, blank=True, help_text=_("What does not fit; for staff to look at")
    )
    is_corrected = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "cycle"], name="funnel_once_per_room_cycle"),
            models.CheckConstraint(
                condition=Q(transaction_value=None) | Q(transaction_value__gte=0),
                name="funnel_value_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["-leads_date", "-id"], name="funnel_leads_date"),
            models.Index(fields=["channel", "-leads_date", "-id"], name="funnel_channel"),
            models.Index(
                fields=["stage", "-leads_date", "-id"],
                condition=~Q(stage="opening"),
                name="funnel_later_stages",
            ),
            models.Index(
                fields=["lead_basis", "-leads_date", "-id"],
                condition=~Q(lead_basis="keyword"),
                name="funnel_other_basis",
            ),
            models.Index(
                fields=["-leads_date", "-id"],
                condition=Q(is_corrected=True),
                name="funnel_corrected",
            ),
            models.Index(
                fields=["-leads_date", "-id"],
                condition=Q(is_latest=False),
                name="funnel_earlier_cycles",
            ),
            models.Index(
                fields=["-leads_date", "-id"], condition=~Q(anomalies=""), name="funnel_to_look_at"
            ),
            models.Index(fields=["updated_at", "id"], name="funnel_updated"),
            # The dashboard's list of what was paid, by day.
            models.Index(
                fields=["-transaction_date"],
                condition=Q(transaction_date__isnull=False),
                name="funnel_paid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room_id}/{self.cycle}"

    @property
    def shown_channel(self) -> str:
        """The channel in words; a keyword's own stays as it was written, but for its underlines."""
        known = dict(Channel.choices)
        return str(known.get(self.channel, self.channel.replace("_", " ")))

    @property
    def anomalies_in_words(self) -> str:
        return anomalies_in_words(self.anomalies)

    @property
    def page_title(self) -> str:
        """Whose sale it is: its own key says nothing to people."""
        return str(self.customer or _("an unidentified customer"))


class Correction(models.Model):
    """A fact set by staff. It outranks the machine until it is lifted."""

    class Field(models.TextChoices):
        LEADS_DATE = "leads_date", _("Leads date")
        CHANNEL = "channel", _("Channel")
        BOOKING_DATE = "booking_date", _("Booking date")
        TRANSACTION_DATE = "transaction_date", _("Transaction date")
        TRANSACTION_VALUE = "transaction_value", _("Transaction value")

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="corrections")
    about = models.DateTimeField(
        help_text=_("A moment within the cycle that is meant, so that it holds when cycles move")
    )
    field = models.CharField(max_length=17, choices=Field)
    value = models.CharField(max_length=64, blank=True, help_text=_("Blank: it did not happen"))
    reason = models.CharField(max_length=300)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="corrections"
    )
    made_at = models.DateTimeField(db_default=Now())
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="corrections_lifted",
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="correction_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_field_display()} = {self.value or '(none)'}"
