"""Fixtures of several test files: a built shop, its staff, figures made by hand, agents and leads."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from customer360.models import ProfileBuild
from tests.customer360.desk import of_role
from tests.customer360.figures_data import make_build, make_summaries
from tests.customer360.shop import build_shop


@pytest.fixture
def shop(db: None) -> ProfileBuild:
    build = build_shop()
    assert build.state == "done", build.error
    return build


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def built(db: None) -> ProfileBuild:
    make_summaries()
    return make_build()


@pytest.fixture
def account(settings: Any) -> None:
    """An account and a broker that takes work and does none; the known card partners."""
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_AUTH_TOKEN = "a token of tests"
    settings.CELERY_BROKER_URL = "memory://"
    import_module("carddata.migrations.0002_known_partners").add_partners(apps, None)


@pytest.fixture
def sari(db: None) -> Client:
    return of_role("Support agent", "sari")


@pytest.fixture
def lead(db: None) -> Client:
    return of_role("Support lead", "chief")
