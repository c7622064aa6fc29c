"""Whether a member of staff may take a file with names and numbers in full: always with a second person.

The one decision for every export, by a page or a background job. Ask it when the file is wanted,
with the number of rows and what exactly is wanted; a granted leave is used up by `take`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from funnel_site.access import approvals
from funnel_site.access.approvals import Kind, register
from funnel_site.access.models import Approval
from funnel_site.lib.money import shown_count

FULL_PHONES = "full_phones_export"
MAY_ASK = "conversations.export_contacts"
WITHOUT_LIMIT = "conversations.export_all_contacts"
MOST_ROWS = 1_000


class Answer(Enum):
    """What `decide` says."""

    REFUSED = "refused"
    ASK = "ask"
    WAITING = "waiting"
    GRANTED = "granted"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, a sentence for staff, and the approval where there is one."""

    answer: Answer
    why: str
    approval: Approval | None = None

    @property
    def is_granted(self) -> bool:
        return self.answer is Answer.GRANTED


def register_kinds(
    *,
    when_decided: Callable[[Approval], None] | None = None,
    facts: Callable[[Approval], Sequence[tuple[str, str]]] | None = None,
) -> None:
    """Make the kind known; whoever makes the files says what follows a decision (`approvals.Kind`)."""
    register(
        Kind(
            name=FULL_PHONES,
            label=gettext_lazy("File with names and numbers in full"),
            permission=MAY_ASK,
            when_decided=when_decided,
            facts=facts,
        )
    )


def most_rows(user: Any) -> int | None:
    """How many rows of such a file the person may ask for; None without limit."""
    return None if user.has_perm(WITHOUT_LIMIT) else MOST_ROWS


def decide(*, user: Any, rows: int, wanted: Mapping[str, Any]) -> Decision:
    """Whether this person may have this file; `wanted` is the list, the filter and the columns, as JSON.

    A leave is for exactly the same `wanted`, once, and for FOUR_EYES_HOURS.
    """
    if not user.has_perm(MAY_ASK):
        return Decision(Answer.REFUSED, _("Your role takes files with masked names and numbers."))
    most = most_rows(user)
    if most is not None and rows > most:
        return Decision(
            Answer.REFUSED,
            _("Your role takes at most %s rows with names and numbers in full.")
            % shown_count(most),
        )
    if granted := approvals.granted(kind=FULL_PHONES, user=user, payload=wanted):
        return Decision(Answer.GRANTED, _("Confirmed by %s.") % granted.decided_who, granted)
    digest = approvals.digest_of(FULL_PHONES, wanted)
    waiting = Approval.objects.filter(
        kind=FULL_PHONES, digest=digest, asked_by=user.pk, state=Approval.State.WAITING
    ).last()
    if waiting is not None and not waiting.is_expired:
        return Decision(Answer.WAITING, _("Somebody else has to confirm this."), waiting)
    return Decision(Answer.ASK, _("A second person has to confirm this: say why you need it."))


def ask(*, user: Any, rows: int, wanted: Mapping[str, Any], subject: str, reason: str) -> Decision:
    """Ask for the file. Raises ApprovalError without a reason; granted at once where nobody else is."""
    decision = decide(user=user, rows=rows, wanted=wanted)
    if decision.answer is not Answer.ASK:
        return decision
    approvals.ask_or_do(kind=FULL_PHONES, user=user, subject=subject, reason=reason, payload=wanted)
    return decide(user=user, rows=rows, wanted=wanted)


def take(*, user: Any, rows: int, wanted: Mapping[str, Any]) -> Approval:
    """Use up the leave when the file is made. Raises ApprovalError where there is none."""
    decision = decide(user=user, rows=rows, wanted=wanted)
    if not decision.is_granted:
        raise approvals.ApprovalError(decision.why)
    return approvals.use(kind=FULL_PHONES, user=user, payload=wanted)
