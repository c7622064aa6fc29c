"""The figures over HTTP: every way to ask wrongly, and who may see them."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from customer360.metrics import PICTURES
from customer360.models import ProfileBuild
from funnel_site.access.services import create_api_key
from tests.conftest import Api
from tests.customer360.figures_data import PATHS


# --- Wrong questions ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"date_from": "tomorrow"}, "date_from"),
        ({"date_to": "2026-02-30"}, "date_to"),
        ({"date_to": "31-01-2026"}, "date_to"),
        ({"date_from": "1900-01-01"}, "date_from"),
        ({"date_from": "2026-02-01", "date_to": "2026-01-01"}, "date_from"),
        ({"date_from": "2001-01-01", "date_to": "2026-01-01"}, "date_from"),
        ({"as_of": "2019-01-01"}, "as_of"),
        ({"segment": "' or 1=1"}, "segment"),
        ({"date_from": ""}, "date_from"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_parameter_is_named(api: Api, path: str, query: Any, field: str) -> None:
    answer = api.get(f"/api/{path}", **query)

    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1000000000", "five", "1e3", ""])
def test_a_wrong_limit_is_named(api: Api, limit: str) -> None:
    answer = api.get("/api/top_customers", limit=limit)

    assert (answer.status_code, answer.json()["field"]) == (400, "limit")


# --- Who may see it -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "path", ["/api/", *[f"/api/{one}" for one in PATHS], "/api/customers/1/profile"]
)
def test_strangers_and_other_scopes_see_nothing(client: Client, db: None, path: str) -> None:
    other = create_api_key(name="cards", scopes=["cards"])[1]

    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": f"Api-Key {other}"}).status_code == 403


def test_staff_need_the_permission(client: Client, built: ProfileBuild) -> None:
    user = User.objects.create_user("ana", is_staff=True)
    client.force_login(user)
    assert client.get("/api/kpis").status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_customerprofile"))

    assert client.get("/api/kpis").status_code == 200


def test_every_path_answers_with_and_without_a_slash_and_at_the_seed_path(
    api: Api, built: ProfileBuild
) -> None:
    for path in PATHS:
        answers = [
            api.get(form) for form in (f"/api/{path}", f"/api/{path}/", f"/{path}", f"/{path}/")
        ]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert answers[3]["Cache-Control"] == "no-store"


def test_the_welcome_lists_what_there_is(api: Api, built: ProfileBuild) -> None:
    body = api.get("/api/").json()

    assert "Welcome" in body["message"]
    assert all(figure.endpoint in body["endpoints"] for figure in PICTURES)
    assert {f"/api/{path}" for path in PATHS} <= set(body["endpoints"])


def test_the_root_is_the_welcome_for_programs_and_the_admin_for_people(
    api: Api, built: ProfileBuild, client: Client
) -> None:
    headers = {"Authorization": f"Api-Key {api.key}", "Accept": "application/json"}

    assert "Welcome" in client.get("/", headers=headers).json()["message"]
    assert client.get("/", headers={"Accept": "application/json"}).status_code == 401
    assert client.get("/", headers={"Accept": "text/html,*/*"})["Location"] == "/admin/"
