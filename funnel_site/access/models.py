"""API keys: hashed, named, scoped, revocable."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from rest_framework_api_key.models import AbstractAPIKey


class Scope(models.TextChoices):
    """What a key may do; a key holds one or more."""

    INGEST = "ingest", "Send rooms and messages"
    REPORT = "report", "Read the funnel report"
    KEYWORDS = "keywords", "Start a keyword sync"
    REVIEWS = "reviews", "Read reviews"
    CARDS = "cards", "Look up cards"
    PROFILES = "profiles", "Read customer profiles and figures"


def check_scopes(scopes: object) -> None:
    """Refuse anything but a non-empty list of known scopes."""
    if not isinstance(scopes, list) or not scopes:
        raise ValidationError("Choose at least one scope.")
    if unknown := sorted({str(scope) for scope in scopes} - set(Scope.values)):
        raise ValidationError(f"Unknown scope: {', '.join(unknown)}.")


class ApiKey(AbstractAPIKey):
    """A machine's credential. Only its hash is kept; the key is shown once, when made."""

    scopes = models.JSONField(default=list, validators=[check_scopes])
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="api_keys",
        help_text="The member of staff who made it for themselves",
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(AbstractAPIKey.Meta):
        verbose_name = "API key"
        verbose_name_plural = "API keys"

    def allows(self, scope: str) -> bool:
        return scope in self.scopes
