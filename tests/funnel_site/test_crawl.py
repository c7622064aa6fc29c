"""Every address of the admin, as the resolver knows them: nothing breaks, nothing is open to strangers,
and no page asks the database more often because there is more to show."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from tests.funnel_site.world import (
    MISSING,
    NOBODY,
    ROLES,
    World,
    enter,
    hidden_from,
    make_others,
    make_world,
    parts_of,
)

pytestmark = pytest.mark.django_db
OPEN = re.compile("^/admin/(login|jsi18n)/$")
# Their work grows with what they are given, by its nature; and what ends the session of the walk.
NOT_COUNTED = re.compile("/(logout|export|clear_list)/")
FEW, MANY = 3, 14
SPARE = 2
"""Statements that a page may need more by chance: a cache that was filled by the first visit."""


@pytest.fixture
def world() -> World:
    return make_world()


def site_addresses(world: World) -> list[str]:
    """Every address below /admin/ with its places filled in."""
    return sorted(set(_walked(get_resolver(), "/", world)))


def _walked(resolver: Any, before: str, world: World) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        text = before + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from _walked(pattern, text, world)
        elif isinstance(pattern, URLPattern) and text.startswith("/admin/"):
            yield filled(text, world)


def filled(text: str, world: World) -> str:
    """An address with the keys of the world's rows, by the model that it lies under."""
    app, model = (*text.split("/")[2:4], "")[:2]
    keys = {
        "file_id": world.keys["carddata.partnerfile"],
        "funnel_id": world.keys["funnels.funnel"],
        "message": world.keys["conversations.message"],
        "label": "conversations.customer",
        "app_label": "conversations",
    }

    def value(found: re.Match[str]) -> str:
        name = found[2] or found[3]
        if found[1] == "slug":
            return "kpis"
        return str(keys.get(name, world.keys.get(f"{app}.{model}", MISSING)))

    text = text.replace("(?P<url>.*)$", "nothing/at/all")
    text = re.sub(r"\(\?P<app_label>[^)]*\)/?\$?", "conversations/", text)
    return re.sub(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>[^)]*\)", value, text).replace("\\Z", "")


def test_the_walk_finds_every_kind_of_address(world: World) -> None:
    found = site_addresses(world)
    assert len(found) > 300
    assert not [address for address in found if re.search(r"[<>()^$\\]", address)]
    for ending in ("/add/", "/history/", "/delete/", "/export/", "/import/", "/autocomplete/"):
        assert [address for address in found if address.endswith(ending)], ending


def test_strangers_see_the_door_alone(world: World) -> None:
    client = Client()
    wrong = []
    for address in site_addresses(world):
        for answer in (client.get(address), client.post(address)):
            is_door = answer.status_code == 302 and "/admin/login/" in answer["Location"]
            is_shut = answer.status_code in (401, 403, 404, 405)
            if not (is_door or is_shut or OPEN.match(address)):
                wrong.append(f"{address}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_nothing_breaks_and_nothing_is_told_by_the_way(world: World, role: str) -> None:
    """Addresses beside the models' own, completions, searches and sorted lists."""
    client, may = enter(role)
    hidden = hidden_from(may)
    asked = [one for one in site_addresses(world) if len(one.split("/")) < 5]
    for model, page in admin.site._registry.items():
        label = model._meta
        home = f"/admin/{label.app_label}/{label.model_name}/"
        # Searched for by a part of the name that nothing else here holds.
        asked.append(f"{home}?q=Siti&o=1.-2&all=")
        asked += [
            f"/admin/autocomplete/?app_label={label.app_label}&model_name={label.model_name}"
            f"&field_name={name}&term=Siti"
            for name in page.autocomplete_fields
        ]
    wrong = []
    for address in asked:
        if "/logout/" in address:
            continue
        answer = client.get(address)
        if answer.status_code >= 500:
            wrong.append(f"{address}: {answer.status_code}")
        if answer.status_code == 200 and "/rejectedrow/" not in address:
            shown = parts_of(answer)
            wrong += [f"{address}: shows {trace}" for trace in hidden if trace in shown]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ["Analyst", "Operator"])
def test_the_log_names_nobody_for_whom_people_are_masked(world: World, role: str) -> None:
    client, may = enter(role)
    customer = world.keys["conversations.customer"]
    for action in ("export_admin_action", "replay"):
        for page in ("conversations/customer", "conversations/inboundevent", "reviews/review"):
            client.post(f"/admin/{page}/", {"action": action, "_selected_action": [customer]})
    told = " ".join(f"{row.object_repr} {row.change_message}" for row in LogEntry.objects.all())
    assert not [trace for trace in hidden_from(may) if trace in told]


def test_no_page_asks_more_often_because_there_is_more(world: World) -> None:
    chief = Client()
    chief.force_login(User.objects.create_superuser("chief"))
    make_others(2, FEW)
    pages = [one for one in site_addresses(world) if not NOT_COUNTED.search(one)]
    few = {address: statements(chief, address) for address in pages}
    make_others(FEW, MANY)

    grown = [
        f"{address}: {few[address]} to {many}"
        for address in pages
        if (many := statements(chief, address)) > few[address] + SPARE
        # Now and then a page notes that somebody is at work.
        and statements(chief, address) > few[address] + SPARE
    ]

    assert not grown, "\n".join(grown)


def statements(client: Client, address: str) -> int:
    """How many statements a page takes; none where it does not open."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
        if answer.streaming:
            answer.getvalue()
    assert answer.status_code < 500, address
    return len(captured) if answer.status_code == 200 else 0
