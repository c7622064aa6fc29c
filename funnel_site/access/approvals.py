"""Four eyes: one member of staff asks for a deed, another with the same right confirms it.

An app says once, at start-up, which of its deeds take two people (`register`); its pages call
`ask_or_do`. A deed with `carry_out` is done when it is confirmed, in the same transaction. One
without is a leave for whoever asked, good for one `use` of exactly what was confirmed.

Where nobody else on the site could confirm, one person may act alone, and the row says so for good;
FOUR_EYES_ALONE=false takes that away.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _

from funnel_site.access.models import Approval

State = Approval.State
BACKEND = "django.contrib.auth.backends.ModelBackend"
LONGEST_REASON = 200


class ApprovalError(Exception):
    """It cannot be asked for, confirmed or used. The message is a sentence for staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A deed that takes two people.

    `carry_out(approval, confirmer)` does it and returns a sentence on what came of it; without it
    whoever asked may do it themselves, once, after the confirmation. `when_decided(approval)` is told
    of a leave that was granted, refused or withdrawn, in the same transaction; `facts(approval)` are
    names and values that the second person reads besides the subject, and that are not kept here.
    """

    name: str
    label: Any
    permission: str
    confirm_permission: str = ""
    carry_out: Callable[[Approval, Any], str] | None = None
    when_decided: Callable[[Approval], None] | None = None
    facts: Callable[[Approval], Sequence[tuple[str, str]]] | None = None

    @property
    def confirmed_by(self) -> str:
        """The permission that the second person needs."""
        return self.confirm_permission or self.permission


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known; the last one of a name holds."""
    _kinds[kind.name] = kind
    return kind


def kind_of(name: str) -> Kind:
    """The kind of a name. Raises ApprovalError where no app has one of that name any more."""
    try:
        return _kinds[name]
    except KeyError as error:
        raise ApprovalError(_("This kind of approval is gone.")) from error


def kinds() -> list[Kind]:
    return list(_kinds.values())


def others_who_may_confirm(kind: Kind, user: Any) -> QuerySet[Any]:
    """Active staff besides this one who could confirm."""
    holders = get_user_model().objects.with_perm(kind.confirmed_by, backend=BACKEND)
    return holders.filter(is_active=True, is_staff=True).exclude(pk=user.pk)


def may_act_alone(kind: Kind, user: Any) -> bool:
    """Whether there is nobody else to ask, and the site lets one person act then."""
    return settings.FOUR_EYES_ALONE and not others_who_may_confirm(kind, user).exists()


def ask(
    *,
    kind: str,
    user: Any,
    subject: str,
    reason: str,
    payload: Mapping[str, Any] | None = None,
) -> Approval:
    """Ask for a deed; what waits already for the same payload by the same person is returned again.

    `subject` is read by the second person and kept for good: no names, no numbers of customers.
    Raises ApprovalError without the right or without a reason.
    """
    wanted = kind_of(kind)
    if not user.has_perm(wanted.permission):
        raise ApprovalError(_("Your role may not ask for this."))
    if not reason.strip():
        raise ApprovalError(_("A reason is needed."))
    digest = digest_of(kind, payload)
    waiting = Approval.objects.filter(
        kind=kind, digest=digest, asked_by=user, state=State.WAITING, expires_at__gt=now()
    ).first()
    if waiting is not None:
        return waiting
    return Approval.objects.create(
        kind=kind,
        subject=subject[:200],
        payload=dict(payload or {}),
        digest=digest,
        reason=reason.strip()[:LONGEST_REASON],
        asked_by=user,
        asked_who=user.get_username(),
        asked_at=now(),
        expires_at=now() + timedelta(hours=settings.FOUR_EYES_HOURS),
    )


@transaction.atomic
def act_alone(
    *,
    kind: str,
    user: Any,
    subject: str,
    reason: str,
    payload: Mapping[str, Any] | None = None,
) -> Approval:
    """Do what one person may do alone because there is nobody else; the row says so.

    Raises ApprovalError where somebody else could confirm.
    """
    wanted = kind_of(kind)
    if not may_act_alone(wanted, user):
        raise ApprovalError(_("Somebody else has to confirm this."))
    approval = ask(kind=kind, user=user, subject=subject, reason=reason, payload=payload)
    approval.is_alone = True
    return _settle(approval, wanted, user)


def ask_or_do(
    *,
    kind: str,
    user: Any,
    subject: str,
    reason: str,
    payload: Mapping[str, Any] | None = None,
) -> Approval:
    """Ask a second person; where there is none, do it at once. `state` says which it became."""
    do = act_alone if may_act_alone(kind_of(kind), user) else ask
    return do(kind=kind, user=user, subject=subject, reason=reason, payload=payload)


@transaction.atomic
def confirm(*, approval_id: int, user: Any) -> Approval:
    """The second person says yes: the deed is done, or whoever asked has leave to do it.

    Raises ApprovalError for the same person, without the right, and for what waits no more. What
    the deed itself raises takes the confirmation back.
    """
    approval = _waiting(approval_id)
    kind = kind_of(approval.kind)
    if approval.asked_by_id == user.pk:
        raise ApprovalError(_("You have asked for this yourself: somebody else has to confirm it."))
    if not user.has_perm(kind.confirmed_by):
        raise ApprovalError(_("Your role may not confirm this."))
    if approval.asked_by is None or not approval.asked_by.is_active:
        raise ApprovalError(_("Who asked for this has left."))
    if not approval.asked_by.has_perm(kind.permission):
        raise ApprovalError(_("Who asked for this may not do it any more."))
    return _settle(approval, kind, user)


def _settle(approval: Approval, kind: Kind, user: Any) -> Approval:
    approval.decided_by, approval.decided_who, approval.decided_at = (
        user,
        user.get_username(),
        now(),
    )
    approval.state = State.GRANTED
    if kind.carry_out is not None:
        approval.state = State.DONE
        approval.answer = kind.carry_out(approval, user)[:LONGEST_REASON]
        approval.used_at = now()
    approval.save()
    if kind.when_decided is not None:
        kind.when_decided(approval)
    return approval


@transaction.atomic
def refuse(*, approval_id: int, user: Any, why: str = "") -> Approval:
    """The second person says no, or whoever asked takes it back. Raises ApprovalError."""
    approval = _waiting(approval_id)
    kind = kind_of(approval.kind)
    is_own = approval.asked_by_id == user.pk
    if not is_own and not user.has_perm(kind.confirmed_by):
        raise ApprovalError(_("Your role may not decide this."))
    approval.state = State.WITHDRAWN if is_own else State.REFUSED
    approval.decided_by, approval.decided_who, approval.decided_at = (
        user,
        user.get_username(),
        now(),
    )
    approval.answer = why.strip()[:LONGEST_REASON]
    approval.payload = {}
    approval.save()
    if kind.when_decided is not None:
        kind.when_decided(approval)
    return approval


def _waiting(approval_id: int) -> Approval:
    rows = Approval.objects.select_for_update(of=("self",)).select_related("asked_by")
    approval = rows.filter(pk=approval_id).first()
    if approval is None or approval.state != State.WAITING:
        raise ApprovalError(_("It has been decided already."))
    if approval.expires_at <= now():
        raise ApprovalError(_("It has expired: ask again."))
    return approval


def granted(*, kind: str, user: Any, payload: Mapping[str, Any] | None = None) -> Approval | None:
    """The unused leave of this person for exactly this, or None."""
    return (
        Approval.objects.filter(
            kind=kind,
            digest=digest_of(kind, payload),
            asked_by=user,
            state=State.GRANTED,
            expires_at__gt=now(),
        )
        .order_by("pk")
        .first()
    )


@transaction.atomic
def use(*, kind: str, user: Any, payload: Mapping[str, Any] | None = None) -> Approval:
    """Use up the leave for exactly this. Raises ApprovalError where there is none (any more)."""
    found = granted(kind=kind, user=user, payload=payload)
    approval = (
        Approval.objects.select_for_update().filter(pk=found.pk, state=State.GRANTED).first()
        if found
        else None
    )
    if approval is None:
        raise ApprovalError(_("Nobody has confirmed this, or it has been used."))
    approval.state, approval.used_at = State.DONE, now()
    approval.save()
    return approval


def digest_of(kind: str, payload: Mapping[str, Any] | None) -> str:
    """SHA-256 in hex of what exactly is asked for."""
    text = json.dumps([kind, dict(payload or {})], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def open_to(user: Any) -> QuerySet[Approval]:
    """What this person asked for, and what they could confirm."""
    named = [kind.name for kind in kinds() if user.has_perm(kind.confirmed_by)]
    return Approval.objects.filter(Q(asked_by=user.pk) | Q(kind__in=named))


def waiting_for(user: Any) -> QuerySet[Approval]:
    """What waits for this person's word."""
    rows = open_to(user).exclude(asked_by=user.pk)
    return rows.filter(state=State.WAITING, expires_at__gt=now())
