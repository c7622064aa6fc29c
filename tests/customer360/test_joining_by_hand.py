"""Two customers joined by hand and parted again: every row moves, and every byte comes back."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.db import connection, models
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from conversations.models import (
    Customer,
    CustomerIdentity,
    IdentityChange,
    Line,
    Message,
    MessageTemplate,
    Note,
    Referral,
    Room,
)
from conversations.services.consent import note_consent
from conversations.services.joining import JoinRefusedError, join_by_hand
from conversations.services.parting import undo_join
from customer360.models import (
    CustomerProfile,
    CustomerRecord,
    DuplicateCandidate,
    Segment,
    SegmentMembership,
)
from privacy.models import DataRequest, LegalHold
from reviews.models import Campaign, Invitation, Review, ReviewSession
from tests.funnels.making import make_funnel

pytestmark = pytest.mark.django_db
CONSENTS = {"Ayu": "in", "Budi": "out", "Cahya": "in", "Bambang": "out"}
DERIVED = {"customer360.CustomerProfile", "customer360.DuplicateCandidate"}
NOT_OF_THE_TWO = {
    "conversations_identitychange",
    "customer360_changedcustomer",
    "customer360_changedday",
    "audit_auditentry",
}


class Shared:
    """What both customers have to do with."""

    def __init__(self) -> None:
        self.line = Line.objects.create(address="whatsapp:+14155238886")
        self.template = MessageTemplate.objects.create(
            name="t", content_sid="HX" + "0" * 32, body="Hi"
        )
        self.campaign = Campaign.objects.create(name="c", line=self.line, template=self.template)
        self.segment = Segment.objects.create(name="s")
        self.stranger = Customer.objects.create(
            name="Stranger", first_seen_at=now(), last_seen_at=now()
        )


def full_customer(shared: Shared, name: str, phone: str) -> Customer:
    """A customer with a row in every table that hangs on customers."""
    moment = now() - timedelta(hours=len(name))
    person = Customer.objects.create(
        name=name,
        name_seen_at=moment,
        phone_number=phone,
        email=f"{name.lower()}@shop.id",
        first_seen_at=moment,
        last_seen_at=moment,
    )
    CustomerIdentity.objects.create(
        customer=person, kind="phone", value=phone, first_seen_at=moment
    )
    IdentityChange.objects.create(customer=person, change="replaced", kind="phone", value=phone)
    note_consent(customer=person, change=CONSENTS[name], channel="whatsapp", at=moment)
    room = _conversation(person, moment)
    _review(shared, person, room, moment)
    _profile(shared, person)
    return person


def _conversation(person: Customer, moment: datetime) -> Room:
    room = Room.objects.create(
        source="session",
        external_id=person.name,
        customer=person,
        channel="whatsapp",
        started_at=moment,
        last_message_at=moment,
    )
    room.participants.add(person)
    message = Message.objects.create(
        room=room,
        customer=person,
        source="crm",
        external_id=person.name,
        sender="customer",
        sent_at=moment,
        received_at=moment,
    )
    Referral.objects.create(message=message, customer=person, at=moment)
    Note.objects.create(customer=person, room=room, body="Calls back on Monday")
    LegalHold.objects.create(customer=person, reason="case 7", set_at=moment)
    DataRequest.objects.create(kind="export", customer=person, made_at=moment, who="steward")
    make_funnel(room, channel="ads", began_at=moment, leads_date=moment)
    return room


def _review(shared: Shared, person: Customer, room: Room, moment: datetime) -> None:
    invitation = Invitation.objects.create(campaign=shared.campaign, customer=person)
    session = ReviewSession.objects.create(
        customer=person,
        room=room,
        our_address=shared.line.address,
        invitation=invitation,
        started_at=moment,
        touched_at=moment,
    )
    Review.objects.create(
        customer=person,
        created_at=moment,
        user_name=person.name,
        contact_number=person.phone_number,
        session=session,
        rating=4,
        product_name="Tea",
        product_review="Good",
    )


def _profile(shared: Shared, person: Customer) -> None:
    CustomerRecord.objects.create(external_id=person.name, customer=person)
    CustomerProfile.objects.create(
        customer=person,
        customer_segment="Champions",
        value_tier="high",
        churn_risk="low",
        total_lifetime_value=Decimal("12.50"),
        build_id=1,
    )
    SegmentMembership.objects.create(
        segment=shared.segment, customer=person, entered_on=date(2025, 4, 1)
    )
    one, other = sorted((person.pk, shared.stranger.pk))
    DuplicateCandidate.objects.create(
        one_id=one, other_id=other, score=60, reasons=["x"], state="not_same"
    )


def everything() -> dict[str, list[str]]:
    """Every row of every table of ours, as the database stores it, but notes of what changed."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if table not in NOT_OF_THE_TWO:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                found[table] = sorted(map(repr, cursor.fetchall()))
    return found


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def pair(shared: Shared) -> tuple[Customer, Customer]:
    return (
        full_customer(shared, "Ayu", "+6281200000001"),
        full_customer(shared, "Bambang", "+6281200000002"),
    )


def relations() -> list[Any]:
    return [
        field
        for field in Customer._meta.get_fields(include_hidden=True)
        if isinstance(field, models.ManyToOneRel)
    ]


def test_every_foreign_key_to_a_customer_moves(pair: tuple[Customer, Customer]) -> None:
    keep, absorb = pair
    hanging = {}
    for relation in relations():
        rows = relation.related_model._base_manager.filter(**{relation.field.name: absorb})
        hanging[relation] = list(rows.values_list("pk", flat=True))
        assert hanging[relation] or relation.related_model._meta.label in DERIVED, (
            f"the test has no row of {relation.related_model._meta.label}"
        )
    key = absorb.pk
    change = join_by_hand(keep=keep.pk, absorb=key, reason="said so", made_by=None)

    for relation, keys in hanging.items():
        model, name = relation.related_model, relation.field.name
        assert not model._base_manager.filter(**{f"{name}_id": key}).exists()
        if relation.hidden:
            continue
        there = set(model._base_manager.filter(**{name: keep}).values_list("pk", flat=True))
        gone = set(keys) - there
        lost = change.absorbed["rows"].get(f"{model._meta.label}.{name}", {}).get("lost", [])
        # A second invitation of one campaign is kept with the join.
        assert gone == {int(row["id"]) for row in lost}
    assert {one.related_model._meta.label for one in relations() if one.hidden} == {
        *DERIVED,
        "conversations.Room_participants",
    }


@pytest.mark.parametrize("keeps_first", [True, False])
def test_joined_and_parted_every_table_is_byte_for_byte_as_before(
    pair: tuple[Customer, Customer], *, keeps_first: bool
) -> None:
    keep, absorb = pair if keeps_first else pair[::-1]
    before = everything()
    change = join_by_hand(keep=keep.pk, absorb=absorb.pk, reason="said so", made_by=None)
    joined = everything()
    assert joined["conversations_room"] != before["conversations_room"]

    assert undo_join(change=change) is not None
    after = everything()
    assert {table: rows for table, rows in after.items() if rows != before[table]} == {}
    assert IdentityChange.objects.get(pk=change.pk).absorbed["left"] == {}


def test_a_session_that_the_join_closed_is_open_again(pair: tuple[Customer, Customer]) -> None:
    change = join_by_hand(keep=pair[0].pk, absorb=pair[1].pk, reason="x", made_by=None)
    assert Room.objects.filter(status="open").count() == 1
    undo_join(change=change)

    assert Room.objects.filter(status="open", closed_at=None).count() == 2
    assert ReviewSession.objects.filter(ended_at=None).count() == 2
    assert Invitation.objects.count() == 2


def test_what_came_later_goes_by_its_own_key_and_the_rest_is_listed(
    pair: tuple[Customer, Customer],
) -> None:
    keep, absorb = pair
    change = join_by_hand(keep=keep.pk, absorb=absorb.pk, reason="x", made_by=None)
    common = {"source": "crm", "customer": keep, "channel": "whatsapp", "started_at": now()}
    theirs = Room.objects.create(external_id="theirs", owner_key="phone:+6281200000002", **common)
    Message.objects.create(
        room=theirs,
        customer=keep,
        source="crm",
        sender="customer",
        sent_at=now(),
        received_at=now(),
    )
    unclear = Room.objects.create(external_id="unclear", **common)
    Customer.objects.filter(pk=keep.pk).update(name="Corrected")
    parted = undo_join(change=change)

    assert parted is not None
    assert parted.pk == change.absorbed["customer"]
    theirs.refresh_from_db()
    assert theirs.customer == parted
    assert theirs.messages.get().customer == parted
    left = IdentityChange.objects.get(pk=change.pk).absorbed["left"]
    assert left["conversations.Room.customer"] == [str(unclear.pk)]
    keep.refresh_from_db()
    assert keep.name == "Corrected"


def test_a_row_changed_since_the_join_is_left_and_listed(pair: tuple[Customer, Customer]) -> None:
    change = join_by_hand(keep=pair[0].pk, absorb=pair[1].pk, reason="x", made_by=None)
    Room.objects.filter(status="resolved").update(closed_at=now() + timedelta(days=1))
    undo_join(change=change)

    left = IdentityChange.objects.get(pk=change.pk).absorbed["left"]
    assert list(left) == ["conversations.Room.customer"]


def test_not_the_same_holds_for_the_joined_customer(
    shared: Shared, pair: tuple[Customer, Customer]
) -> None:
    DuplicateCandidate.objects.filter(one__in=pair[:1]).delete()
    DuplicateCandidate.objects.filter(other__in=pair[:1]).delete()
    join_by_hand(keep=pair[0].pk, absorb=pair[1].pk, reason="x", made_by=None)

    said = DuplicateCandidate.objects.get()
    assert {said.one_id, said.other_id} == {pair[0].pk, shared.stranger.pk}
    assert said.state == "not_same"


def test_three_customers_end_the_same_in_whatever_order_they_are_joined(shared: Shared) -> None:
    people = [
        full_customer(shared, name, f"+628120000000{number}")
        for number, name in enumerate(("Ayu", "Budi", "Cahya"))
    ]
    ends = set()
    for first, second, third in permutations([one.pk for one in people]):
        changes = [join_by_hand(keep=first, absorb=second, reason="x", made_by=None)]
        changes.append(join_by_hand(keep=third, absorb=first, reason="x", made_by=None))
        joined = Customer.objects.get(pk=third)
        values = model_to_dict(joined, exclude=["id"])
        words = joined.consents.order_by("at", "origin").values_list("at", "change", "origin")
        ends.add(repr((values, joined.first_seen_at, joined.name_seen_at, list(words))))
        for change in reversed(changes):
            undo_join(change=IdentityChange.objects.get(pk=change.pk))
    assert len(ends) == 1


def test_a_customer_and_itself_and_a_second_time_are_refused(
    pair: tuple[Customer, Customer],
) -> None:
    keep, absorb = pair[0].pk, pair[1].pk
    with pytest.raises(JoinRefusedError, match="itself"):
        join_by_hand(keep=keep, absorb=keep, reason="x", made_by=None)
    join_by_hand(keep=keep, absorb=absorb, reason="x", made_by=None)
    once = everything()
    with pytest.raises(JoinRefusedError, match="gone"):
        join_by_hand(keep=keep, absorb=absorb, reason="x", made_by=None)
    assert everything() == once


# --- The page -------------------------------------------------------------------------------------
def staff(*permissions: str) -> Client:
    user = User.objects.create_user("agent", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_staff_see_both_and_join_them(pair: tuple[Customer, Customer]) -> None:
    client = staff("join_customer", "view_customer", "see_contacts", "see_phones")
    page = reverse("admin:conversations_customer_join")
    one, other = pair
    shown = client.get(page, {"one": one.pk, "other": other.pk})
    assert one.phone_number in shown.content.decode()
    assert other.phone_number in shown.content.decode()
    assert Customer.objects.filter(pk=other.pk).exists()

    answer = client.post(
        page, {"one": one.pk, "other": other.pk, "keep": other.pk, "reason": "by phone"}
    )
    assert answer["Location"] == reverse("admin:conversations_customer_change", args=[other.pk])
    change = IdentityChange.objects.get(change="joined")
    assert (change.customer_id, change.value) == (other.pk, "by phone")
    assert change.made_by is not None
    assert change.made_by.username == "agent"


def test_the_page_is_for_those_who_may_join(pair: tuple[Customer, Customer]) -> None:
    page = reverse("admin:conversations_customer_join")
    fields = {"one": pair[0].pk, "other": pair[1].pk, "keep": pair[0].pk, "reason": "x"}
    assert staff("view_customer", "change_customer").post(page, fields).status_code == 403
    assert Customer.objects.filter(pk=pair[1].pk).exists()


@pytest.mark.parametrize("other", ["same", "gone", "words"])
def test_the_page_refuses_one_customer_and_missing_ones(
    pair: tuple[Customer, Customer], other: str
) -> None:
    client = staff("join_customer", "view_customer")
    number = {"same": str(pair[0].pk), "gone": "999999", "words": "x"}[other]
    answer = client.get(
        reverse("admin:conversations_customer_join"), {"one": str(pair[0].pk), "other": number}
    )
    assert answer["Location"] == reverse("admin:conversations_customer_changelist")


def test_keeping_a_third_or_giving_no_reason_is_refused(pair: tuple[Customer, Customer]) -> None:
    client = staff("join_customer", "view_customer")
    page = reverse("admin:conversations_customer_join")
    fields = {"one": pair[0].pk, "other": pair[1].pk}
    for extra in ({"keep": 1_000, "reason": "x"}, {"keep": pair[0].pk, "reason": ""}):
        assert client.post(page, {**fields, **extra}).status_code == 200
    assert not IdentityChange.objects.filter(change="joined").exists()
