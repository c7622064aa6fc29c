"""A room whose customer has just written, and an agent who may answer."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from conversations.models import Room
from tests.conversations.agents import staff
from tests.reviews.making import make_customer, make_room


@pytest.fixture
def room(db: None) -> Room:
    """A room whose customer wrote an hour ago."""
    return make_room(make_customer(), last_inbound_at=now() - timedelta(hours=1))


@pytest.fixture
def agent(client: Client, db: None) -> Client:
    """An agent: may see rooms and answer."""
    client.force_login(staff("view_room", "view_customer", "view_message", "add_message"))
    return client
