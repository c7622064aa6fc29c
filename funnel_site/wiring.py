"""What one app does when another one, beside it, has news: neither of them knows the other."""

from collections.abc import Sequence
from typing import Any

from funnels.models import Funnel
from funnels.signals import transactions_reached
from reviews.services.inviting import invite_buyers


def connect() -> None:
    transactions_reached.connect(on_transactions_reached, dispatch_uid="invitations of buyers")


def on_transactions_reached(sender: Any, *, funnels: Sequence[Funnel], **_: Any) -> None:
    """Customers who bought are asked for a review, where a campaign does so."""
    invite_buyers(
        bought={
            funnel.customer_id: funnel.transaction_date
            for funnel in funnels
            if funnel.customer_id is not None and funnel.transaction_date is not None
        }
    )
