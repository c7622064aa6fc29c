"""Delivery statuses: whatever comes, in whatever order and however often, the end is the same."""

import random
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from conversations.delivery import ORDER, RANK
from conversations.models import Customer, InboundEvent, Message, ParkedStatus
from conversations.services.drain import drain_inbox
from conversations.services.statuses import (
    apply_parked,
    apply_report,
    forget_orphans,
    note_sid,
)
from conversations.twilio_shapes import StatusReport
from reviews.models import Review
from tests.reviews.conftest import STATUS, Post, Say
from tests.twilio_posts import callback_in, message_form, new_sid, status_form

SIX = ("queued", "sending", "sent", "failed", "delivered", "read")
SID = "SM" + "a" * 32


def report(word: str, sid: str = SID, code: str = "", **values: Any) -> StatusReport:
    return StatusReport(
        account_sid="",
        sid=sid,
        word=word,
        error_code=code,
        error_text=values.pop("text", ""),
        **values,
    )


@pytest.fixture
def reply(post: Post) -> Message:
    post(message_form("Hi"))
    return Message.objects.get(sender="bot")


def end_of(message: Message, words: Sequence[str]) -> tuple[Any, ...]:
    Message.objects.filter(pk=message.pk).update(
        external_id=SID, status="", status_rank=0, error_code="", error_text=""
    )
    for word in words:
        apply_report(report(word, code="63016" if word == "failed" else ""))
    message.refresh_from_db()
    return message.status, message.status_rank, message.error_code


def test_six_statuses_in_all_720_orders(reply: Message) -> None:
    ends = {end_of(reply, order) for order in permutations(SIX)}

    assert ends == {("read", RANK["read"], "63016")}


def test_every_pair_and_triple_ends_at_its_maximum(reply: Message) -> None:
    for size in (2, 3):
        for order in permutations(ORDER, size):
            status, _, _ = end_of(reply, order)
            assert status == max(order, key=ORDER.index)


def test_repeats_in_any_order_of_any_subset(reply: Message) -> None:
    chance = random.Random(3)
    for _ in range(200):
        words = chance.choices(ORDER, k=chance.randint(1, 12))
        status, rank, _ = end_of(reply, words)
        assert (status, rank) == (max(words, key=ORDER.index), max(RANK[word] for word in words))


def test_two_error_codes_end_the_same_in_both_orders(reply: Message) -> None:
    ends = set()
    for order in permutations([("failed", "63024"), ("undelivered", "63016"), ("delivered", "")]):
        Message.objects.filter(pk=reply.pk).update(
            external_id=SID, status="", status_rank=0, error_code="", error_text=""
        )
        for word, code in order:
            apply_report(report(word, code=code, text=f"words of {code}"))
        reply.refresh_from_db()
        ends.add((reply.status, reply.error_code, reply.error_text))

    assert ends == {("delivered", "63024", "words of 63024")}


def test_the_reviews_status_follows_its_confirmation(post: Post) -> None:
    for text in ("Hi", "iPhone 15", "John"):
        post(message_form(text))
    answer = post(message_form("Good")).content
    path, _, query = callback_in(answer).removeprefix("https://funnel.example").partition("?")
    sid = new_sid()
    assert Review.objects.get().status == "pending"

    for status in ("sent", "read", "delivered"):
        assert post(status_form(sid, status), path=path, query=query).status_code == 204

    assert Review.objects.get().status == "read"
    assert Message.objects.get(external_id=sid).sender == "bot"


def test_the_same_callback_a_hundred_times(post: Post, reply: Message) -> None:
    form = status_form(SID, "delivered")
    for _ in range(100):
        assert (
            post(form, path="/twilio-status-callback", query=f"m={reply.pk}&n=1").status_code == 204
        )

    assert InboundEvent.objects.filter(source="twilio_status").count() == 1
    assert Message.objects.get(pk=reply.pk).status == "delivered"


@pytest.mark.parametrize("word", ["DELIVERED", " Delivered "])
def test_capitals_do_not_matter(post: Post, reply: Message, word: str) -> None:
    post(status_form(SID, word, SmsStatus="sent"), path=STATUS, query=f"m={reply.pk}")

    assert Message.objects.get(pk=reply.pk).status == "delivered"


def test_an_error_stays_whatever_comes_without_one(post: Post, reply: Message) -> None:
    failed = status_form(SID, "undelivered", ErrorCode="63024", ErrorMessage="not valid")
    post(failed, path=STATUS, query=f"m={reply.pk}")
    post(status_form(SID, "delivered"), path=STATUS)

    reply.refresh_from_db()
    assert (reply.status, reply.error_code, reply.error_text) == ("delivered", "63024", "not valid")


@pytest.mark.django_db(transaction=True)
def test_a_status_that_overtakes_is_parked_and_applied_when_the_message_appears(
    post: Post, reply: Message
) -> None:
    post(status_form(SID, "delivered"), path=STATUS)
    assert (ParkedStatus.objects.count(), Message.objects.get(pk=reply.pk).status) == (1, "")

    note_sid(message_id=reply.pk, sid=SID)
    apply_parked(SID)

    assert Message.objects.get(pk=reply.pk).status == "delivered"
    assert not ParkedStatus.objects.exists()


def test_the_sweep_applies_what_is_left_and_forgets_what_is_not_ours(
    post: Post, reply: Message
) -> None:
    post(status_form(SID, "read"), path=STATUS)
    post(status_form(new_sid(), "read"), path=STATUS)
    note_sid(message_id=reply.pk, sid=SID)

    assert apply_parked() == 1
    ParkedStatus.objects.update(received_at="2026-01-01T00:00Z")
    assert forget_orphans() == 1
    assert Message.objects.get(pk=reply.pk).status == "read"


def test_a_status_for_a_message_of_the_customers_is_ignored(post: Post, say: Say) -> None:
    sid = new_sid()
    say("Hi", MessageSid=sid)

    post(status_form(sid, "delivered"), path=STATUS)

    assert Message.objects.get(external_id=sid).status == ""
    assert not ParkedStatus.objects.exists()


@pytest.mark.parametrize("query", ["m=999999", "m=x", "m=", "m=1&n=7", "m=-1", "m=" + "9" * 30])
def test_a_query_that_names_nothing_parks_the_status(post: Post, query: str) -> None:
    assert post(status_form(SID, "sent"), path=STATUS, query=query).status_code == 204
    assert ParkedStatus.objects.count() == 1


def test_a_second_sid_cannot_take_over_a_message(post: Post, reply: Message) -> None:
    post(status_form(SID, "sent"), path=STATUS, query=f"m={reply.pk}")
    post(status_form(new_sid(), "read"), path=STATUS, query=f"m={reply.pk}")

    reply.refresh_from_db()
    assert (reply.external_id, reply.status) == (SID, "sent")


@pytest.mark.parametrize("code", ["21610", "63014"])
def test_the_providers_opt_out_is_the_customers(post: Post, reply: Message, code: str) -> None:
    form = status_form(SID, "failed", ErrorCode=code)
    post(form, path=STATUS, query=f"m={reply.pk}")

    customer = Customer.objects.get()
    assert customer.opted_out_at is not None
    assert (consent := customer.consents.get()).origin == "provider"
    assert consent.channel == "whatsapp"
    assert customer.opted_out_of("sms") is None


def test_a_status_that_waits_for_the_drain_is_applied_by_it(post: Post, reply: Message) -> None:
    post(status_form(SID, "sent"), path=STATUS, query=f"m={reply.pk}")
    Message.objects.filter(pk=reply.pk).update(status="", status_rank=0)
    InboundEvent.objects.filter(source="twilio_status").update(state="pending")

    drain_inbox()

    assert Message.objects.get(pk=reply.pk).status == "sent"
