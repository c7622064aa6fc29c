"""What load balancers read: up or not, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.test import Client
from django.utils.timezone import now

from conversations.models import InboundEvent

OK, FAILING = {"status": "ok"}, {"status": "failing"}


@pytest.mark.parametrize("path", ["/health", "/health/", "/readyz", "/healthz"])
@pytest.mark.django_db(transaction=True)
def test_a_sound_site_says_ok(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, OK)


def test_the_process_is_alive_without_its_database(client: Client) -> None:
    assert client.get("/healthz").json() == OK


@pytest.mark.django_db(transaction=True)
def test_an_inbox_that_lags_is_not_ready_and_the_answer_has_no_detail(client: Client) -> None:
    InboundEvent.objects.create(
        source="api", dedupe_key="old", body=b"{}", received_at=now() - timedelta(minutes=6)
    )
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, FAILING)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_not_ready(client: Client) -> None:
    def away(*args: Any) -> None:
        raise OperationalError("connection to server at 10.0.0.1 failed: secret detail")

    with connection.execute_wrapper(away):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, FAILING)


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_is_not_ready(client: Client, settings: Any) -> None:
    from celery import current_app

    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    before = current_app.conf["broker_url"]
    current_app.conf["broker_url"] = settings.CELERY_BROKER_URL
    try:
        assert client.get("/readyz").status_code == 503
    finally:
        current_app.conf["broker_url"] = before


@pytest.mark.django_db(transaction=True)
def test_storage_that_cannot_be_written_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> str:
        raise OSError("No space left on device")

    monkeypatch.setattr(type(default_storage._wrapped), "save", full)  # type: ignore[attr-defined]
    assert client.get("/readyz").json() == FAILING
