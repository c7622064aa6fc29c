"""What partners said of cards, where each card is now, and who asked."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Right
from django.utils.translation import gettext_lazy as _

from carddata.models.partners import STATUS_CHOICES, Partner, PartnerFile
from carddata.statuses import TERMINAL

CARD_ID_LENGTH = 32
PHONE_TAIL = 9


class CardEvent(models.Model):
    """One thing that a partner said of a card. Written once; only an undo takes it back.

    Its file is one of those that say it; the others are in `sightings`. What makes it the same
    event is the card, the instant and `content`: partner, contact, word, comment, consignment.
    """

    card_id = models.CharField(max_length=CARD_ID_LENGTH)
    occurred_at = models.DateTimeField()
    status = models.CharField(max_length=16, choices=STATUS_CHOICES)
    weight = models.PositiveSmallIntegerField(help_text=_("See carddata.statuses.weight"))
    content = models.UUIDField(
        help_text=_("A digest of all that the row says beside card and time")
    )
    contact = models.CharField(max_length=16, blank=True, help_text="E.164")
    word = models.CharField(
        max_length=200, blank=True, help_text=_("The partner's own status word")
    )
    comment = models.CharField(max_length=500, blank=True)
    consignment_no = models.CharField(max_length=64, blank=True, help_text=_("The partner's id"))
    file = models.ForeignKey(PartnerFile, on_delete=models.PROTECT, related_name="events")
    line = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["card_id", "occurred_at", "content"], name="card_event_once_per_content"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} {self.status}"


class CardSighting(models.Model):
    """A second file that says an event already known: the event stays if the first is undone."""

    event = models.ForeignKey(CardEvent, on_delete=models.CASCADE, related_name="sightings")
    file = models.ForeignKey(
        PartnerFile, on_delete=models.PROTECT, related_name="sightings", db_index=False
    )
    line = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["file", "event"], name="card_sighting_once_per_file_and_event"
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.line}"


class CardStatusQuerySet(models.QuerySet["CardStatus"]):
    def with_source(self) -> "CardStatusQuerySet":
        """With the partner and the file that the current event came from."""
        return self.select_related("partner", "event__file")


class CardStatus(models.Model):
    """A card's current event: the one with the greatest (occurred_at, weight, content)."""

    card_id = models.CharField(max_length=CARD_ID_LENGTH, unique=True)
    event = models.ForeignKey(CardEvent, on_delete=models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=16, choices=STATUS_CHOICES)
    occurred_at = models.DateTimeField()
    weight = models.PositiveSmallIntegerField()
    content = models.UUIDField()
    contact = models.CharField(max_length=16, blank=True, help_text="E.164")
    comment = models.CharField(max_length=500, blank=True, help_text=_("The partner's own words"))
    updated_at = models.DateTimeField(help_text=_("When we learnt it"))

    objects = CardStatusQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("card statuses")
        indexes = [
            models.Index(fields=["-occurred_at", "-id"], name="card_status_newest"),
            models.Index(
                fields=["status", "-occurred_at", "-id"],
                condition=~Q(status="delivered"),
                name="card_status_not_delivered",
            ),
            models.Index(fields=["partner", "-occurred_at", "-id"], name="card_status_partner"),
            models.Index(Right("contact", PHONE_TAIL), name="card_status_phone_tail"),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} {self.get_status_display()}"

    @property
    def is_final(self) -> bool:
        return self.status in TERMINAL


class CardAccess(models.Model):
    """One look at a card by staff or a key. Written by every lookup, changed by nobody."""

    class Kind(models.TextChoices):
        CARD = "card", _("Card")
        PHONE = "phone", _("Phone")
        HISTORY = "history", _("History")
        LIST = "list", _("List of cards")
        PAGE = "page", _("Card page")

    class Outcome(models.TextChoices):
        FOUND = "found", _("Found")
        NOT_FOUND = "not_found", _("Not found")
        REFUSED = "refused", _("Refused")

    at = models.DateTimeField(db_default=Now())
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("The member of staff"),
    )
    key_prefix = models.CharField(
        _("key"), max_length=8, blank=True, help_text=_("The API key's prefix")
    )
    who = models.CharField(max_length=150, blank=True, help_text=_("Their name at the time"))
    kind = models.CharField(max_length=8, choices=Kind)
    subject = models.CharField(
        max_length=64, blank=True, help_text=_("The card asked for, or the number's last digits")
    )
    outcome = models.CharField(max_length=10, choices=Outcome)
    found = models.PositiveIntegerField(default=0, help_text=_("Cards in the answer"))
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = _("card accesses")
        indexes = [
            models.Index(fields=["-at", "-id"], name="card_access_newest"),
            models.Index(fields=["subject", "-at"], name="card_access_subject"),
            models.Index(fields=["who", "-at"], name="card_access_who"),
            models.Index(
                fields=["key_prefix", "-at"], condition=~Q(key_prefix=""), name="card_access_key"
            ),
            models.Index(
                fields=["outcome", "-at", "-id"],
                condition=~Q(outcome="found"),
                name="card_access_not_found",
            ),
            models.Index(fields=["kind", "-at", "-id"], name="card_access_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.get_kind_display()}, {self.get_outcome_display()}"
