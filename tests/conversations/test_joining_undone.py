"""A join of two customers can be taken back: each has again what was its own."""

from datetime import timedelta
from typing import Any

import pytest
from django.forms.models import model_to_dict
from django.utils.timezone import now

from conversations.models import Customer, CustomerIdentity, IdentityChange, Room
from conversations.services.consent import note_consent
from conversations.services.joining import join_customers
from conversations.services.parting import undo_join

pytestmark = pytest.mark.django_db


def customer(name: str, phone: str) -> Customer:
    person = Customer.objects.create(
        name=name, name_seen_at=now(), phone_number=phone, first_seen_at=now(), last_seen_at=now()
    )
    CustomerIdentity.objects.create(customer=person, kind="phone", value=phone, first_seen_at=now())
    Room.objects.create(
        source="crm", external_id=name, customer=person, channel="whatsapp", started_at=now()
    )
    return person


def state(person: Customer) -> dict[str, Any]:
    """A customer's fields and rows, without the customer's own key."""
    person.refresh_from_db()
    return {
        "fields": model_to_dict(person, exclude=["id"]),
        "rooms": list(person.rooms.order_by("pk").values_list("pk", "external_id", "status")),
        "identities": list(person.identities.order_by("pk").values_list("pk", "kind", "value")),
    }


def test_joined_and_parted_everything_is_as_before() -> None:
    one, other = customer("Ayu", "+6281200000001"), customer("Bo", "+6281200000002")
    before = state(one), state(other)

    change = join_customers(customer=one, absorbed=other, because=("crm", "7"))
    assert one.rooms.count() == 2
    parted = undo_join(change=change)

    assert parted is not None
    assert (state(one), state(parted)) == before


@pytest.mark.parametrize("blocked", [0, 1])
def test_a_block_is_joined_and_parted_like_the_rest(blocked: int) -> None:
    people = [customer("Ayu", "+6281200000001"), customer("Bo", "+6281200000002")]
    Customer.objects.filter(pk=people[blocked].pk).update(blocked_at=now())
    for person in people:
        person.refresh_from_db()
    before = [state(person) for person in people]

    change = join_customers(customer=people[0], absorbed=people[1], because=("crm", "7"))
    assert people[0].blocked_at is not None
    parted = undo_join(change=change)

    assert parted is not None
    assert [state(people[0]), state(parted)] == before


def test_a_second_undo_changes_nothing() -> None:
    one, other = customer("Ayu", "+6281200000001"), customer("Bo", "+6281200000002")
    change = join_customers(customer=one, absorbed=other, because=("crm", "7"))
    undo_join(change=change)

    assert undo_join(change=change) is None
    assert Customer.objects.count() == 2


def test_what_came_after_the_join_stays_and_what_changed_since_is_kept() -> None:
    one, other = customer("Ayu", "+6281200000001"), customer("Bo", "+6281200000002")
    change = join_customers(customer=one, absorbed=other, because=("crm", "7"))
    Room.objects.create(
        source="crm", external_id="later", customer=one, channel="whatsapp", started_at=now()
    )
    Customer.objects.filter(pk=one.pk).update(name="Ayu Wulan")
    parted = undo_join(change=IdentityChange.objects.get(pk=change.pk))

    one.refresh_from_db()
    assert one.name == "Ayu Wulan"
    assert set(one.rooms.values_list("external_id", flat=True)) == {"Ayu", "later"}
    assert parted is not None
    assert parted.rooms.get().external_id == "Bo"


@pytest.mark.parametrize("opted_out", [0, 1])
def test_of_two_consents_the_stricter_holds_and_parting_gives_each_its_own_back(
    opted_out: int,
) -> None:
    """The other one opted in later: that was another number's word and lifts nothing."""
    people = [customer("Ayu", "+6281200000001"), customer("Bo", "+6281200000002")]
    note_consent(customer=people[opted_out], change="out", at=now() - timedelta(days=9))
    note_consent(customer=people[1 - opted_out], change="in", at=now() - timedelta(days=1))
    before = [state(person) for person in people]

    change = join_customers(customer=people[0], absorbed=people[1], because=("crm", "7"))
    people[0].refresh_from_db()
    assert people[0].opted_out_at is not None
    assert people[0].consents.count() == 2
    parted = undo_join(change=change)

    assert parted is not None
    assert [state(people[0]), state(parted)] == before
    assert [person.consents.count() for person in (people[0], parted)] == [1, 1]
