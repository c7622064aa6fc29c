"""An agent takes over from the bot, and gives back."""

import random
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils.timezone import now

from conversations.models import Message, Room, Sending
from conversations.services import posting
from conversations.services.sending import send_bot_reply, send_message
from conversations.services.takeover import pause_bot, resume_bot
from reviews.models import Review, ReviewSession
from tests.reviews.conftest import Say
from tests.reviews.making import make_customer, make_message, make_room


@pytest.mark.parametrize("hours", [1, 4])
def test_the_bot_is_silent_while_a_person_is_at_it_and_goes_on_where_it_stood(
    say: Say, hours: int
) -> None:
    with time_machine.travel(now()) as clock:
        say("Hi")
        pause_bot(room=Room.objects.get(), hours=hours)

        assert say("Can I talk to somebody?") == ""
        clock.shift(timedelta(hours=hours, seconds=1))
        assert say("iPhone 15") == "Okay, got it. What's your name?"


def test_the_bot_can_be_let_in_again_at_once(say: Say) -> None:
    say("Hi")
    room = Room.objects.get()
    pause_bot(room=room)
    resume_bot(room=room)

    assert say("iPhone 15") == "Okay, got it. What's your name?"


TEXTS = ("Hi", "iPhone 15", "John", "Good")
STAFF = ("take over", "take over", "answer", "give back")


def test_bot_and_agent_never_both_answer(say: Say, settings: Any) -> None:
    """A hundred shuffled conversations: the bot speaks only where nobody has taken over."""
    settings.CELERY_BROKER_URL = "memory://nobody-listens"
    for seed in range(100):
        sender = f"whatsapp:+62812{seed:08}"
        order = [*TEXTS, *STAFF]
        random.Random(seed).shuffle(order)
        is_taken, spoke = False, 0
        for what in order:
            room = Room.objects.filter(reply_address=sender).first()
            if what in TEXTS:
                heard = say(what, From=sender, WaId=sender[10:])
                assert (heard == "") is is_taken, (seed, order)
                spoke += heard != ""
            elif room is None:
                continue
            elif what == "give back":
                resume_bot(room=room)
                is_taken = False
            elif what == "answer":
                send_message(room=room, text="I am here", author=_agent())
                is_taken = True
            else:
                pause_bot(room=room)
                is_taken = True
        told = Message.objects.filter(room__reply_address=sender, sender="bot").count()
        steps = ReviewSession.objects.filter(customer__phone_number=sender[9:])
        assert (told, steps.count() <= 1) == (spoke, True)
        assert Review.objects.filter(customer__phone_number=sender[9:]).count() == (spoke == 4)


def _agent() -> User:
    return User.objects.get_or_create(username="agent")[0]


def test_a_late_reply_is_not_sent_once_somebody_has_taken_over(db: None, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "memory://nobody-listens"
    room = make_room(make_customer(), last_inbound_at=now())
    reply = make_message(room, sender="bot", body="What's your name?", sent_at=now())
    send_bot_reply(message=reply)
    pause_bot(room=room)

    posting.send_owed()

    sending = Sending.objects.get()
    assert (sending.state, sending.error_code) == ("refused", "bot_paused")
    reply.refresh_from_db()
    assert (reply.status, reply.error_text) == ("failed", "An agent has taken over meanwhile")
