"""Every write of API keys."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from funnel_site.access.models import ApiKey, Scope, check_scopes

LAST_USE_PRECISION = timedelta(minutes=1)
OVERLAP = timedelta(hours=24)


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


def create_api_key(
    *, name: str, scopes: Sequence[str], owner: Any = None, days: int = 0
) -> tuple[ApiKey, str]:
    """Make a key; returns the row and the key itself, which is never shown again.

    It expires after so many days; 0: never. Raises ValidationError for an unknown or missing scope.
    """
    wanted = sorted(set(scopes))
    check_scopes(wanted)
    until = now() + timedelta(days=days) if days else None
    key, secret = ApiKey.objects.create_key(
        name=name, scopes=wanted, owner=owner, expiry_date=until
    )
    return cast("ApiKey", key), secret


@transaction.atomic
def rotate_key(*, key: ApiKey, overlap: timedelta = OVERLAP) -> tuple[ApiKey, str] | None:
    """A new key like this one, and an end to this one after the overlap; None for a dead one.

    Both work meanwhile, so that a machine changes over without a gap. The new one is good for as
    long as the old one was when it was made.
    """
    old = ApiKey.objects.select_for_update().get(pk=key.pk)
    if old.revoked or old.has_expired:
        return None
    days = max((old.expiry_date - old.created).days, 1) if old.expiry_date else 0
    made = create_api_key(name=old.name, scopes=old.scopes, owner=old.owner, days=days)
    end = now() + overlap
    old.expiry_date = min(old.expiry_date, end) if old.expiry_date else end
    old.save(update_fields=["expiry_date"])
    return made


def note_use(key: ApiKey) -> None:
    """Record that a key was used, to the minute, so that a busy key is not a busy row."""
    moment = now()
    stale = moment - LAST_USE_PRECISION
    if key.last_used_at is not None and key.last_used_at > stale:
        return
    ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=key.pk).update(
        last_used_at=moment
    )
