"""When the bot itself fails: the message is kept, Twilio is content, and the reply comes later."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from conversations.models import InboundEvent, Message
from conversations.services.drain import drain_inbox
from conversations.services.inbox import replay_events
from reviews.models import BotWords, ReviewSession
from tests.reviews.conftest import Post
from tests.twilio_posts import message_form, replies_in
from tests.twilio_server import LocalTwilio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def spoilt(post: Post) -> dict[str, Any]:
    """A message that came while the bot's words were not what they should be."""
    words = BotWords.objects.create(language="en", texts=["not", "a", "mapping"])
    form = message_form("Hi")
    response = post(form)
    assert (response.status_code, replies_in(response.content)) == (200, [])
    words.delete()
    return form


def test_the_message_is_a_dead_letter_and_nothing_is_half_written(spoilt: dict[str, Any]) -> None:
    event = InboundEvent.objects.get()

    assert (event.state, event.error_code) == ("failed", "cannot_be_processed")
    assert not Message.objects.exists()
    assert not ReviewSession.objects.exists()


def test_after_a_replay_the_reply_is_sent_by_itself(
    spoilt: dict[str, Any], twilio: LocalTwilio, post: Post
) -> None:
    replay_events(InboundEvent.objects.all())
    drain_inbox()

    assert [one["body"] for one in twilio.messages.values()] == [
        "Hi! Which product is this review for?"
    ]
    assert replies_in(post(spoilt).content) == []
    assert Message.objects.filter(sender="bot").count() == 1


def test_a_reply_that_would_come_too_late_is_not_sent(
    spoilt: dict[str, Any], twilio: LocalTwilio
) -> None:
    InboundEvent.objects.update(received_at=now() - timedelta(hours=2))
    replay_events(InboundEvent.objects.all())
    drain_inbox()

    assert not twilio.messages
    assert ReviewSession.objects.get().step == "start"
