"""Replaying dead letters, and closing those that need none: a hundred by one person, more by two.

One that is closed keeps its body, its error and the reason, is counted apart, and can be taken up again.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.models import InboundEvent
from conversations.services.inbox import replay_events
from conversations.services.waking import wake_after_commit
from funnel_site.access.approvals import (
    LONGEST_REASON,
    ApprovalError,
    Kind,
    ask_or_do,
    register,
)
from funnel_site.access.models import Approval
from funnel_site.lib.money import shown_count

REPLAYING, IGNORING = "large_replay", "large_ignore"
State = InboundEvent.State
MOST_ALONE = 100


def register_kinds() -> None:
    register(
        Kind(
            name=REPLAYING,
            label=gettext_lazy("Replay of many dead letters"),
            permission="conversations.change_inboundevent",
            carry_out=replay_confirmed,
        )
    )
    register(
        Kind(
            name=IGNORING,
            label=gettext_lazy("Closing of many dead letters"),
            permission="conversations.change_inboundevent",
            carry_out=ignore_confirmed,
        )
    )


def dead_letters() -> QuerySet[InboundEvent]:
    """What can be replayed: a second body under a known key cannot."""
    failed = InboundEvent.objects.filter(state=State.FAILED)
    return failed.exclude(error_code="conflict")


def takes_two(number: int) -> bool:
    return number > MOST_ALONE


def replay(events: QuerySet[InboundEvent]) -> int:
    """Put dead letters back in line and wake whoever works on it; returns how many."""
    number = replay_events(events)
    wake_after_commit()
    return number


def ask_for_replay(*, user: Any, reason: str, ids: Sequence[int] | None = None) -> Approval:
    """Have these dead letters, or all there are at this moment, replayed by two people.

    Raises ApprovalError without the right or a reason.
    """
    rows = dead_letters() if ids is None else dead_letters().filter(pk__in=ids)
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    payload: dict[str, Any] = {"up_to": newest} if ids is None else {"ids": sorted(ids)}
    return ask_or_do(
        kind=REPLAYING,
        user=user,
        subject=_("Replay of %s dead letters") % shown_count(rows.count()),
        reason=reason,
        payload=payload,
    )


def replay_confirmed(approval: Approval, confirmer: Any) -> str:
    asked = approval.payload
    if "ids" in asked:
        wanted = InboundEvent.objects.filter(pk__in=asked["ids"])
    else:
        wanted = InboundEvent.objects.filter(pk__lte=asked["up_to"])
    return _("Put %s dead letters back in line.") % shown_count(replay(wanted))


def ignore(events: QuerySet[InboundEvent], *, reason: str) -> int:
    """Close dead letters with the reason; returns how many. Raises ApprovalError without one."""
    if not reason.strip():
        raise ApprovalError(_("A reason is needed."))
    return events.filter(state=State.FAILED).update(
        state=State.IGNORED, ignored_because=reason.strip()[:LONGEST_REASON]
    )


def take_up(events: QuerySet[InboundEvent]) -> int:
    """Make closed ones dead letters again, to be replayed or looked at; returns how many."""
    closed = events.filter(state=State.IGNORED)
    return closed.update(state=State.FAILED, ignored_because="")


def ask_to_ignore(*, user: Any, reason: str, ids: Sequence[int]) -> Approval:
    """Have these dead letters closed by two people. Raises ApprovalError without the right or a reason."""
    return ask_or_do(
        kind=IGNORING,
        user=user,
        subject=_("Closing of %s dead letters") % shown_count(len(ids)),
        reason=reason,
        payload={"ids": sorted(ids)},
    )


def ignore_confirmed(approval: Approval, confirmer: Any) -> str:
    wanted = InboundEvent.objects.filter(pk__in=approval.payload["ids"])
    return _("Closed %s dead letters.") % shown_count(ignore(wanted, reason=approval.reason))
