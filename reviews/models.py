"""The review bot's dialogues, its words, the reviews and the invitations to them."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from conversations.models import (
    Customer,
    InboundEvent,
    Language,
    Line,
    Message,
    MessageTemplate,
    Room,
)
from funnel_site.lib.masking import shown_name
from funnel_site.lib.text import clean_text, normalise


class Step(models.TextChoices):
    """Where a dialogue stands: what the customer's next message answers."""

    START = "start", _("Asked for the product")
    ASK_MEANT = "ask_meant", _("Asked which product is meant")
    ASK_NAME = "ask_name", _("Asked for the name")
    ASK_REVIEW = "ask_review", _("Asked for the review")
    ASK_RATING = "ask_rating", _("Asked for stars")
    ASK_RESUME = "ask_resume", _("Asked whether to go on")
    FINISH = "finish", _("Finished")


class BotWords(models.Model):
    """What the bot says where it differs from the shipped words: per line and language."""

    line = models.ForeignKey(
        Line,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="words",
        help_text=_("Empty: for every line that has no words of its own"),
    )
    language = models.CharField(max_length=2, choices=Language)
    texts = models.JSONField(
        default=dict, blank=True, help_text=_("By name; the rest stays as shipped")
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("bot's words")
        constraints = [
            models.UniqueConstraint(
                fields=["line", "language"],
                name="bot_words_once_per_line_and_language",
            ),
            models.UniqueConstraint(
                fields=["language"], condition=Q(line=None), name="bot_words_once_for_all_lines"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line or 'Every line'}, {self.get_language_display()}"


class Campaign(models.Model):
    """A round of invitations: who asks, by which line and template, how fast."""

    name = models.CharField(max_length=100, unique=True)
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="campaigns")
    template = models.ForeignKey(MessageTemplate, on_delete=models.PROTECT, related_name="+")
    variables = models.JSONField(
        default=dict, blank=True, help_text=_('What fills the template, as {"1": "{name}"}')
    )
    per_minute = models.PositiveSmallIntegerField(_("messages a minute"), default=60)
    invites_buyers = models.BooleanField(
        default=False, help_text=_("Invite each customer whose funnel reaches a transaction")
    )
    rest_days = models.PositiveSmallIntegerField(
        default=30, help_text=_("Nobody is invited again within so many days, by any campaign")
    )
    is_active = models.BooleanField(default=True)
    # Counted as they go: a campaign may have asked a million, and the list of campaigns says how many.
    sent = models.PositiveIntegerField(_("Sent"), default=0, db_default=0, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """One customer asked once by one campaign."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        SKIPPED = "skipped", _("Left out")

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="invitations", db_index=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="invitations")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=200, blank=True, help_text=_("Why they were left out"))
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "customer"], name="invitation_once_per_campaign_and_customer"
            )
        ]
        indexes = [
            models.Index(
                fields=["campaign", "id"], condition=Q(state="waiting"), name="invitation_waiting"
            ),
            models.Index(
                fields=["campaign", "id"], condition=Q(state="skipped"), name="invitation_left_out"
            ),
            # For the rate: what a campaign has sent within the last minute.
            models.Index(fields=["campaign", "-sent_at"], name="invitation_rate"),
            models.Index(fields=["customer", "-sent_at"], name="invitation_latest"),
            models.Index(
                fields=["state", "-id"], condition=~Q(state="sent"), name="invitation_not_sent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer}: {self.get_state_display()}"


class CatalogueProduct(models.Model):
    """A product that reviews may be about, with the other words that people have for it."""

    class Source(models.TextChoices):
        STAFF = "staff", _("Staff")
        SHOP = "shop", _("The shop's products")

    name = models.CharField(_("name"), max_length=200)
    folded = models.TextField(
        unique=True, editable=False, help_text="The name in the one spelling that is compared"
    )
    aliases = models.TextField(
        _("other names"), blank=True, max_length=10_000, help_text=_("One a line")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Others are never found; reviews keep theirs")
    )
    source = models.CharField(
        _("source"), max_length=8, choices=Source, default=Source.STAFF, editable=False
    )
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("product of the catalogue")
        verbose_name_plural = _("products of the catalogue")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raise ValidationError where the name is empty or another product's."""
        self.name = " ".join(clean_text(self.name)[0].split())
        self.folded = normalise(self.name)
        if not self.folded:
            raise ValidationError({"name": _("Give it a name.")})
        others = CatalogueProduct.objects.filter(folded=self.folded).exclude(pk=self.pk)
        if others.exists():
            raise ValidationError({"name": _("There is a product of this name already.")})
        lines = [" ".join(line.split()) for line in clean_text(self.aliases)[0].splitlines()]
        self.aliases = "\n".join(dict.fromkeys(line for line in lines if line))


class CatalogueRevision(models.Model):
    """Changes whenever the catalogue does: who holds its names in memory sees that by one look."""

    token = models.UUIDField()

    def __str__(self) -> str:
        return str(self.token)


class ReviewSession(models.Model):
    """One dialogue of the bot with a customer. At most one is going on at each of our numbers."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="review_sessions")
    room = models.ForeignKey(Room, null=True, on_delete=models.SET_NULL, related_name="+")
    our_address = models.CharField(max_length=80)
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    step = models.CharField(max_length=12, choices=Step, default=Step.START)
    product_name = models.TextField(blank=True)
    product = models.ForeignKey(
        CatalogueProduct, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    offered = models.JSONField(
        default=list, blank=True, help_text="Products to choose from, as [key, name]"
    )
    user_name = models.CharField(max_length=200, blank=True)
    product_review = models.TextField(blank=True)
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    misses = models.PositiveSmallIntegerField(
        default=0, help_text=_("Answers to the present question that could not be used")
    )
    invitation = models.ForeignKey(
        Invitation, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField()
    touched_at = models.DateTimeField(help_text=_("The customer's last message to it"))
    ended_at = models.DateTimeField(null=True, blank=True)
    ending = models.CharField(
        max_length=12,
        blank=True,
        choices=[
            ("finished", _("Review recorded")),
            ("expired", _("Expired")),
            ("cancelled", _("Cancelled")),
            ("opted_out", _("Opted out")),
            ("restarted", _("Started again")),
        ],
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "our_address"],
                condition=Q(ended_at=None),
                name="review_session_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()}: {self.customer}"


class Review(models.Model):
    """What a customer thinks of a product, as they wrote it. Staff show it, hide it or answer it."""

    class Moderation(models.TextChoices):
        PENDING = "pending", _("To be looked at")
        PUBLISHED = "published", _("Published")
        HIDDEN = "hidden", _("Hidden")
        REJECTED = "rejected", _("Rejected")

    PENDING = "pending"
    """The delivery status before Twilio has said anything."""

    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="reviews"
    )
    session = models.OneToOneField(
        ReviewSession, null=True, blank=True, on_delete=models.SET_NULL, related_name="review"
    )
    line = models.ForeignKey(
        Line, null=True, blank=True, on_delete=models.SET_NULL, related_name="reviews"
    )
    contact_number = models.CharField(max_length=200)
    user_name = models.CharField(max_length=200)
    product_name = models.TextField(help_text="As the customer typed it")
    product = models.ForeignKey(
        CatalogueProduct, null=True, blank=True, on_delete=models.SET_NULL, related_name="reviews"
    )
    is_unlisted = models.BooleanField(
        default=False, help_text="Staff looked: the catalogue does not have the product"
    )
    product_review = models.TextField()
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    confirmation = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    message_sid = models.CharField(
        max_length=34, blank=True, help_text=_("The customer's message that completed it")
    )
    status = models.CharField(
        max_length=20, default=PENDING, help_text=_("Delivery of the bot's confirmation")
    )
    created_at = models.DateTimeField()
    is_latest = models.BooleanField(
        default=True, help_text=_("The customer has not reviewed this product again since")
    )
    moderation = models.CharField(max_length=9, choices=Moderation, default=Moderation.PENDING)
    moderated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    moderated_at = models.DateTimeField(null=True, blank=True)
    hidden_because = models.CharField(max_length=200, blank=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(user_name="") & ~Q(product_name="") & ~Q(product_review=""),
                name="review_has_all_three_answers",
            ),
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__range=(1, 5)), name="review_rating_1_to_5"
            ),
        ]
        indexes = [
            models.Index(F("created_at").desc(), F("id").desc(), name="review_newest"),
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(product=None, is_unlisted=False),
                name="review_to_match",
            ),
            models.Index(
                fields=["moderation", "-created_at", "-id"],
                condition=~Q(moderation="published"),
                name="review_not_published",
            ),
            models.Index(fields=["rating", "-created_at", "-id"], name="review_rating"),
            models.Index(
                fields=["status", "-created_at", "-id"],
                condition=~Q(status__in=["sent", "delivered", "read"]),
                name="review_not_arrived",
            ),
            models.Index(fields=["line", "-created_at", "-id"], name="review_line"),
            models.Index(
                fields=["-created_at", "-id"], condition=Q(is_latest=False), name="review_earlier"
            ),
            models.Index(
                fields=["-created_at", "-id"], condition=~Q(answer=""), name="review_answered"
            ),
            models.Index(
                fields=["-created_at", "-id"], condition=Q(is_unlisted=True), name="review_unlisted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_name[:60]} by {shown_name(self.user_name[:40])}"


class ModerationEvent(models.Model):
    """One decision on a review, or its being put before staff again. Rows are only ever added."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="moderation_events")
    moderation = models.CharField(max_length=9, choices=Review.Moderation)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_moderation_display()}: {self.review_id}"


class BotAnswer(models.Model):
    """The TwiML that answered a MessageSid. A repeat of the message gets these very bytes."""

    event = models.OneToOneField(
        InboundEvent, null=True, on_delete=models.SET_NULL, related_name="bot_answer"
    )
    account_sid = models.CharField(max_length=34)
    message_sid = models.CharField(max_length=34)
    twiml = models.TextField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message_sid", "account_sid"], name="bot_answer_once_per_message"
            )
        ]

    def __str__(self) -> str:
        return self.message_sid
