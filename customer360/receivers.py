"""What customer360 listens to: two customers become one, and staff who undo that."""

from typing import Any

from conversations.models import Customer, IdentityChange
from conversations.signals import customers_joining, join_undoing
from customer360.services.duplicates import carry_decisions
from customer360.services.records import part_record
from customer360.services.segments import end_double_memberships


def connect() -> None:
    customers_joining.connect(on_customers_joining, dispatch_uid="customer360")
    join_undoing.connect(on_join_undoing, dispatch_uid="customer360")


def on_join_undoing(sender: Any, *, change: IdentityChange, **_: Any) -> bool:
    return "record" in change.absorbed and part_record(change=change) is not None


def on_customers_joining(sender: Any, *, customer: Customer, absorbed: Customer, **_: Any) -> None:
    end_double_memberships(customer=customer, absorbed=absorbed)
    carry_decisions(customer=customer, absorbed=absorbed)
