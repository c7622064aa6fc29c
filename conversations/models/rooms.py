"""Rooms and their messages."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models.channels import Channel
from conversations.models.people import Customer
from funnel_site.lib.days import shown_moment


class Sender(models.TextChoices):
    """Who wrote a message."""

    CUSTOMER = "customer", _("Customer")
    AGENT = "agent", _("Agent")
    BOT = "bot", _("Bot")


class Room(models.Model):
    """A conversation: the CRM's own room, or one that we cut from messages without a room."""

    SESSION_SOURCE = "session"

    class Status(models.TextChoices):
        """The moves between them are in `conversations.room_states`."""

        OPEN = "open", _("Open")
        PENDING = "pending", _("Pending")
        SNOOZED = "snoozed", _("Snoozed")
        RESOLVED = "resolved", _("Resolved")

    class Priority(models.IntegerChoices):
        NONE = 0, _("None")
        LOW = 1, _("Low")
        MEDIUM = 2, _("Medium")
        HIGH = 3, _("High")
        URGENT = 4, _("Urgent")

    source = models.CharField(max_length=32)
    external_id = models.CharField(_("room id"), max_length=128)
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="rooms"
    )
    participants = models.ManyToManyField(
        Customer, blank=True, related_name="rooms_joined", help_text=_("Where several people write")
    )
    channel = models.CharField(max_length=16, choices=Channel)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    started_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    last_message_at = models.DateTimeField(null=True, blank=True)
    first_customer_message_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("Of the customer's messages that are no part of a dialogue with the bot"),
    )
    priority = models.PositiveSmallIntegerField(
        choices=Priority, default=Priority.NONE, db_default=0
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    team = models.ForeignKey(
        "Team", null=True, blank=True, on_delete=models.SET_NULL, related_name="rooms"
    )
    labels: Any = models.ManyToManyField("Label", blank=True, related_name="rooms")
    resolved_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("When staff last resolved it; kept after it opens again"),
    )
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Staff who last resolved it; a later message of the customer opens it again"),
    )
    snoozed_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Without one it sleeps until the customer writes")
    )
    version = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text=_("How often staff have changed it")
    )
    changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    waiting_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("The customer's earliest message that nothing of ours has followed"),
    )
    is_declared = models.BooleanField(
        default=False, help_text=_("Its customer, channel and start were stated, not inferred")
    )
    our_address = models.CharField(
        max_length=80,
        blank=True,
        db_default="",
        help_text=_("The number of ours that the customer last wrote to, as Twilio names it"),
    )
    reply_address = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        help_text=_("Where answers go: the customer's address exactly as it last arrived"),
    )
    last_inbound_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the customer last wrote to a number of ours")
    )
    bot_paused_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Until then people answer here, not the bot")
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
                condition=~Q(status="resolved") & Q(source="session"),
                name="room_one_live_session_per_customer_and_channel",
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
            models.Index(
                fields=["-last_message_at", "-id"],
                condition=Q(status="pending"),
                name="room_pending",
            ),
            models.Index(
                fields=["snoozed_until"], condition=Q(status="snoozed"), name="room_snoozed"
            ),
            models.Index(
                fields=["resolved_at"],
                condition=Q(resolved_at__isnull=False),
                name="room_resolved",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def page_title(self) -> str:
        """Who is talked with: its own id says nothing to people."""
        return str(self.customer or _("an unidentified customer"))

    @property
    def is_opted_out(self) -> bool:
        """Whether its customer has opted out of its channel."""
        return self.customer is not None and self.customer.opted_out_of(self.channel) is not None

    @property
    def is_resolved_by_staff(self) -> bool:
        """Not by its system's word, and not because a newer session took its place."""
        return self.resolved_at is not None and self.closed_at == self.resolved_at


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

        SCHEDULED = "scheduled", _("Scheduled")
        ACCEPTED = "accepted", _("Accepted")
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        CANCELED = "canceled", _("Canceled")
        FAILED = "failed", _("Failed")
        UNDELIVERED = "undelivered", _("Undelivered")
        PARTIALLY_DELIVERED = "partially_delivered", _("Partially delivered")
        DELIVERED = "delivered", _("Delivered")
        READ = "read", _("Read")

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
    external_id = models.CharField(_("message id"), max_length=300, blank=True)
    sender = models.CharField(max_length=8, choices=Sender)
    body = models.TextField(blank=True)
    media = models.JSONField(default=list, blank=True)
    stated = models.JSONField(
        default=dict, blank=True, help_text=_("What the sender's system said besides the text")
    )
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=Status, blank=True)
    status_rank = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text=_("The place of the status in its order")
    )
    error_code = models.CharField(max_length=16, blank=True)
    error_text = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text=_("The provider's own words"),
    )
    details = models.JSONField(
        default=dict,
        blank=True,
        db_default=models.Value({}, models.JSONField()),
        help_text=_("What came besides the text: a place, a button, an advertisement"),
    )
    is_identified = models.BooleanField(
        default=True, help_text=_("The message itself says who the customer is")
    )
    is_for_bot = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Part of a dialogue with the bot, and so no sign of a sale"),
    )
    is_held = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Kept while its customer was blocked; nothing has reacted to it"),
    )
    flags = models.CharField(
        max_length=100, blank=True, help_text=_("What was assumed or mended on the way in")
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
        return f"{self.get_sender_display()}, {shown_moment(self.sent_at)}"
