"""Every import and export button, and every button that changes something: who may press it, and how."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, reverse

pytestmark = pytest.mark.django_db

CHANGING = [
    "admin:conversations_inboundevent_replay_all",
    "admin:funnels_keyword_sync_now",
    "admin:customer360_profilebuild_build_changed",
    "admin:customer360_profilebuild_build_all",
]


def buttons(kind: str) -> list[str]:
    found = []
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}"
        try:
            found.append(reverse(name))
        except NoReverseMatch:
            continue
    return sorted(found)


def test_there_are_buttons_to_walk() -> None:
    assert len(buttons("export")) >= 12
    assert len(buttons("import")) >= 9


@pytest.mark.parametrize("kind", ["import", "export", "process_import"])
def test_staff_without_a_permission_import_and_export_nothing(client: Client, kind: str) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    for address in buttons(kind):
        answers: list[Any] = [client.get(address), client.post(address, {"format": "0"})]
        assert {answer.status_code for answer in answers} <= {403, 405}, address


@pytest.mark.parametrize("name", CHANGING)
def test_a_link_alone_changes_nothing(client: Client, name: str, settings: Any) -> None:
    client.force_login(User.objects.create_superuser("root"))
    before = _rows()
    page = client.get(reverse(name))
    assert page.status_code == 200
    assert "csrfmiddlewaretoken" in page.content.decode()
    assert _rows() == before


def _rows() -> list[int]:
    from customer360.models import ProfileBuild
    from funnels.models import KeywordSync

    return [ProfileBuild.objects.count(), KeywordSync.objects.count()]
