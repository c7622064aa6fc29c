"""The block list: what blocked customers write is kept, and nobody and nothing reacts to it."""

from django.db import transaction
from django.utils.timezone import now

from conversations.models import Customer


@transaction.atomic
def set_blocked(*, customer: Customer, is_blocked: bool) -> bool:
    """Block or unblock; `customer` is brought up to date. Blocking again keeps the first time."""
    locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    locked.blocked_at = (locked.blocked_at or now()) if is_blocked else None
    locked.save(update_fields=["blocked_at"])
    customer.blocked_at = locked.blocked_at
    return is_blocked
