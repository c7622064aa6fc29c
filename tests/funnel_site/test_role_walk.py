"""Every page, button, file and address of the API, walked by every role: what the file says, no more."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import models
from django.test import Client, RequestFactory
from django.urls import URLPattern, get_resolver
from django.utils.timezone import now

from conversations.models import Customer, InboundEvent, Line, Message, MessageTemplate, Room
from customer360.models import CustomerProfile, CustomerRecord
from funnel_site.access.roles import matrix
from funnels.models import Funnel, Keyword
from reviews.models import Review
from tests.carddata.cards import make_card
from tests.reviews.making import make_customer, make_message, make_room

PHONE, NAME, EMAIL = "+6281298765432", "Siti Rahmawati", "siti.rahmawati@example.com"
SAID = "my secret is a blue door"
TRACES = ("81298765432", "Rahmawati", "siti.rahmawati", "blue door")
ROLES = {role.name: role for role in matrix().roles}
NOBODY = "No role"
MISSING = 999_999_999
# Addresses with a permission of their own: of a button, a file or a page for one deed.
OWN_PERMISSION = {
    "conversations_attachment_fetch": "conversations.view_message",
    "conversations_attachment_file": "conversations.view_message",
    "conversations_inboundevent_replay_all": "conversations.change_inboundevent",
    "conversations_inboundevent_replay_one": "conversations.change_inboundevent",
    "conversations_message_import": "conversations.change_inboundevent",
    "conversations_message_template_import": "conversations.change_inboundevent",
    "funnels_keyword_sync_now": "funnels.sync_keyword funnels.change_keyword",
    "reviews_botwords_edit": "reviews.change_botwords",
    "reviews_campaign_invite": "reviews.add_invitation",
    "reviews_review_import": "reviews.add_review",
    "reviews_review_template_import": "reviews.add_review",
    "reviews_review_process_import": "reviews.add_review",
    "carddata_partnerfile_send": "carddata.add_partnerfile",
    "carddata_partnerfile_upload": "carddata.add_partnerfile",
    "carddata_partnerfile_undo": "carddata.change_partnerfile",
    "carddata_rejectedrow_resubmit": "carddata.export_rejectedrow",
    "customer360_export": "customer360.export_customerprofile",
    "operations_overview": "operations.view_operations",
    "operations_system": "operations.view_operations",
    "privacy_datarequest_find": "privacy.export_customer privacy.erase_customer",
    "customer360_profilebuild_build_changed": "customer360.add_profilebuild",
    "customer360_profilebuild_build_all": "customer360.add_profilebuild",
}
# Pages of one's own, for everybody who may sign in.
FOR_EVERYBODY = re.compile("^(access_account|exports_(mine|live)$)")
# The agents' screen shows who a customer is: it takes a permission, and unmasked eyes.
DESK = {
    "customer360_find": "conversations.view_customer",
    "customer360_search": "conversations.view_customer",
    "customer360_customer": "conversations.view_customer",
    "customer360_customer_live": "conversations.view_customer",
    "customer360_queue": "conversations.view_room",
}
# Their links do something: only a refusal is walked.
BUTTONS = re.compile("_(replay_all|replay_one|sync_now|build_changed|build_all|clear_list)$")
ENDINGS = {"add": "add", "delete": "delete", "export": "export", "import": "change"}
POSTS = {
    "/admin/conversations/room/{room}/answer/": "conversations.add_message",
    "/admin/conversations/room/{room}/bot/": "conversations.add_message",
    "/admin/conversations/customer/{customer}/consent/": "conversations.add_consent",
    "/admin/conversations/customer/{customer}/block/": "conversations.add_consent",
    "/admin/funnels/funnel/{funnel}/correct/": "funnels.add_correction",
    "/admin/reviews/review/{review}/moderate/": "reviews.change_review",
    "/admin/reviews/review/{review}/answer/": "conversations.add_message",
    "/admin/carddata/partnerfile/{file}/cancel/": "carddata.change_partnerfile",
    "/admin/carddata/partnerfile/{file}/redo/": "carddata.change_partnerfile",
    "/admin/carddata/rejectedrow/file/{file}/dismiss/": "carddata.change_rejectedrow",
    "/admin/carddata/rejectedrow/file/{file}/retry/": "carddata.change_rejectedrow",
}
ACTIONS = {
    "replay": "conversations.change_inboundevent",
    "publish": "reviews.change_review",
    "hide": "reviews.change_review",
    "invite": "reviews.add_invitation",
    "part_again": "conversations.change_customer",
    "mark_seen": "carddata.change_staffnotice",
}
RAW = ("/admin/conversations/inboundevent/", "/admin/carddata/rejectedrow/")
"""Where operators see what came as it came: that is their work, and each look is noted."""


@dataclass
class World:
    """One of each thing, all about the same person."""

    room: Room
    theirs: Room
    event: InboundEvent
    keys: dict[str, int]


@pytest.fixture
def world(db: None) -> World:
    customer = make_customer(1, name=NAME, email=EMAIL)
    Customer.objects.filter(pk=customer.pk).update(phone_number=PHONE)
    customer.identities.update(value=PHONE)
    customer.refresh_from_db()
    room = make_room(customer, last_inbound_at=now())
    make_message(room, body=SAID)
    theirs = make_room(customer, source="crm", assigned_to=User.objects.create_user("colleague"))
    event = InboundEvent.objects.create(
        source="crm",
        dedupe_key="1",
        state=InboundEvent.State.FAILED,
        received_at=now(),
        headers={"X-From": PHONE},
        body=f'{{"phone_number": "{PHONE}", "name": "{NAME}", "message": "{SAID}"}}'.encode(),
    )
    funnel = Funnel.objects.create(
        room=room,
        cycle=1,
        customer=customer,
        stage="opening",
        channel="whatsapp",
        lead_basis="keyword",
        began_at=now(),
        leads_date=now(),
    )
    review = Review.objects.create(
        customer=customer,
        contact_number=f"whatsapp:{PHONE}",
        user_name=NAME,
        product_name="Lamp",
        product_review="Bright",
        created_at=now(),
    )
    card = make_card("ZYW1", contact=PHONE)
    file = card.event.file
    rejected = file.rejects.create(line=3, reason="invalid_card_id", raw=f"x,{PHONE}")
    profile = CustomerProfile.objects.create(
        customer=customer, customer_segment="Champions", value_tier="high", build_id=1
    )
    first, last = NAME.split()
    record = CustomerRecord.objects.create(
        external_id="c1",
        first_name=first,
        last_name=last,
        email=EMAIL,
        phone_number=PHONE,
        customer=customer,
    )
    made: list[models.Model] = [
        *(customer, room, event, funnel, review, card, file, rejected, profile, record),
        Line.objects.create(name="Shop", address="whatsapp:+14155238886"),
        MessageTemplate.objects.create(name="T", content_sid="HX1", language="en", body="Hi"),
        Message.objects.filter(room=room).latest("pk"),
        Keyword.objects.create(stage="opening", phrase="promo"),
    ]
    return World(room, theirs, event, {one._meta.label_lower: one.pk for one in made})


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


def needed(label: str, name: str) -> str:
    """The permissions of which one opens the address."""
    app, model = label.split(".")
    if name in OWN_PERMISSION:
        return OWN_PERMISSION[name]
    ending = name.rpartition("_")[2]
    if ending in ENDINGS:
        return f"{app}.{ENDINGS[ending]}_{model}"
    return f"{app}.view_{model} {app}.change_{model}"


def is_for(label: str, name: str, may: frozenset[str]) -> bool:
    """Whether somebody with these permissions is meant to open the address."""
    if FOR_EVERYBODY.search(name):
        return True
    if name in DESK:
        return {DESK[name], "conversations.see_contacts"} <= may
    app, model = label.split(".")
    if app == "customer360" and name.endswith("_import"):
        return {f"{app}.add_{model}", f"{app}.change_{model}"} <= may
    return bool(may & set(needed(label, name).split()))


def parts_of(answer: Any) -> str:
    content = answer.getvalue() if answer.streaming else answer.content
    return str(content.decode("utf-8", "replace"))


@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_the_pages_of_a_role(world: World, role: str) -> None:
    client, may = enter(role)
    chief = Client()
    chief.force_login(User.objects.create_superuser("chief"))
    sees_people = "conversations.see_contacts" in may
    wrong = []
    opened = 0
    seen: set[str] = set()
    for label, name, address in addresses(world):
        is_meant = is_for(label, name, may)
        if BUTTONS.search(name) and is_meant:
            continue
        answer = client.get(address)
        if answer.status_code >= 500 or (answer.status_code == 200 and not is_meant):
            wrong.append(f"{address} {name}: {answer.status_code}, not meant")
        if is_meant and answer.status_code != 200:
            # What nobody can open, as the form to add a message, this role cannot either.
            best = chief.get(address).status_code
            if best == 200:
                wrong.append(f"{address} {name}: {answer.status_code}, though meant")
        if answer.status_code != 200:
            continue
        opened += 1
        is_raw = "conversations.see_payloads" in may and address.startswith(RAW)
        shown = parts_of(answer)
        seen |= {trace for trace in TRACES if trace in shown}
        if not sees_people and not is_raw:
            wrong += [f"{address}: shows {trace}" for trace in TRACES if trace in shown]
    assert not wrong, "\n".join(wrong)
    assert (opened > 15) == (role != NOBODY)
    assert not sees_people or seen == set(TRACES)


@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_the_deeds_of_a_role(world: World, role: str) -> None:
    client, may = enter(role)
    keys = {
        "room": world.room.pk,
        "customer": world.keys["conversations.customer"],
        "funnel": world.keys["funnels.funnel"],
        "review": world.keys["reviews.review"],
        "file": world.keys["carddata.partnerfile"],
    }
    for address, permission in POSTS.items():
        status = client.post(address.format(**keys)).status_code
        app, model = address.split("/")[2:4]
        is_meant = permission in may and f"{app}.view_{model}" in may
        assert (status != 403) == is_meant, (address, status)


@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_the_actions_of_a_role(world: World, role: str) -> None:
    _, may = enter(role)
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get(username="walker")
    for model, page in admin.site._registry.items():
        offered = page.get_actions(request)
        label = model._meta
        for name in offered:
            permission = ACTIONS.get(name)
            if name == "export_admin_action":
                permission = f"{label.app_label}.export_{label.model_name}"
            if name == "delete_selected":
                permission = f"{label.app_label}.delete_{label.model_name}"
            if permission and (label.app_label, label.model_name) != ("axes", "accessattempt"):
                assert permission in may, (role, label.label, name)


def test_an_action_that_is_not_offered_does_nothing(world: World) -> None:
    for role in ("Auditor", "Privacy steward"):
        client, _ = enter(role)
        client.post(
            "/admin/conversations/inboundevent/",
            {"action": "replay", "_selected_action": [str(world.event.pk)]},
        )
        world.event.refresh_from_db()
        assert (world.event.state, world.event.attempts) == (InboundEvent.State.FAILED, 0)
        User.objects.get(username="walker").delete()


def api_addresses(world: World) -> Iterator[tuple[str, str]]:
    """Every address of the API that staff may be given, with its permission."""
    for pattern in get_resolver().url_patterns:
        view = getattr(getattr(pattern, "callback", None), "cls", None)
        if permission := getattr(view, "staff_permission", ""):
            text = str(pattern.pattern).removeprefix("^").removesuffix("/?$")
            text = text.replace("(?P<card_id>[^/]+)", "ZYW1")
            customer = str(world.keys["conversations.customer"])
            text = re.sub(r"\(\?P<customer_id>[^)]*\)", customer, text)
            yield re.sub(r"\(\?P<event_id>[^)]*\)", str(world.event.pk), text), permission


@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_the_api_of_a_role(world: World, role: str) -> None:
    client, may = enter(role)
    found = list(api_addresses(world))
    assert len(found) > 15
    for address, permission in found:
        answer = client.get(f"/{address}")
        if answer.status_code == 405:
            answer = client.post(f"/{address}")
        assert (answer.status_code == 403) == (permission not in may), (address, answer.status_code)
        if answer.status_code == 200 and "conversations.see_contacts" not in may:
            shown = parts_of(answer)
            assert not [trace for trace in TRACES if trace in shown], address


@pytest.mark.parametrize(
    "address",
    [
        "/admin/conversations/customer/?phone_number__startswith=%2B62812",
        "/admin/conversations/customer/?email__startswith=siti",
        "/admin/funnels/funnel/?customer__phone_number__startswith=%2B62812",
        "/admin/reviews/review/?user_name__contains=Rahma",
        "/admin/customer360/customerrecord/?last_name=Rahmawati",
    ],
)
def test_a_filter_by_person_is_refused_where_people_are_masked(world: World, address: str) -> None:
    client, _ = enter("Analyst")
    assert client.get(address).status_code in (302, 400)


@pytest.mark.parametrize(
    "page", ["conversations/customer", "funnels/funnel", "reviews/review", "customer360/customerprofile"]
)  # fmt: skip
def test_a_search_finds_nobody_where_people_are_masked(world: World, page: str) -> None:
    analyst, _ = enter("Analyst")
    for words in ("81298765432", "081298765432", "Rahmawati", EMAIL):
        shown = analyst.get(f"/admin/{page}/", {"q": words}).context["cl"]
        everything = analyst.get(f"/admin/{page}/").context["cl"]
        # Without a field to search in, a list stays whole: it tells nothing.
        assert shown.result_count in (0, everything.result_count)


@pytest.mark.parametrize(
    "address",
    ["/api/reviews?contact_number=%2B6281298765432", "/api/funnel-report?phone=%2B6281298765432"],
)
def test_the_api_searches_nobody_for_whom_people_are_masked(world: World, address: str) -> None:
    client, _ = enter("Analyst")
    answer = client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (403, "masked")


def test_files_are_masked_and_streamed_files_too(world: World) -> None:
    client, _ = enter("Analyst")
    posted = client.post(
        "/admin/conversations/customer/export/",
        {"format": "1", "resource": ""},
    )
    files = [parts_of(posted), parts_of(client.get("/api/funnel-report?format=csv"))]
    files.append(parts_of(client.get("/api/reviews")))
    for text in files:
        assert "5432" in text
        assert not [trace for trace in TRACES if trace in text]


def test_an_agent_does_not_reach_a_colleagues_room(world: World) -> None:
    client, _ = enter("Support agent")
    room = world.theirs.pk
    pages = "/admin/conversations/room"
    assert client.get(f"{pages}/{world.room.pk}/change/").status_code == 200
    for address in (f"{room}/change/", f"{room}/history/", f"{room}/live/", f"{room}/delete/"):
        assert client.get(f"{pages}/{address}").status_code in (302, 403)
    assert client.post(f"{pages}/{room}/answer/", {"body": "hi"}).status_code == 403
    listed = client.get(f"{pages}/?_popup=1").content.decode()
    assert f"{pages}/{room}/" not in listed
    messages = client.get(f"/admin/conversations/message/?room__id__exact={room}")
    assert messages.status_code in (302, 400) or not messages.context["cl"].result_count
    customer = client.get(
        f"/admin/conversations/customer/{world.keys['conversations.customer']}/change/"
    )
    assert f"{pages}/{room}/change/" not in customer.content.decode()


def test_who_leaves_a_role_is_out_with_the_next_request(world: World) -> None:
    client, _ = enter("Support agent")
    page = f"/admin/conversations/room/{world.room.pk}/change/"
    assert client.get(page).status_code == 200
    User.objects.get(username="walker").groups.clear()
    assert client.get(page).status_code in (302, 403)


def test_a_masked_field_cannot_be_written(world: World) -> None:
    """A role of one's own that may change customers without seeing them changes no name."""
    own = Group.objects.create(name="Night shift")
    own.permissions.set(
        Permission.objects.filter(codename__in=["view_customer", "change_customer"])
    )
    user = User.objects.create_user("walker", is_staff=True)
    user.groups.add(own)
    client = Client()
    client.force_login(user)
    key = world.keys["conversations.customer"]
    page = client.get(f"/admin/conversations/customer/{key}/change/").content.decode()
    assert not [trace for trace in TRACES if trace in page]
    client.post(
        f"/admin/conversations/customer/{key}/change/",
        {"name": "Nobody", "email": "x@example.com", "identities-TOTAL_FORMS": "0",
         "identities-INITIAL_FORMS": "0"},
    )  # fmt: skip
    assert Customer.objects.get(pk=key).name == NAME
