"""What staff decide about doubtful keys."""

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.timezone import now

from conversations.models import IdentityChange


def settle_changes(*, changes: QuerySet[IdentityChange], settled_by: User) -> int:
    """Note that contradictions and exceeded limits need nobody any more; returns how many."""
    doubtful = (IdentityChange.Change.CONFLICT, IdentityChange.Change.LIMIT)
    waiting = IdentityChange.objects.filter(
        pk__in=changes.order_by().values("pk"), change__in=doubtful, settled_at=None
    )
    return waiting.update(settled_at=now(), settled_by=settled_by)
