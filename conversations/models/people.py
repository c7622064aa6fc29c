"""Customers and the keys by which they are known."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models.channels import Channel
from conversations.standing import EVERY, Standing, out_since
from funnel_site.lib.days import shown_moment
from funnel_site.lib.masking import shown_name, shown_phone


class Customer(models.Model):
    """A person who writes to us. May have no phone number and no name."""

    name = models.CharField(max_length=200, blank=True)
    name_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    email = models.EmailField(blank=True)
    phone_number = models.CharField(max_length=16, blank=True, help_text="E.164")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    opted_out_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("The latest opt-out that holds, in whichever channel"),
    )
    opted_out_channels = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        editable=False,
        help_text=_("Since when nothing may be sent, by channel"),
    )
    blocked_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("What they write is kept; nobody and nothing reacts to it"),
    )
    erased_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("Since then nothing here says who they are"),
    )

    class Meta:
        indexes = [
            models.Index(fields=["-last_seen_at", "-id"], name="customer_last_seen"),
            models.Index(
                fields=["-last_seen_at", "-id"],
                condition=Q(opted_out_at__isnull=False),
                name="customer_opted_out",
            ),
            models.Index(
                fields=["-last_seen_at", "-id"],
                condition=Q(blocked_at__isnull=False),
                name="customer_blocked",
            ),
        ]
        permissions = [("join_customer", "Can join two customers and part them again")]

    def __str__(self) -> str:
        return shown_name(self.name) or shown_phone(self.phone_number) or f"Customer {self.pk}"

    @property
    def standing(self) -> Standing:
        """Where they have opted out. A moment without channels, as of old, is for every channel."""
        if self.opted_out_at is None:
            return {}
        if not self.opted_out_channels:
            return {EVERY: self.opted_out_at}
        return {
            channel: datetime.fromisoformat(at) if at else None
            for channel, at in self.opted_out_channels.items()
        }

    def opted_out_of(self, channel: str) -> datetime | None:
        """Since when nothing may be sent to them in this channel; None where it may."""
        return out_since(self.standing, channel)

    @property
    def is_opted_out_everywhere(self) -> bool:
        """Whether every channel is out, but for `opted_out_names`."""
        return EVERY in self.standing

    @property
    def opted_out_names(self) -> str:
        """The channels that are out; where every channel is, those that are open all the same."""
        is_out = not self.is_opted_out_everywhere
        names = dict(Channel.choices)
        found = [one for one, at in self.standing.items() if one and (at is not None) == is_out]
        return ", ".join(str(names.get(one, one)) for one in sorted(found))

    @property
    def opted_out_words(self) -> str:
        """Where they have opted out, in few words; empty where they have not."""
        if self.opted_out_at is None:
            return ""
        names = self.opted_out_names
        if not self.is_opted_out_everywhere:
            return gettext("Opted out: %(channels)s") % {"channels": names}
        if names:
            return gettext("Opted out, but for %(channels)s") % {"channels": names}
        return gettext("Opted out")


class CustomerIdentity(models.Model):
    """A key by which a customer is known. One key belongs to one customer."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")
        WHATSAPP_USER = "whatsapp_user", _("WhatsApp user id")
        EMAIL = "email", _("E-mail")
        CRM = "crm", _("CRM id")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=16, choices=Kind)
    value = models.CharField(max_length=200)
    first_seen_at = models.DateTimeField(
        help_text=_("Of two keys of one kind the one first seen later is the current one")
    )
    # Of a WhatsApp user id: the earliest message that showed it with a phone number.
    paired_at = models.DateTimeField(null=True, blank=True, editable=False)
    paired_with = models.CharField(
        max_length=16, blank=True, default="", db_default="", editable=False
    )

    class Meta:
        verbose_name_plural = _("customer identities")
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="identity_once_per_value"),
        ]
        indexes = [
            models.Index(
                fields=["paired_with"], condition=~Q(paired_with=""), name="identity_paired_with"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{shown_name(self.value)}"


class IdentityChange(models.Model):
    """What happened to a customer's keys beyond their first sight, for staff to judge."""

    class Change(models.TextChoices):
        REPLACED = "replaced", _("A new key beside an old one")
        CONFLICT = "conflict", _("Claimed by two customers")
        JOINED = "joined", _("Two customers joined")
        LIMIT = "limit", _("Left apart: too many keys for one customer")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="identity_changes"
    )
    change = models.CharField(max_length=16, choices=Change)
    kind = models.CharField(
        max_length=16, choices=[*CustomerIdentity.Kind.choices, ("hand", _("By hand"))]
    )
    value = models.CharField(max_length=200)
    absorbed = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("For a join: the absorbed customer's fields and the rows that moved"),
    )
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Since then nobody needs to look at it")
    )
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_change_display()}: {self.kind}"


class SharedValue(models.Model):
    """A key that several people use, as a shop's own phone: it joins nobody."""

    kind = models.CharField(max_length=16, choices=CustomerIdentity.Kind)
    value = models.CharField(
        max_length=200, help_text=_("A phone number in any spelling, a user id, or an address")
    )
    reason = models.CharField(max_length=200, blank=True, help_text=_("Whose it is, or why"))
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="shared_value_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.value}"


class Consent(models.Model):
    """One change of a customer's mind about being written to, in a channel or in every one.

    Never changed, never removed; but for the rows of a join, which the next join replaces and whose
    undoing takes them away. What follows from the rows is in `conversations.standing`.
    """

    class Change(models.TextChoices):
        OUT = "out", _("Opted out")
        IN = "in", _("Opted in")

    class Origin(models.TextChoices):
        CUSTOMER = "customer", _("The customer's word")
        PROVIDER = "provider", _("The provider's report")
        STAFF = "staff", _("Staff")
        JOINED = "joined", _("Two customers joined")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(
        max_length=16,
        choices=Channel,
        blank=True,
        default=EVERY,
        db_default=EVERY,
        help_text=_("Empty: every channel"),
    )
    change = models.CharField(max_length=3, choices=Change)
    origin = models.CharField(max_length=8, choices=Origin)
    words = models.CharField(max_length=100, blank=True, help_text=_("What was said"))
    at = models.DateTimeField(help_text=_("When it was said; in each channel the latest holds"))
    message = models.ForeignKey(
        "conversations.Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["customer", "-at", "-id"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.words_of_change}, {shown_moment(self.at)}"

    @property
    def words_of_change(self) -> str:
        """What changed and where: "Opted out: WhatsApp"."""
        channel = self.get_channel_display()
        return ": ".join(filter(None, (self.get_change_display(), channel)))
