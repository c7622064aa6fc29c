"""A user id that turns out to be another number's: what moves with it, and what stays for staff.

The rule: a user id is of the number that it was first seen with, by the messages' time. A message that
shows an earlier pairing may come late, and then the id changes hands.
"""

from itertools import permutations
from typing import Any

import pytest

from conversations.models import Customer, CustomerIdentity, IdentityChange, Message
from tests.conversations.test_identities import USER, message, take

pytestmark = pytest.mark.django_db
FIRST, SECOND = "+6281200000001", "+6281200000002"
EARLY = message(1, **USER, phone_number=FIRST, room_id="one")
ALONE = message(2, **USER, room_id="two")
LATER = message(3, **USER, phone_number=SECOND, room_id="three")


def holders() -> dict[str, str]:
    rows = CustomerIdentity.objects.select_related("customer")
    return {row.value: row.customer.phone_number for row in rows}


def owner(number: int) -> str:
    stored = Message.objects.select_related("customer").get(external_id=f"m{number}")
    assert stored.customer is not None
    return stored.customer.phone_number


@pytest.mark.parametrize("order", list(permutations([EARLY, ALONE, LATER])))
def test_keys_and_messages_with_a_number_end_alike_in_any_order(
    order: tuple[dict[str, Any], ...],
) -> None:
    take(*order)

    assert holders() == {FIRST: FIRST, SECOND: SECOND, "ID.1349": FIRST}
    assert Customer.objects.count() == 2
    assert (owner(1), owner(3)) == (FIRST, SECOND)


@pytest.mark.parametrize("order", list(permutations([EARLY, ALONE, LATER])))
def test_a_message_with_the_id_alone_stays_where_it_was_taken_in_and_staff_are_told(
    order: tuple[dict[str, Any], ...],
) -> None:
    """The one thing that depends on the order, and only where the later pairing came first."""
    take(*order)

    came = [body["message_id"] for body in order]
    was_of_second = came.index("m3") < came.index("m1") and came.index("m2") < came.index("m1")
    assert owner(2) == (SECOND if was_of_second else FIRST)
    assert IdentityChange.objects.filter(change="conflict", value="ID.1349").exists()
