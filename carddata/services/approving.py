"""Rolling back an import takes two people: thousands of cards change what they say."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carddata.services.undoing import undo_import
from funnel_site.access.approvals import ApprovalError, Kind, register
from funnel_site.access.models import Approval

ROLLING_BACK = "import_roll_back"


def register_kinds() -> None:
    register(
        Kind(
            name=ROLLING_BACK,
            label=gettext_lazy("Roll back of an import"),
            permission="carddata.change_partnerfile",
            carry_out=roll_back,
        )
    )


def roll_back(approval: Approval, confirmer: Any) -> str:
    is_begun = undo_import(
        file_id=approval.payload["file"], user=approval.asked_by, reason=approval.reason
    )
    if not is_begun:
        raise ApprovalError(_("Only an import that is done can be undone."))
    return _("It is being taken back.")
