"""An agent and a lead, signed in, and an account with Twilio that nothing is sent by."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from tests.customer360.desk import of_role


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
