"""One of each thing, all about the same person: what the walks by every role look for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import models
from django.test import Client
from django.urls import URLPattern
from django.utils.timezone import now

from carddata.models import PartnerFile
from conversations.models import Customer, InboundEvent, Line, Message, MessageTemplate, Room
from customer360.models import CustomerProfile, CustomerRecord
from funnel_site.access.models import Approval
from funnel_site.access.roles import matrix
from funnels.models import Keyword
from reviews.models import Review
from tests.carddata.cards import make_card
from tests.funnels.making import make_funnel
from tests.reviews.making import make_customer, make_message, make_room

PHONE, NAME, EMAIL = "+6281298765432", "Siti Rahmawati", "siti.rahmawati@example.com"
SAID = "my secret is a blue door"
NUMBER = "81298765432"
TRACES = (NUMBER, "Rahmawati", "siti.rahmawati", "blue door")
ROLES = {role.name: role for role in matrix().roles}
NOBODY = "No role"
MISSING = 999_999_999
# Their links do something: only a refusal is walked.
BUTTONS = re.compile(
    "_(replay_one|sync_now|build_changed|build_all|clear_list|match_waiting_reviews)$"
)


@dataclass
class World:
    """The person's rows: a room of theirs, one that a colleague has, a dead letter, keys by label."""

    room: Room
    theirs: Room
    event: InboundEvent
    keys: dict[str, int]


def make_world() -> World:
    """The person whom the traces name."""
    customer = make_customer(1, name=NAME, email=EMAIL)
    Customer.objects.filter(pk=customer.pk).update(phone_number=PHONE)
    customer.identities.update(value=PHONE)
    customer.refresh_from_db()
    room = make_room(customer, last_inbound_at=now())
    theirs = make_room(customer, source="crm", assigned_to=User.objects.create_user("colleague"))
    made = rows_of_a_person(customer, room)
    event = next(one for one in made if isinstance(one, InboundEvent))
    return World(room, theirs, event, {one._meta.label_lower: one.pk for one in made})


def make_others(first: int, last: int) -> None:
    """More people, each with as much: lists and pages have more rows, and the first person more beside."""
    for number in range(first, last):
        customer = make_customer(number, name=f"Person {number}")
        room = make_room(customer, last_inbound_at=now())
        rows_of_a_person(customer, room, number)


def rows_of_a_person(customer: Customer, room: Room, number: int = 1) -> list[models.Model]:
    """What hangs on a person, and the tables beside them; each number makes rows of its own."""
    make_message(room, body=SAID)
    return [
        customer,
        room,
        *_of_their_talk(customer, room, number),
        *_of_their_cards(customer, number),
        *_of_their_profile(customer, number),
        *_beside_them(number),
        Message.objects.filter(room=room).latest("pk"),
    ]


def _of_their_talk(customer: Customer, room: Room, number: int) -> list[models.Model]:
    moment = now()
    phone = customer.phone_number
    return [
        InboundEvent.objects.create(
            source="crm",
            dedupe_key=str(number),
            state=InboundEvent.State.FAILED,
            received_at=moment,
            headers={"X-From": phone},
            body=f'{{"phone_number": "{phone}", "name": "{NAME}", "message": "{SAID}"}}'.encode(),
        ),
        make_funnel(room),
        Review.objects.create(
            customer=customer,
            contact_number=f"whatsapp:{phone}",
            user_name=customer.name,
            product_name="Lamp",
            product_review="Bright",
            created_at=moment,
        ),
    ]


def _of_their_cards(customer: Customer, number: int) -> list[models.Model]:
    card = make_card(f"ZYW{number}", contact=customer.phone_number)
    file: PartnerFile = card.event.file
    line = 3 + number
    raw = f"x,{customer.phone_number}"
    return [
        card,
        file,
        file.rejects.create(line=line, reason="invalid_card_id", raw=raw),
    ]


def _of_their_profile(customer: Customer, number: int) -> list[models.Model]:
    first, _, last = customer.name.partition(" ")
    return [
        CustomerProfile.objects.create(
            customer=customer, customer_segment="Champions", value_tier="high", build_id=1
        ),
        CustomerRecord.objects.create(
            external_id=f"c{number}",
            first_name=first,
            last_name=last,
            email=customer.email,
            phone_number=customer.phone_number,
            customer=customer,
        ),
    ]


def _beside_them(number: int) -> list[models.Model]:
    moment = now()
    return [
        Line.objects.create(name=f"Shop {number}", address=f"whatsapp:+1415523{number:04}"),
        MessageTemplate.objects.create(
            name=f"T{number}", content_sid=f"HX{number}", language="en", body="Hi"
        ),
        Keyword.objects.create(stage="opening", phrase=f"promo{number}"),
        Approval.objects.create(
            kind="customer_export",
            subject=f"Export of customer {number}",
            digest=str(number),
            reason="letter",
            asked_who="someone",
            asked_at=moment,
            expires_at=moment,
        ),
    ]


def enter(role: str) -> tuple[Client, frozenset[str]]:
    """A new member of staff with this role, signed in, and what the file gives the role."""
    user = User.objects.create_user("walker", is_staff=True)
    if role != NOBODY:
        user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client, ROLES[role].permissions if role != NOBODY else frozenset()


def addresses(world: World) -> Iterator[tuple[str, str, str]]:
    """Every address of every model's pages: its label, the address's name, the address."""
    for model, page in admin.site._registry.items():
        label = model._meta.label_lower
        for pattern in page.get_urls():
            if isinstance(pattern, URLPattern) and pattern.name:
                yield (
                    label,
                    pattern.name,
                    f"/admin/{label.replace('.', '/')}/{filled(pattern, label, world)}",
                )


def filled(pattern: URLPattern, label: str, world: World) -> str:
    keys = {
        "file_id": world.keys["carddata.partnerfile"],
        "funnel_id": world.keys["funnels.funnel"],
        "message": world.keys["conversations.message"],
    }

    def value(found: re.Match[str]) -> str:
        kind, name = found.groups()
        if kind == "slug":
            return "kpis"
        return str(keys.get(name, world.keys.get(label, MISSING)))

    return re.sub(r"<(\w+):(\w+)>", value, str(pattern.pattern))


def parts_of(answer: Any) -> str:
    """The text of an answer, streamed or not."""
    content = answer.getvalue() if answer.streaming else answer.content
    return str(content.decode("utf-8", "replace"))


def hidden_from(may: frozenset[str]) -> list[str]:
    """The traces that somebody with these permissions must never meet."""
    if "conversations.see_contacts" not in may:
        return list(TRACES)
    return [] if "conversations.see_phones" in may else [NUMBER]
