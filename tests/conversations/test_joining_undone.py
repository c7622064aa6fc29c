"""A join of two customers can be taken back: each has again what was its own."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.forms.models import model_to_dict
from django.utils.timezone import now

from conversations.models import Consent, Customer, CustomerIdentity, IdentityChange, Message, Room
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
    assert list(people[0].consents.order_by("at", "pk").values_list("change", "origin")) == [
        ("out", "staff"),
        ("in", "staff"),
        ("out", "joined"),
    ]
    parted = undo_join(change=change)

    assert parted is not None
    assert [state(people[0]), state(parted)] == before
    assert [person.consents.count() for person in (people[0], parted)] == [1, 1]


def said(person: Customer, change: str, days_ago: int, channel: str = "whatsapp") -> None:
    """The customer's own word, so long ago."""
    note_consent(
        customer=person,
        change=change,
        channel=channel,
        origin="customer",
        at=now() - timedelta(days=days_ago),
    )


def test_in_each_channel_the_stricter_holds_and_what_comes_late_does_not_lift_it() -> None:
    one, other = customer("Ayu", "+6281200000001"), customer("Bo", "+6281200000002")
    said(one, "out", 9)
    said(one, "in", 8, "sms")
    said(other, "out", 7, "sms")
    said(other, "in", 5)
    before = state(one), state(other)

    change = join_customers(customer=one, absorbed=other, because=("crm", "7"))
    one.refresh_from_db()
    assert (bool(one.opted_out_of("whatsapp")), bool(one.opted_out_of("sms"))) == (True, True)
    assert one.opted_out_of("telegram") is None
    joined = one.consents.get(origin="joined")
    assert joined.at == one.consents.get(change="in", channel="whatsapp").at

    parted = undo_join(change=change)
    assert parted is not None
    assert (state(one), state(parted)) == before
    assert not Consent.objects.filter(origin="joined").exists()

    join_customers(customer=one, absorbed=parted, because=("crm", "7"))
    said(one, "in", 6)
    assert one.opted_out_of("whatsapp") is not None
    said(one, "in", 0)
    assert one.opted_out_of("whatsapp") is None
    assert one.opted_out_of("sms") is not None


def test_words_since_the_join_go_by_their_room_when_the_two_are_parted() -> None:
    one, other = customer("Ayu", "+6281200000001"), customer("Bo", "+6281200000002")
    change = join_customers(customer=one, absorbed=other, because=("crm", "7"))
    for name, days_ago in (("Ayu", 2), ("Bo", 1)):
        room = Room.objects.get(external_id=name)
        at = now() - timedelta(days=days_ago)
        message = Message.objects.create(
            room=room, customer=one, source="crm", sender="customer", sent_at=at, received_at=at
        )
        consent = note_consent(customer=one, change="out", channel="whatsapp", at=at)
        Consent.objects.filter(pk=consent.pk).update(message=message)

    parted = undo_join(change=change)

    one.refresh_from_db()
    assert parted is not None
    assert one.opted_out_at == one.consents.get().at < parted.consents.get().at
    assert Customer.objects.get(pk=parted.pk).opted_out_at == parted.consents.get().at


def test_joins_from_before_keep_their_opt_out_until_they_are_undone() -> None:
    """Their record knows no channels, and their ledger ends with the other one's opt-in."""
    one, other = customer("Ayu", "+6281200000001"), customer("Bo", "+6281200000002")
    said(one, "out", 9, "")
    said(other, "in", 5, "")
    Customer.objects.update(opted_out_channels={})
    one.refresh_from_db()
    before = state(one), state(other)
    change = join_customers(customer=one, absorbed=other, because=("crm", "7"))
    Consent.objects.filter(origin="joined").delete()
    Customer.objects.update(opted_out_channels={}, opted_out_at=one.consents.get(change="out").at)
    for part in ("fields", "survivor", "after"):
        del change.absorbed[part]["opted_out_channels"]
    change.absorbed["after"]["opted_out_at"] = change.absorbed["survivor"]["opted_out_at"]
    del change.absorbed["rows"]["conversations.Consent.customer"]
    change.save()
    migration = import_module("conversations.migrations.0020_consent_by_channel")

    for _ in range(2):
        migration.note_joins(apps, None)
    assert one.consents.get(origin="joined").at == one.consents.get(change="in").at
    parted = undo_join(change=change)
    assert parted is not None
    assert (state(one), state(parted)) == before

    change = join_customers(customer=one, absorbed=parted, because=("crm", "7"))
    said(one, "out", 8)
    assert one.opted_out_of("telegram") is not None
    migration.forget_joins(apps, None)
    assert not Consent.objects.filter(origin="joined").exists()
