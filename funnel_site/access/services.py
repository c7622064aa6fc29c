"""Every write of API keys."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from django.db.models import Q
from django.utils.timezone import now

from funnel_site.access.models import ApiKey, check_scopes

LAST_USE_PRECISION = timedelta(minutes=1)


def create_api_key(*, name: str, scopes: Sequence[str]) -> tuple[ApiKey, str]:
    """Make a key; returns the row and the key itself, which is never shown again.

    Raises ValidationError for an unknown or missing scope.
    """
    wanted = sorted(set(scopes))
    check_scopes(wanted)
    key, secret = ApiKey.objects.create_key(name=name, scopes=wanted)
    return cast("ApiKey", key), secret


def note_use(key: ApiKey) -> None:
    """Record that a key was used, to the minute, so that a busy key is not a busy row."""
    moment = now()
    stale = moment - LAST_USE_PRECISION
    if key.last_used_at is not None and key.last_used_at > stale:
        return
    ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=key.pk).update(
        last_used_at=moment
    )
