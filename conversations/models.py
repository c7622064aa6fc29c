"""Customers, rooms, messages and the inbox they come from. Tables and constraints only."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


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


class Customer(models.Model):
    """A person who writes to us. May have no phone number and no name."""

    name = models.CharField(max_length=200, blank=True)
    name_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    email = models.EmailField(blank=True)
    phone_number = models.CharField(max_length=16, blank=True, help_text="E.164")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    opted_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-last_seen_at", "-id"], name="customer_last_seen")]

    def __str__(self) -> str:
        return self.name or self.phone_number or f"Customer {self.pk}"


class CustomerIdentity(models.Model):
    """A key by which a customer is known. One key belongs to one customer."""

    class Kind(models.TextChoices):
        PHONE = "phone", "Phone"
        WHATSAPP_USER = "whatsapp_user", "WhatsApp user id"
        EMAIL = "email", "E-mail"
        CRM = "crm", "CRM id"

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=16, choices=Kind)
    value = models.CharField(max_length=200)
    first_seen_at = models.DateTimeField(
        help_text="Of two keys of one kind the one first seen later is the current one"
    )

    class Meta:
        verbose_name_plural = "customer identities"
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="identity_once_per_value"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class IdentityChange(models.Model):
    """What happened to a customer's keys beyond their first sight, for staff to judge."""

    class Change(models.TextChoices):
        REPLACED = "replaced", "A new key beside an old one"
        CONFLICT = "conflict", "Claimed by two customers"
        JOINED = "joined", "Two customers joined"

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="identity_changes"
    )
    change = models.CharField(max_length=16, choices=Change)
    kind = models.CharField(max_length=16, choices=CustomerIdentity.Kind)
    value = models.CharField(max_length=200)
    absorbed = models.JSONField(
        default=dict,
        blank=True,
        help_text="For a join: the absorbed customer's fields and the rows that moved",
    )
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_change_display()}: {self.kind}"


class Room(models.Model):
    """A conversation: the CRM's own room, or one that we cut from messages without a room."""

    SESSION_SOURCE = "session"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

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
    first_customer_message_at = models.DateTimeField(null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    is_declared = models.BooleanField(
        default=False, help_text="Its customer, channel and start were stated, not inferred"
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
            models.Index(
                fields=["customer", "channel", "started_at"],
                condition=Q(source="session"),
                name="room_sessions",
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
    error_code = models.CharField(max_length=16, blank=True)
    is_identified = models.BooleanField(
        default=True, help_text="The message itself says who the customer is"
    )
    flags = models.CharField(
        max_length=100, blank=True, help_text="What was assumed or mended on the way in"
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~Q(external_id=""),
                name="message_once_per_external_id",
            ),
        ]
        indexes = [
            models.Index(fields=["room", "sent_at", "id"], name="message_transcript"),
            models.Index(fields=["customer", "sent_at", "id"], name="message_timeline"),
        ]

    def __str__(self) -> str:
        return f"{self.sender} {self.sent_at:%Y-%m-%d %H:%M}"


class InboundEvent(models.Model):
    """A delivery exactly as it came. The row is the truth; everything else follows from it."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        PROCESSED = "processed", "Processed"
        FAILED = "failed", "Dead letter"

    source = models.CharField(max_length=16, help_text="The door it came by")
    dedupe_key = models.CharField(max_length=300)
    body = models.BinaryField()
    headers = models.JSONField(default=dict, blank=True)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=300, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "dedupe_key"], name="inbound_event_once_per_key"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="pending"), name="inbound_event_waiting"),
            models.Index(
                fields=["-id"], condition=Q(state="failed"), name="inbound_event_dead_letters"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.dedupe_key}"


class DrainAttempt(models.Model):
    """A batch that a worker has begun. It outlives a worker that is killed, and so tells on it."""

    event_ids = models.JSONField()
    started_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{len(self.event_ids)} events since {self.started_at:%H:%M:%S}"
