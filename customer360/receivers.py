"""What customer360 listens to: staff who undo a join of a record with a customer."""

from typing import Any

from conversations.models import IdentityChange
from conversations.signals import join_undoing
from customer360.services.records import part_record


def connect() -> None:
    join_undoing.connect(on_join_undoing, dispatch_uid="customer360")


def on_join_undoing(sender: Any, *, change: IdentityChange, **_: Any) -> bool:
    return "record" in change.absorbed and part_record(change=change) is not None
