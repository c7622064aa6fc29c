"""Our numbers, what we send by them, and what Twilio says of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from conversations.models.people import Customer
from conversations.models.rooms import Message
from funnel_site.lib.words import translated


class Language(models.TextChoices):
    """Languages in which the shipped words exist."""

    ENGLISH = "en", _("English")
    INDONESIAN = "id", _("Indonesian")


class Line(models.Model):
    """A number of ours. With no row at all every message goes to the review bot."""

    class Purpose(models.TextChoices):
        INBOX = "inbox", _("Agents' inbox")
        REVIEWS = "reviews", _("Reviews")

    class Starts(models.TextChoices):
        ALWAYS = "always", _("With any message")
        KEYWORD = "keyword", _("With one of the start words")
        INVITED = "invited", _("For invited customers")

    address = models.CharField(
        max_length=80, unique=True, help_text=_("As Twilio names it: whatsapp:+14155238886")
    )
    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.INBOX)
    starts = models.CharField(
        _("the bot starts"), max_length=8, choices=Starts, default=Starts.KEYWORD
    )
    start_words = models.TextField(
        blank=True,
        default="review\nulasan",
        help_text=_("One a line: a message that is one of them starts the bot"),
    )
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    asks_rating = models.BooleanField(_("asks for stars"), default=False)
    account_sid = models.CharField(
        _("Twilio account"),
        max_length=34,
        blank=True,
        help_text=_("The account that sends for this number; empty for the main one"),
    )
    messaging_service_sid = models.CharField(
        _("Messaging Service"), max_length=34, blank=True, help_text=_("If the number is in one")
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.address.removeprefix('whatsapp:')})"


class MessageTemplate(models.Model):
    """A template that WhatsApp has approved, for customers who did not write within 24 hours."""

    name = models.CharField(max_length=80, unique=True)
    content_sid = models.CharField(
        max_length=34, unique=True, help_text=_("HX and 32 letters, from Twilio's Content Editor")
    )
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    body = models.TextField(
        help_text=_("Its text as approved, with {{1}}, {{2}} … where the variables go")
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Sending(models.Model):
    """One attempt to send a message: written when it is owed, claimed once, closed once."""

    class State(models.TextChoices):
        OWED = "owed", _("Waiting to be sent")
        CLAIMED = "claimed", _("Being sent")
        DONE = "done", _("Handed to Twilio")
        REFUSED = "refused", _("Refused")
        UNKNOWN = "unknown", _("Unknown: it may have left")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="sendings")
    number = models.PositiveSmallIntegerField(_("attempt"), default=1)
    token = models.CharField(
        max_length=64,
        blank=True,
        help_text=_("The form that asked for it, so that it is sent once"),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    from_address = models.CharField(max_length=80)
    to_address = models.CharField(max_length=200)
    template = models.ForeignKey(
        MessageTemplate, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    variables = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.OWED)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text=_("Calls that certainly did not reach Twilio, or were told to wait")
    )
    due_at = models.DateTimeField(db_default=Now())
    made_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    sid = models.CharField(_("Twilio's id"), max_length=34, blank=True)
    status = models.CharField(max_length=20, choices=Message.Status, blank=True)
    error_code = models.CharField(max_length=16, blank=True)
    error_text = models.CharField(max_length=300, blank=True)
    ask_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("When Twilio is asked what became of it, if it is silent"),
    )
    asked_at = models.DateTimeField(null=True, blank=True)
    asks = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text=_("How often Twilio was asked")
    )
    ask_trouble = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text=_("Why it did not tell")
    )

    class Meta:
        ordering = ["message", "number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="sending_once_per_attempt"),
            models.UniqueConstraint(
                fields=["token"], condition=~Q(token=""), name="sending_once_per_form"
            ),
            models.UniqueConstraint(
                fields=["sid"], condition=~Q(sid=""), name="sending_once_per_sid"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="owed"), name="sending_owed"),
            models.Index(fields=["-made_at", "-id"], name="sending_newest"),
            models.Index(
                fields=["state", "-made_at", "-id"],
                condition=~Q(state="done"),
                name="sending_not_done",
            ),
            models.Index(
                fields=["status", "-made_at", "-id"],
                condition=~Q(status__in=["sent", "delivered", "read"]),
                name="sending_not_arrived",
            ),
            models.Index(
                fields=["error_code", "-made_at", "-id"],
                condition=~Q(error_code=""),
                name="sending_errors",
            ),
            models.Index(
                fields=["claimed_at"], condition=Q(state="claimed"), name="sending_claimed"
            ),
            models.Index(
                fields=["ask_at", "id"], condition=Q(ask_at__isnull=False), name="sending_to_ask"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} #{self.number}"


class ParkedStatus(models.Model):
    """A delivery status that came before we knew its message. Applied when the message appears."""

    sid = models.CharField(max_length=34)
    status = models.CharField(max_length=20, choices=Message.Status)
    error_code = models.CharField(max_length=16, blank=True)
    error_text = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = _("parked statuses")
        constraints = [
            models.UniqueConstraint(
                fields=["sid", "status", "error_code"], name="parked_status_once"
            )
        ]
        indexes = [models.Index(fields=["received_at"], name="parked_status_age")]

    def __str__(self) -> str:
        return f"{self.sid} {self.status}"


class Referral(models.Model):
    """An advertisement that a customer came by: one touch, kept with its message."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="referral")
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.CASCADE, related_name="referrals"
    )
    source_type = models.CharField(max_length=32, blank=True, help_text=_("ad or post"))
    source_id = models.CharField(max_length=200, blank=True)
    source_url = models.TextField(blank=True)
    headline = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    click_id = models.CharField(max_length=300, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    media_url = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "at"], name="referral_touches")]

    def __str__(self) -> str:
        return self.headline or self.source_id or self.source_type


class Attachment(models.Model):
    """A file in a conversation. A customer's is first a link, whose bytes are fetched when staff wish
    it; ours is stored from the start.
    """

    class State(models.TextChoices):
        LINK = "link", _("Link only")
        STORED = "stored", _("Stored")
        FAILED = "failed", _("Cannot be fetched")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    place = models.PositiveSmallIntegerField()
    url = models.TextField()
    name = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text=_("As staff called it")
    )
    content_type = models.CharField(max_length=100, blank=True)
    account_sid = models.CharField(max_length=34, blank=True)
    state = models.CharField(max_length=6, choices=State, default=State.LINK)
    reason = models.CharField(max_length=300, blank=True)
    file = models.FileField(upload_to="attachments/", blank=True, max_length=300)
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    size = models.PositiveIntegerField(null=True, blank=True)
    is_inline = models.BooleanField(
        default=False, help_text=_("Its bytes are what its type says, and a browser may show them")
    )
    fetched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "place"], name="attachment_once_per_place")
        ]
        indexes = [
            models.Index(fields=["-id"], condition=Q(state="failed"), name="attachment_failed"),
            models.Index(fields=["-id"], condition=Q(state="stored"), name="attachment_stored"),
        ]

    def __str__(self) -> str:
        return self.content_type or "file"


class ErrorMeaning(models.Model):
    """What an error code of Twilio means to us. Rows, not code: Twilio adds codes without notice."""

    class Action(models.TextChoices):
        NONE = "none", _("Do not send again")
        RETRY = "retry", _("Send again later")
        OPT_OUT = "opt_out", _("Do not write to this customer again")
        BAD_NUMBER = "bad_number", _("The number cannot be reached on WhatsApp")
        TEMPLATE = "template", _("Needs a template")
        ALARM = "alarm", _("Somebody must look at the account")

    code = models.CharField(max_length=16, primary_key=True)
    words = models.CharField(max_length=300)
    action = models.CharField(max_length=10, choices=Action, default=Action.NONE)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code}: {self.words}"

    @property
    def page_title(self) -> str:
        return f"{self.code}: {translated(self.words)}"


class SignatureRefusal(models.Model):
    """Refused requests, counted by what the signature doctor says of them. Holds no request."""

    door = models.CharField(max_length=40)
    advice = models.CharField(max_length=300)
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["door", "advice"], name="signature_refusal_once_per_advice"
            )
        ]

    def __str__(self) -> str:
        return self.advice
