"""API keys: hashed, named, scoped, revocable."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
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
