"""What strangers can reach, what migrations are called, and that they can be taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.conftest import ROOT

OPEN = {
    "home",
    "live",
    "ready",
    "schema",
    "docs",
    "sent-file",
    "webhook",
    "webhook-messages",
    "twilio-inbound",
    "twilio-status",
    "twilio-status-alias",
}
OUR_APPS = {"access", "conversations", "funnels", "reviews", "carddata", "customer360"}


def addresses(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern), pattern


def of_the_site() -> list[tuple[str, URLPattern]]:
    return [
        (address, pattern)
        for address, pattern in addresses(get_resolver().url_patterns)
        if not address.startswith("admin/")
    ]


def filled(address: str) -> str:
    """An address as a caller would send it: groups filled, anchors and options gone."""
    import re

    plain = re.sub(r"\(\?P<\w+>[^)]*\)", "1", address)
    plain = re.sub(r"\(\?:([^|)]*)[^)]*\)", r"\1", plain)
    return "/" + plain.replace("^", "").replace("/?$", "").replace("$", "").replace("\\", "")


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "pattern"), of_the_site())
def test_a_stranger_is_kept_out_of_all_but_the_named_few(
    client: Client, address: str, pattern: URLPattern
) -> None:
    answers = [
        client.get(filled(address)),
        client.post(filled(address), data="{}", content_type="application/json"),
    ]
    if pattern.name in OPEN or address == "favicon.ico":
        assert all(answer.status_code != 404 for answer in answers)
        return
    assert {answer.status_code for answer in answers} <= {401, 405}, address
    assert 401 in {answer.status_code for answer in answers}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/webhook", "/webhooks/messages"])
def test_an_open_webhook_still_wants_a_signature(client: Client, path: str) -> None:
    answer = client.post(path, data="{}", content_type="application/json")
    assert answer.status_code in {401, 403}


def test_migrations_say_what_they_do() -> None:
    unnamed = [
        path.relative_to(ROOT)
        for path in Path(ROOT).glob("*/migrations/0*.py")
        if "_auto_" in path.name or path.stem.split("_", 1)[1].startswith("alter_")
    ]
    assert not unnamed


@pytest.mark.django_db
def test_every_migration_can_be_taken_back() -> None:
    loader = MigrationLoader(None)
    stuck = [
        (app, name, operation)
        for (app, name), migration in loader.disk_migrations.items()
        if app in OUR_APPS
        for operation in migration.operations
        if not operation.reversible
    ]
    assert not stuck
