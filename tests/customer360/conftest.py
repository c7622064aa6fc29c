"""Fixtures of several test files about profiles: a built shop, its staff, and figures made by hand."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from customer360.models import ProfileBuild
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
