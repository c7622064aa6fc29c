"""Every write of API keys."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from django.db.models import Q
from django.utils.timezone import now

from funnel_site.access.models import ApiKey, Scope, check_scopes

LAST_USE_PRECISION = timedelta(minutes=1)


# What a member of staff needs to have to give a key of their own a scope.
NEEDED = {
    Scope.INGEST: "conversations.add_inboundevent",
    Scope.REPORT: "funnels.view_funnel",
    Scope.KEYWORDS: "funnels.add_keywordsync",
    Scope.REVIEWS: "reviews.view_review",
    Scope.CARDS: "carddata.view_cardstatus",
    Scope.PROFILES: "customer360.view_customerprofile",
}


def scopes_for(user: Any) -> list[Scope]:
    """What a key of one's own may do: nothing that its owner may not do in person."""
    return [scope for scope, permission in NEEDED.items() if user.has_perm(permission)]


def revoke_own_key(*, user: Any, key_id: str) -> bool:
    """Revoke one of a member's own keys, for good; False where there is none such."""
    rows = ApiKey.objects.filter(pk=key_id, owner=user, revoked=False)
    return bool(rows.update(revoked=True))


def create_api_key(*, name: str, scopes: Sequence[str], owner: Any = None) -> tuple[ApiKey, str]:
    """Make a key; returns the row and the key itself, which is never shown again.

    Raises ValidationError for an unknown or missing scope.
    """
    wanted = sorted(set(scopes))
    check_scopes(wanted)
    key, secret = ApiKey.objects.create_key(name=name, scopes=wanted, owner=owner)
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
