"""An agent takes over from the bot, and gives back."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils.timezone import now

from conversations.models import Message, Room, Sending
from conversations.services import posting
from conversations.services.drain import drain_inbox
from conversations.services.inbox import Delivery, store_deliveries
from conversations.services.sending import send_bot_reply, send_message
from conversations.services.takeover import pause_bot, resume_bot
from conversations.services.twilio_inbox import TWILIO
from reviews.models import Review
from tests.reviews.conftest import Say
from tests.reviews.making import make_customer, make_message, make_room
from tests.twilio_posts import ACCOUNT, encode, message_form


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
CUSTOMERS = 100


def write(texts: dict[str, str]) -> None:
    """What customers write in the same moment, by their addresses."""
    forms = [message_form(text, From=who, WaId=who[10:]) for who, text in texts.items()]
    store_deliveries(
        source=TWILIO,
        deliveries=[
            Delivery(key=f"{ACCOUNT}:{form['MessageSid']}", body=encode(form)) for form in forms
        ],
        received_at=now(),
    )
    drain_inbox()


def spoken() -> Counter[str]:
    """How often the bot has answered each customer."""
    replies = Message.objects.filter(sender="bot").values_list("room__reply_address", flat=True)
    return Counter(replies)


def test_bot_and_agent_never_both_answer(db: None, settings: Any) -> None:
    """A hundred shuffled conversations: the bot speaks only where nobody has taken over."""
    settings.CELERY_BROKER_URL = "memory://nobody-listens"
    agent = User.objects.create(username="agent")
    orders = {}
    for seed in range(CUSTOMERS):
        order = [*TEXTS, *STAFF]
        random.Random(seed).shuffle(order)
        orders[f"whatsapp:+62812{seed:08}"] = order
    taken: set[str] = set()
    wanted: Counter[str] = Counter()
    for turn in range(len(TEXTS + STAFF)):
        doing = {who: order[turn] for who, order in orders.items()}
        write({who: what for who, what in doing.items() if what in TEXTS})
        wanted.update(who for who, what in doing.items() if what in TEXTS and who not in taken)
        assert spoken() == wanted
        for room in Room.objects.all():
            who = room.reply_address
            match doing[who]:
                case "give back":
                    resume_bot(room=room)
                    taken.discard(who)
                case "answer":
                    send_message(room=room, text="I am here", author=agent)
                    taken.add(who)
                case "take over":
                    pause_bot(room=room)
                    taken.add(who)

    assert len(set(wanted.values())) > 1
    finished = [who[9:] for who, number in wanted.items() if number == len(TEXTS)]
    reviewed = Review.objects.values_list("customer__phone_number", flat=True)
    assert sorted(reviewed) == sorted(finished)


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
