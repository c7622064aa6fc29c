"""Who may look cards up, at what pace, and the log of every look."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from carddata.models import CardAccess
from funnel_site.access.services import create_api_key
from tests.carddata.cards import make_card
from tests.conftest import Api


def test_every_lookup_is_in_the_access_log(api: Api) -> None:
    make_card()
    api.get("/api/cards/zyw7631/status")
    api.get("/api/cards/ZYW0/status")
    api.get("/api/cards/ZYW7631/history")
    api.get("/api/cards", phone="0545576586")

    lines = CardAccess.objects.order_by("pk").values_list("kind", "subject", "outcome", "found")

    assert list(lines) == [
        ("card", "ZYW7631", "found", 1),
        ("card", "ZYW0", "not_found", 0),
        ("history", "ZYW7631", "found", 1),
        ("phone", "…6586", "found", 1),
        ("phone", "ZYW7631", "found", 1),
    ]
    access = CardAccess.objects.earliest("pk")
    assert (access.who, access.user_id) == ("tests", None)
    assert access.key_prefix == api.key.split(".")[0]
    assert len(access.request_id) >= 8


def test_no_key_another_scope_and_another_permission_are_refused(client: Client, db: None) -> None:
    make_card()
    _, secret = create_api_key(name="reports", scopes=["report"])
    paths = ["/api/cards/ZYW7631/status", "/get_card_status/ZYW7631", "/api/cards?phone=0545576586"]
    clerk = User.objects.create_user("clerk", password="x", is_staff=True)

    for path in paths:
        assert client.get(path).status_code == 401
        other = client.get(path, headers={"Authorization": f"Api-Key {secret}"})
        assert other.status_code == 403
        assert client.get(f"{path}{'&' if '?' in path else '?'}key={secret}").status_code == 401
    assert CardAccess.objects.filter(outcome="refused", who="reports").count() == 3

    client.force_login(clerk)
    assert client.get(paths[0]).status_code == 403
    refused = CardAccess.objects.latest("pk")
    assert (refused.user, refused.outcome, refused.subject) == (clerk, "refused", "ZYW7631")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_card_can_only_be_read(client: Client, api_key: str, method: str) -> None:
    make_card()
    send = getattr(client, method)

    answer = send("/api/cards/ZYW7631/status", headers={"Authorization": f"Api-Key {api_key}"})

    assert answer.status_code == 405


def test_staff_look_up_at_a_persons_pace(client: Client, db: None, settings: Any) -> None:
    settings.CARD_LOOKUPS_PER_MINUTE = 3
    make_card()
    agent = User.objects.create_user("agent", password="x", is_staff=True)
    agent.user_permissions.add(Permission.objects.get(codename="view_cardstatus"))
    client.force_login(agent)

    codes = [client.get("/api/cards/ZYW7631/status").status_code for _ in range(4)]

    assert codes == [200, 200, 200, 429]
    slow = client.get("/api/cards?card_id=ZYW7631")
    assert slow.status_code == 429
    assert 1 <= int(slow["Retry-After"]) <= 60
    assert CardAccess.objects.filter(user=agent).count() == 3


def test_a_key_is_throttled(api: Api, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    make_card()

    codes = [api.get("/api/cards/ZYW7631/status").status_code for _ in range(3)]

    assert codes == [200, 200, 429]


def test_head_answers_without_a_body(client: Client, api_key: str) -> None:
    make_card()

    answer = client.head(
        "/api/cards/ZYW7631/status", headers={"Authorization": f"Api-Key {api_key}"}
    )

    assert (answer.status_code, answer.content) == (200, b"")
