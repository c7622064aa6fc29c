"""What a role does not reach besides pages: the API, files, filters, searches, other people's rooms."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import get_resolver

from conversations.models import Customer
from tests.funnel_site.world import (
    EMAIL,
    NAME,
    NOBODY,
    ROLES,
    TRACES,
    World,
    enter,
    hidden_from,
    make_world,
    parts_of,
)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


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
        if answer.status_code == 200:
            shown = parts_of(answer)
            assert not [trace for trace in hidden_from(may) if trace in shown], address


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
        {
            "format": "1",
            "resource": "",
            **{f"customerresource_{name}": "on" for name in ("phone_number", "name", "email")},
        },
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
