"""Bodies that cannot be read and keys that do not open: refused at every door, nothing kept."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from funnel_site.access.models import ApiKey
from funnel_site.access.services import create_api_key
from tests.conftest import Api
from tests.conversations.posts import BODIES, MESSAGE, counts


@pytest.mark.parametrize(("body", "status", "code"), BODIES)
def test_a_body_that_is_no_good_json_is_refused(
    api: Api, body: bytes, status: int, code: str
) -> None:
    answer = api.post("/api/messages/", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert counts() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/json; charset=bogus"}, 415),
        ({"content_type": "application/json; charset=utf-7"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Content-Length": "10737418240"}, 413),
        ({"Content-Length": "abc"}, 400),
        ({"Content-Length": "-5"}, 400),
    ],
)
@pytest.mark.parametrize("path", ["/api/messages/", "/api/rooms/", "/webhooks/messages"])
def test_a_transport_that_would_lose_bytes_is_refused(
    api: Api, path: str, headers: dict[str, str], status: int
) -> None:
    environ = {
        "CONTENT_TYPE": headers.get("content_type", "application/json"),
        "HTTP_AUTHORIZATION": f"Api-Key {api.key}",
    }
    names = {"Content-Length": "CONTENT_LENGTH", "Content-Encoding": "HTTP_CONTENT_ENCODING"}
    for name, value in headers.items():
        if name != "content_type":
            environ[names.get(name, "HTTP_TRANSFER_ENCODING")] = value

    answer = api.client.generic("POST", path, json.dumps(MESSAGE), **environ)  # type: ignore[arg-type]

    assert answer.status_code == status
    assert counts() == (0, 0, 0, 0)


PATHS = ["/api/messages/", "/api/rooms/", "/webhooks/messages", "/webhook", "/api/keywords/sync"]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_key_every_door_is_closed(client: Client, db: None, path: str) -> None:
    answer = client.post(path, data=json.dumps(MESSAGE), content_type="application/json")

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert counts() == (0, 0, 0, 0)


@pytest.mark.parametrize("path", PATHS)
def test_a_key_of_another_scope_is_refused(client: Client, db: None, path: str) -> None:
    secret = create_api_key(name="cards only", scopes=["cards"])[1]

    assert Api(client, secret).post(path, MESSAGE).status_code == 403


def test_a_revoked_expired_or_cut_key_is_refused(client: Client, db: None) -> None:
    key, secret = create_api_key(name="a", scopes=["ingest"])
    assert Api(client, secret[:-1]).post("/api/messages/", MESSAGE).status_code == 401
    ApiKey.objects.filter(pk=key.pk).update(expiry_date=now() - timedelta(days=1))
    assert Api(client, secret).post("/api/messages/", MESSAGE).status_code == 401
    ApiKey.objects.filter(pk=key.pk).update(expiry_date=None, revoked=True)
    assert Api(client, secret).post("/api/messages/", MESSAGE).status_code == 401
    assert client.post(f"/api/messages/?key={secret}", MESSAGE).status_code == 401


def test_a_key_is_kept_hashed_and_its_last_use_is_noted(api: Api, client: Client) -> None:
    api.post("/api/messages/", MESSAGE)

    key = ApiKey.objects.get()
    assert api.key.split(".")[1] not in key.hashed_key
    assert key.last_used_at is not None


def test_too_many_requests_of_one_key_are_told_when_to_come_again(api: Api, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3

    answers = [api.post("/api/messages/", MESSAGE) for _ in range(5)]

    assert [one.status_code for one in answers][-1] == 429
    assert int(answers[-1]["Retry-After"]) <= 60
