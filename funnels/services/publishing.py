"""Publishing keywords: what an analyst writes is read in messages once a second person has said so.

A keyword that is switched off is a draft. Whoever may publish saves as they like; everybody else's
new keywords are drafts, and their changes of a published one wait, until somebody confirms them.
"""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from funnel_site.access.approvals import ApprovalError, Kind, ask_or_do, register
from funnel_site.access.models import Approval
from funnels.models import Keyword
from funnels.services.keywords import note_keyword_edit

PUBLISHING = "keyword_publishing"
PUBLISH = "funnels.publish_keyword"
FIELDS = ("stage", "phrase", "channel", "mode", "is_active")


def register_kinds() -> None:
    register(
        Kind(
            name=PUBLISHING,
            label=gettext_lazy("Publishing of a keyword"),
            permission="funnels.change_keyword",
            carry_out=publish_confirmed,
        )
    )


def save_or_ask(*, keyword: Keyword, user: Any, reason: str) -> Approval | None:
    """Save a keyword; None where that was all, else the approval that its publishing waits for.

    Raises ApprovalError without a reason where one is needed.
    """
    before = Keyword.objects.filter(pk=keyword.pk).first() if keyword.pk else None
    is_read = keyword.is_active or (before is not None and before.is_active)
    if user.has_perm(PUBLISH) or not is_read:
        keyword.save()
        note_keyword_edit(by=user.get_username())
        return None
    wanted = {name: getattr(keyword, name) for name in FIELDS}
    if before is None:
        keyword.is_active = False
        keyword.save()
    return ask_or_do(
        kind=PUBLISHING,
        user=user,
        subject=_subject(before, wanted),
        reason=reason,
        payload={"key": keyword.pk, **wanted},
    )


def _subject(before: Keyword | None, wanted: dict[str, Any]) -> str:
    """The phrase and what of it changes, for the second person to read."""
    said = f"{wanted['stage']}: “{wanted['phrase']}”"
    if before is None or not before.is_active:
        return said
    changes = [
        f"{name} {getattr(before, name)!s} → {wanted[name]!s}"
        for name in FIELDS
        if getattr(before, name) != wanted[name]
    ]
    return f"{before.phrase}: {', '.join(changes)}"[:200]


def publish_confirmed(approval: Approval, confirmer: Any) -> str:
    keyword = Keyword.objects.filter(pk=approval.payload["key"]).first()
    if keyword is None:
        raise ApprovalError(_("The keyword is gone."))
    for name in FIELDS:
        setattr(keyword, name, approval.payload[name])
    try:
        with transaction.atomic():
            keyword.save()
    except IntegrityError as error:
        raise ApprovalError(_("Another keyword has this phrase by now.")) from error
    note_keyword_edit(by=f"{approval.asked_who}, {confirmer.get_username()}")
    return _("Published.")
