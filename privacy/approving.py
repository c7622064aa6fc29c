"""The two deeds on a customer's data that take two people."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.models import Customer
from funnel_site.access.approvals import ApprovalError, Kind, register
from funnel_site.access.models import Approval
from privacy.services import LegalHoldError, erase_customer

EXPORTING, ERASING = "customer_export", "customer_erasure"


def register_kinds() -> None:
    """An export is a leave for whoever asked, once; an erasure is done when it is confirmed."""
    register(
        Kind(
            name=EXPORTING,
            label=gettext_lazy("Export of a customer's data"),
            permission="privacy.export_customer",
        )
    )
    register(
        Kind(
            name=ERASING,
            label=gettext_lazy("Erasure of a customer"),
            permission="privacy.erase_customer",
            carry_out=erase,
        )
    )


def erase(approval: Approval, confirmer: Any) -> str:
    """Erase whom the approval names, as a deed of whoever asked."""
    customer = Customer.objects.filter(pk=approval.payload["customer"]).first()
    if customer is None:
        raise ApprovalError(_("The customer is gone: joined with another one."))
    try:
        _note, is_new = erase_customer(
            customer=customer, user=approval.asked_by, reason=approval.reason
        )
    except LegalHoldError as error:
        raise ApprovalError(str(error)) from error
    return _("The customer is erased.") if is_new else _("They had been erased already.")
