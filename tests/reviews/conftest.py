"""A Twilio account in the settings, and posts signed with its token."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from conversations.models import Room
from reviews.models import Campaign
from tests.reviews.making import make_campaign
from tests.twilio_posts import ACCOUNT, TOKEN, encode, message_form, pairs_of, replies_in, signature
from tests.twilio_server import Callbacks, LocalTwilio

BASE = "https://funnel.example"
INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"
Post = Callable[..., Any]
Say = Callable[..., str]


@pytest.fixture(autouse=True)
def _account(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = ACCOUNT
    settings.TWILIO_AUTH_TOKEN = TOKEN
    settings.TWILIO_AUTH_TOKENS = []
    settings.PUBLIC_BASE_URL = BASE


@pytest.fixture
def post(client: Client, db: None) -> Post:
    """Post a form as Twilio does; keyword arguments replace what is signed or sent."""

    def send(
        fields: Any,
        *,
        path: str = INBOUND,
        query: str = "",
        token: str = TOKEN,
        url: str = "",
        signed: str | None = None,
        content_type: str = "application/x-www-form-urlencoded",
        body: bytes | None = None,
        **headers: str,
    ) -> Any:
        target = f"{path}?{query}" if query else path
        made = signature(url or f"{BASE}{target}", pairs_of(fields), token)
        given = {"X-Twilio-Signature": made if signed is None else signed, **headers}
        return client.post(
            target,
            data=encode(fields) if body is None else body,
            content_type=content_type,
            headers={name: value for name, value in given.items() if value},
        )

    return send


@pytest.fixture
def say(post: Post) -> Say:
    """Write to the bot and hear its reply, "" for silence."""

    def write(text: str, **fields: Any) -> str:
        response = post(message_form(text, **fields))
        assert response.status_code == 200
        return "\n".join(replies_in(response.content))

    return write


@pytest.fixture
def twilio(settings: Any, db: None) -> Iterator[LocalTwilio]:
    with LocalTwilio({ACCOUNT: TOKEN}, callbacks=Callbacks.NONE) as server:
        settings.TWILIO_API_BASE_URL = server.base_url
        yield server


@pytest.fixture
def room(post: Post) -> Room:
    post(message_form("Hi"))
    return Room.objects.get()


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_campaign()
