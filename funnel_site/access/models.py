"""API keys: hashed, named, scoped, revocable."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework_api_key.models import AbstractAPIKey


class Scope(models.TextChoices):
    """What a key may do; a key holds one or more."""

    INGEST = "ingest", _("Send rooms and messages")
    REPORT = "report", _("Read the funnel report")
    KEYWORDS = "keywords", _("Start a keyword sync")
    REVIEWS = "reviews", _("Read reviews")
    CARDS = "cards", _("Look up cards")
    PROFILES = "profiles", _("Read customer profiles and figures")


def check_scopes(scopes: object) -> None:
    """Refuse anything but a non-empty list of known scopes."""
    if not isinstance(scopes, list) or not scopes:
        raise ValidationError(gettext("Choose at least one scope."))
    if unknown := sorted({str(scope) for scope in scopes} - set(Scope.values)):
        raise ValidationError(
            gettext("Unknown scope: %(unknown)s.") % {"unknown": ", ".join(unknown)}
        )


class ApiKey(AbstractAPIKey):
    """A machine's credential. Only its hash is kept; the key is shown once, when made."""

    scopes = models.JSONField(default=list, validators=[check_scopes])
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="api_keys",
        help_text=_("The member of staff who made it for themselves"),
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(AbstractAPIKey.Meta):
        verbose_name = _("API key")  # type: ignore[assignment]
        verbose_name_plural = _("API keys")  # type: ignore[assignment]

    def allows(self, scope: str) -> bool:
        return scope in self.scopes

    @property
    def shown_scopes(self) -> str:
        """What the key may do, in words."""
        return ", ".join(str(Scope(one).label) for one in self.scopes if one in Scope)


class Approval(models.Model):
    """A deed that takes two people: who asked, why, who said yes or no, and what came of it.

    `payload` is what exactly was asked for; it names rows by their keys, never a customer.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        GRANTED = "granted", _("Granted, not used yet")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    payload = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, editable=False)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_who = models.CharField(_("asked by"), max_length=150)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text=_("It cannot be confirmed or used after that"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_who = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    is_alone = models.BooleanField(
        default=False, help_text=_("Nobody else could confirm: one person did it alone")
    )
    answer = models.CharField(max_length=200, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="approval_has_a_reason"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["granted", "done"])
                | models.Q(is_alone=True)
                | models.Q(asked_by=None)
                | models.Q(decided_by=None)
                | ~models.Q(decided_by=models.F("asked_by")),
                name="approval_takes_two_people",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "expires_at"],
                condition=models.Q(state="waiting"),
                name="approval_waiting",
            ),
            models.Index(
                fields=["digest"], condition=models.Q(state="granted"), name="approval_granted"
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= now()


class Preference(models.Model):
    """How a member of staff wants to read the pages; "" leaves it to their browser."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    language = models.CharField(max_length=8, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.language} {self.time_zone}".strip()
