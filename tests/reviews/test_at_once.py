"""The same messages at once, from many threads, against the site as it is run."""

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.conftest import Site
from tests.reviews.conftest import INBOUND
from tests.site_server import serve
from tests.twilio_posts import (
    ACCOUNT,
    TOKEN,
    encode,
    message_form,
    pairs_of,
    replies_in,
    signature,
)
from tests.twilio_server import Callbacks, LocalTwilio

BASE = "http://localhost:8000"
TWILIO = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
COUNT = """
import json
from conversations.models import *
from reviews.models import *
print(json.dumps({
    "customers": Customer.objects.count(), "rooms": Room.objects.count(),
    "heard": Message.objects.filter(sender="customer").count(),
    "replies": Message.objects.filter(sender="bot").count(),
    "answers": BotAnswer.objects.count(), "events": InboundEvent.objects.count(),
    "waiting": InboundEvent.objects.exclude(state="processed").count(),
    "sessions": ReviewSession.objects.count(), "sendings": Sending.objects.count(),
    "reviews": list(Review.objects.values_list("product_name", "user_name", "product_review")),
}))
"""
TEXTS = ("Hi", "iPhone 15", "John", "Excellent phone with great camera!")


def counts(site: Site) -> dict[str, Any]:
    return json.loads(site.run("shell", "--no-imports", "-c", COUNT))  # type: ignore[no-any-return]


def post(address: str, form: Any) -> requests.Response:
    return requests.post(
        f"{address}{INBOUND}",
        data=encode(form),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature(f"{BASE}{INBOUND}", pairs_of(form)),
        },
        timeout=60,
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_four_messages_three_times_each_shuffled_from_eight_threads(
    make_site: Callable[[], Site], seed: int
) -> None:
    site = make_site()
    forms = [message_form(text) for text in TEXTS] * 3
    random.Random(seed).shuffle(forms)

    with serve(site, TWILIO) as address, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda form: (form["MessageSid"], post(address, form)), forms))

    assert {answer.status_code for _, answer in answers} == {200}
    assert len({(sid, answer.content) for sid, answer in answers}) == 4
    found = counts(site)
    [review] = found.pop("reviews")
    assert set(review) <= set(TEXTS)
    assert found == {
        "customers": 1,
        "rooms": 1,
        "heard": 4,
        "replies": 4,
        "answers": 4,
        "events": 4,
        "waiting": 0,
        "sessions": 1,
        "sendings": 0,
    }


def test_each_turn_three_times_at_once_gives_the_conversation_and_one_review(
    make_site: Callable[[], Site],
) -> None:
    site = make_site()
    told = []

    with serve(site, TWILIO) as address, ThreadPoolExecutor(8) as pool:
        for text in TEXTS:
            form = message_form(text)
            answers = list(pool.map(lambda same: post(address, same).content, [form] * 3))
            assert len(set(answers)) == 1
            told += replies_in(answers[0])

    assert told[-1] == "Thanks John -- your review for iPhone 15 has been recorded."
    found = counts(site)
    assert found["reviews"] == [["iPhone 15", "John", "Excellent phone with great camera!"]]
    assert (found["heard"], found["replies"], found["events"]) == (4, 4, 4)


def test_fifty_first_messages_of_one_person_make_one_customer(
    make_site: Callable[[], Site],
) -> None:
    site = make_site()
    forms = [message_form(f"message {number}") for number in range(50)]

    with serve(site, TWILIO) as address, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda form: post(address, form), forms))

    assert {answer.status_code for answer in answers} == {200}
    found = counts(site)
    assert (found["customers"], found["rooms"], found["heard"]) == (1, 1, 50)
    assert found["replies"] == 50


def test_a_phone_of_ones_own_without_any_account(make_site: Callable[[], Site]) -> None:
    """`chat` against the site as a newcomer has it: no Twilio in the settings."""
    site = make_site()
    site.env |= {"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": ""}

    with serve(site, {}) as address:
        told = site.run(
            "chat", "--as", "08123456789", "--url", address, stdin="\n".join(TEXTS).encode()
        )

    assert "Bot  Thanks John -- your review for iPhone 15 has been recorded." in told
    assert counts(site)["reviews"] == [["iPhone 15", "John", "Excellent phone with great camera!"]]
    status = site.run(
        "shell",
        "--no-imports",
        "-c",
        "from reviews.models import Review; print(Review.objects.get().status)",
    )
    assert status.strip() == "read"


def test_chat_says_what_is_wrong(make_site: Callable[[], Site]) -> None:
    site = make_site()
    for arguments in (["--as", "x"], ["--as", "08123456789", "--url", "http://127.0.0.1:9"]):
        with pytest.raises(AssertionError):
            site.run("chat", *arguments, stdin=b"Hi\n")


def test_an_agents_answer_through_a_wild_twilio_over_the_network(
    make_site: Callable[[], Site],
) -> None:
    """The whole way: the site calls the local Twilio, which calls the site back, signed."""
    site = make_site()
    twilio = LocalTwilio({ACCOUNT: TOKEN}, callbacks=Callbacks.WILD, seed=7)
    send = (
        "from conversations.models import *\n"
        "from conversations.services.sending import send_message\n"
        "for n in range(10): send_message(room=Room.objects.get(), text=f'answer {n}')"
    )
    with twilio:
        env = {**TWILIO, "TWILIO_API_BASE_URL": twilio.base_url}
        with serve(site, env) as address:
            twilio.route = lambda public: address + public.removeprefix(BASE)
            post(address, message_form("Hi"))
            site.env |= env
            site.run("shell", "--no-imports", "-c", send)
            twilio.settle()

    assert {answer for _, _, answer in twilio.delivered_callbacks} == {204}
    statuses = site.run(
        "shell",
        "--no-imports",
        "-c",
        "from conversations.models import *\n"
        "print(*Message.objects.filter(sender='agent').order_by('id').values_list('body', 'status'))",
    )
    assert statuses.strip() == " ".join(f"('answer {n}', 'read')" for n in range(10))
