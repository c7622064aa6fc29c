"""What privacy has to say when staff delete something about a customer."""

from typing import Any

from django.utils.translation import gettext as _

from conversations.models import Customer
from conversations.signals import customer_data_deleting
from funnel_site.lib.deleting import KeptError
from privacy.services import held


def connect() -> None:
    customer_data_deleting.connect(on_customer_data_deleting, dispatch_uid="privacy")


def on_customer_data_deleting(sender: Any, *, customer: Customer, **_given: Any) -> None:
    """Refuse while a legal hold stands."""
    if hold := held(customer):
        raise KeptError(
            _("A legal hold stands since %(since)s: %(reason)s. Nothing was erased.")
            % {"since": f"{hold.set_at:%Y-%m-%d}", "reason": hold.reason}
        )
