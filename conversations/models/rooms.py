"""Rooms and their messages."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from conversations.models.people import Customer


class Channel(models.TextChoices):
    """Where a conversation takes place."""

    WHATSAPP = "whatsapp", "WhatsApp"
    INSTAGRAM = "instagram", "Instagram"
    FACEBOOK = "facebook", "Facebook"
    TELEGRAM = "telegram", "Telegram"
    LINE = "line", "LINE"
    SMS = "sms", "SMS"
    EMAIL = "email", "E-mail"
    WEBSITE = "website", "Website"
    OTHER = "other", "Other"


class Sender(models.TextChoices):
    """Who wrote a message."""

    CUSTOMER = "customer", "Customer"
    AGENT = "agent", "Agent"
    BOT = "bot", "Bot"


class Room(models.Model):
    """A conversation: the CRM's own room, or one that we cut from messages without a room."""

    SESSION_SOURCE = "session"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    class Priority(models.IntegerChoices):
        NORMAL = 0, "Normal"
        HIGH = 1, "High"

    source = models.CharField(max_length=32)
    external_id = models.CharField("room id", max_length=128)
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="rooms"
    )
    participants = models.ManyToManyField(
        Customer, blank=True, related_name="rooms_joined", help_text="Where several people write"
    )
    channel = models.CharField(max_length=16, choices=Channel)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    started_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    last_message_at = models.DateTimeField(null=True, blank=True)
    first_customer_message_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Of the customer's messages that are no part of a dialogue with the bot",
    )
    priority = models.PositiveSmallIntegerField(
        choices=Priority, default=Priority.NORMAL, db_default=0
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Staff who closed it; a later message of the customer opens it again",
    )
    waiting_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The customer's earliest message that nothing of ours has followed",
    )
    is_declared = models.BooleanField(
        default=False, help_text="Its customer, channel and start were stated, not inferred"
    )
    our_address = models.CharField(
        max_length=80,
        blank=True,
        db_default="",
        help_text="The number of ours that the customer last wrote to, as Twilio names it",
    )
    reply_address = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        help_text="Where answers go: the customer's address exactly as it last arrived",
    )
    last_inbound_at = models.DateTimeField(
        null=True, blank=True, help_text="When the customer last wrote to a number of ours"
    )
    bot_paused_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then people answer here, not the bot"
    )
    # The earliest identified message so far: it decides whose room this is, in any order of arrival.
    owner_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    owner_key = models.CharField(max_length=220, blank=True, editable=False)

    lead_may_change = False
    """Set for the listeners of `messages_stored`: customer, channel or first message are other now."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"], name="room_once_per_external_id"
            ),
            models.UniqueConstraint(
                fields=["customer", "channel"],
                condition=Q(status="open", source="session"),
                name="room_one_open_session_per_customer_and_channel",
            ),
        ]
        indexes = [
            models.Index(fields=["-last_message_at", "-id"], name="room_last_message"),
            # Of the lists' filters those that most rooms do not pass.
            models.Index(
                fields=["-last_message_at", "-id"],
                condition=Q(status="open"),
                name="room_open_newest",
            ),
            models.Index(
                fields=["-last_message_at", "-id"], condition=Q(priority__gt=0), name="room_urgent"
            ),
            models.Index(
                fields=["channel", "-last_message_at", "-id"],
                condition=~Q(channel="whatsapp"),
                name="room_other_channels",
            ),
            models.Index(
                fields=["customer", "channel", "started_at"],
                condition=Q(source="session"),
                name="room_sessions",
            ),
            models.Index(
                fields=["waiting_since", "id"],
                condition=Q(status="open", waiting_since__isnull=False),
                name="room_waiting",
            ),
            models.Index(
                fields=["assigned_to", "waiting_since", "id"],
                condition=Q(status="open", waiting_since__isnull=False),
                name="room_waiting_of",
            ),
            models.Index(
                fields=["assigned_to", "-last_message_at", "-id"],
                condition=Q(status="open"),
                name="room_open_of",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class MessageQuerySet(models.QuerySet["Message"]):
    def from_customers(self) -> "MessageQuerySet":
        return self.filter(sender=Sender.CUSTOMER)

    def in_order(self) -> "MessageQuerySet":
        """As they were sent; equal times in the order we first saw them."""
        return self.order_by("sent_at", "id")


class Message(models.Model):
    """One message. Written once by the inbox; never changed by a later arrival."""

    class Status(models.TextChoices):
        """Delivery of what we send, in the order in which a status may replace another."""

        SCHEDULED = "scheduled", "Scheduled"
        ACCEPTED = "accepted", "Accepted"
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        CANCELED = "canceled", "Canceled"
        FAILED = "failed", "Failed"
        UNDELIVERED = "undelivered", "Undelivered"
        PARTIALLY_DELIVERED = "partially_delivered", "Partially delivered"
        DELIVERED = "delivered", "Delivered"
        READ = "read", "Read"

    room = models.ForeignKey(
        Room, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    customer = models.ForeignKey(
        Customer,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="messages",
        db_index=False,
    )
    event = models.ForeignKey(
        "InboundEvent", null=True, blank=True, on_delete=models.SET_NULL, related_name="messages"
    )
    source = models.CharField(max_length=32)
    external_id = models.CharField("message id", max_length=300, blank=True)
    sender = models.CharField(max_length=8, choices=Sender)
    body = models.TextField(blank=True)
    media = models.JSONField(default=list, blank=True)
    stated = models.JSONField(
        default=dict, blank=True, help_text="What the sender's system said besides the text"
    )
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=Status, blank=True)
    status_rank = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="The place of the status in its order"
    )
    error_code = models.CharField(max_length=16, blank=True)
    error_text = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="The provider's own words"
    )
    details = models.JSONField(
        default=dict,
        blank=True,
        db_default=models.Value({}, models.JSONField()),
        help_text="What came besides the text: a place, a button, an advertisement",
    )
    is_identified = models.BooleanField(
        default=True, help_text="The message itself says who the customer is"
    )
    is_for_bot = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Part of a dialogue with the bot, and so no sign of a sale",
    )
    is_held = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Kept while its customer was blocked; nothing has reacted to it",
    )
    flags = models.CharField(
        max_length=100, blank=True, help_text="What was assumed or mended on the way in"
    )

    objects = MessageQuerySet.as_manager()

    was_opted_out: bool | None = None
    """Set on a new message of a customer: whether they had opted out before it."""

    door_answer: str | None = None
    """Set by listeners of `messages_heard`: what the door that it came by is to answer."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~Q(external_id=""),
                name="message_once_per_external_id",
            ),
        ]
        indexes = [
            models.Index(fields=["-sent_at", "-id"], name="message_newest"),
            models.Index(
                fields=["sender", "-sent_at", "-id"],
                condition=~Q(sender="customer"),
                name="message_of_ours",
            ),
            models.Index(fields=["room", "sent_at", "id"], name="message_transcript"),
            models.Index(fields=["customer", "sent_at", "id"], name="message_timeline"),
            models.Index(fields=["customer", "id"], condition=Q(is_held=True), name="message_held"),
        ]

    def __str__(self) -> str:
        return f"{self.sender} {self.sent_at:%Y-%m-%d %H:%M}"
