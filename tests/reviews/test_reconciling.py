"""Messages of which nothing final was heard: asked after over HTTP, at growing intervals, once each."""

import threading
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils.timezone import now

from conversations.models import Message, Room, Sending
from conversations.services.reconciling import _take, reconcile_statuses
from conversations.services.sending import retry_sending, send_message
from tests.reviews.conftest import Post
from tests.reviews.making import make_customer, make_room, only_sending
from tests.twilio_posts import ACCOUNT, TOKEN, new_sid, status_form
from tests.twilio_server import LocalTwilio
from tests.twilio_server.contract import is_available, problem_of_answer
from tests.twilio_server.server import broken, busy, hang_up, not_json

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


def questions(twilio: LocalTwilio) -> list[str]:
    """Paths of the messages that were asked for."""
    return [path for path in twilio.requests if "/Messages/" in path]


def age(hours: float) -> None:
    """Let every sending have left so many hours ago."""
    for sending in Sending.objects.exclude(finished_at=None):
        sending.finished_at = now() - hours * HOUR
        sending.ask_at = sending.finished_at + 12 * HOUR
        sending.save()


def test_a_message_that_stays_silent_for_twelve_hours_is_asked_after(
    twilio: LocalTwilio, room: Room
) -> None:
    message = send_message(room=room, text="hello")
    left = now()

    with time_machine.travel(left + timedelta(hours=11, minutes=55)):
        assert reconcile_statuses().asked == 0
    with time_machine.travel(left + timedelta(hours=12, minutes=1)):
        done = reconcile_statuses()
        again = reconcile_statuses()

    assert (done.asked, done.moved, again.asked) == (1, 1, 0)
    message.refresh_from_db()
    assert (message.status, only_sending().ask_at) == ("read", None)
    assert questions(twilio) == [
        f"{ACCOUNT} /2010-04-01/Accounts/{ACCOUNT}/Messages/{message.external_id}.json"
    ]


@pytest.mark.skipif(not is_available(), reason="Twilio's description is not beside this tree")
def test_the_local_twilio_tells_only_what_the_description_allows() -> None:
    assert problem_of_answer({"sid": "SM" + "a" * 32, "status": "read"}, to="found") == ""
    assert "lost" in problem_of_answer({"status": "lost"}, to="found")
    assert "error_code" in problem_of_answer({"error_code": "63016"}, to="found")


def test_intervals_grow_and_after_a_week_nobody_asks(twilio: LocalTwilio, room: Room) -> None:
    twilio.statuses = ("queued", "sent")
    message = send_message(room=room, text="hello")
    left = now() + timedelta(minutes=1)

    asked = []
    for hours in range(0, 24 * 9, 2):
        with time_machine.travel(left + hours * HOUR, tick=False):
            if reconcile_statuses().asked:
                asked.append(hours)

    assert asked == [12, 18, 30, 54, 102]
    message.refresh_from_db()
    assert (message.status, only_sending().ask_at, only_sending().asks) == ("sent", None, 5)


def test_a_failure_that_nobody_reported_is_told_with_its_code(
    twilio: LocalTwilio, room: Room
) -> None:
    twilio.errors[room.reply_address] = 63024
    message = send_message(room=room, text="hello")
    age(13)

    reconcile_statuses()

    message.refresh_from_db()
    assert (message.status, message.error_code) == ("undelivered", "63024")


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (busy, "20429"),
        (broken, "no_answer"),
        (hang_up, "no_answer"),
        (not_json, "bad_answer"),
        ("another token", "20003"),
        ("not there", "20404"),
        ("away", "unreachable"),
        ("no token", "not_set_up"),
    ],
)
def test_trouble_is_noted_and_the_question_asked_again(
    twilio: LocalTwilio, room: Room, settings: Any, trouble: Any, code: str
) -> None:
    message = send_message(room=room, text="hello")
    age(13)
    held = dict(twilio.messages)
    if callable(trouble):
        twilio.faults.append(trouble)
    elif trouble == "not there":
        twilio.messages.clear()
    elif trouble == "another token":
        twilio.accounts[ACCOUNT] = "another"
    elif trouble == "no token":
        settings.TWILIO_AUTH_TOKEN = ""
    else:
        settings.TWILIO_API_BASE_URL = "http://127.0.0.1:9"

    done = reconcile_statuses()

    assert (done.moved, dict(done.troubles)) == (0, {code: 1})
    noted = only_sending()
    assert noted.ask_trouble.startswith(f"{code}: ")
    assert noted.ask_at is not None
    assert noted.ask_at > now()
    twilio.messages.update(held)
    twilio.accounts[ACCOUNT] = settings.TWILIO_AUTH_TOKEN = TOKEN
    settings.TWILIO_API_BASE_URL = twilio.base_url
    with time_machine.travel(noted.ask_at + timedelta(minutes=1)):
        assert reconcile_statuses().moved == 1
    message.refresh_from_db()
    assert (message.status, only_sending().ask_trouble) == ("read", "")


def test_an_account_in_trouble_is_left_alone_and_a_round_is_bounded(
    twilio: LocalTwilio, room: Room
) -> None:
    for text in ("one", "two", "three"):
        send_message(room=room, text=text)
    age(13)

    twilio.faults.append(busy)
    assert reconcile_statuses().asked == 1
    assert reconcile_statuses(most=1).asked == 1

    assert Message.objects.filter(status="read").count() == 1
    assert len(questions(twilio)) == 2


def test_what_has_ended_or_was_tried_again_is_not_asked_after(
    twilio: LocalTwilio, room: Room, post: Post
) -> None:
    ended = send_message(room=room, text="delivered")
    retried = send_message(room=room, text="retried")
    for message, word, code in ((ended, "delivered", ""), (retried, "undelivered", "63012")):
        message.refresh_from_db()
        form = status_form(message.external_id, word, **({"ErrorCode": code} if code else {}))
        post(form, path="/webhooks/twilio/status", query=f"m={message.pk}&n=1")
    retried.refresh_from_db()
    retry_sending(message=retried)
    age(13)

    assert reconcile_statuses().asked == 1

    retried.refresh_from_db()
    assert retried.status == "read"
    assert questions(twilio)[0].endswith(f"{retried.external_id}.json")
    assert not Sending.objects.exclude(ask_at=None).exists()


def test_one_whose_answer_was_lost_is_asked_after_once_a_callback_named_it(
    twilio: LocalTwilio, room: Room, post: Post
) -> None:
    other = send_message(room=room, text="another")
    other.refresh_from_db()
    twilio.faults.append(hang_up)
    message = send_message(room=room, text="hello")
    Sending.objects.filter(message=other).delete()
    age(13)
    assert reconcile_statuses().asked == 0

    sid = new_sid()
    twilio.messages[sid] = {**twilio.messages[other.external_id], "sid": sid}
    query = f"m={message.pk}&n=1"
    post(status_form(sid, "sent"), path="/webhooks/twilio/status", query=query)
    age(13)

    assert reconcile_statuses().moved == 1
    message.refresh_from_db()
    assert message.status == "read"


@pytest.mark.postgresql
def test_workers_at_once_ask_after_each_message_once(
    twilio: LocalTwilio, settings: Any, db: None
) -> None:
    for number in range(12):
        room = make_room(make_customer(number), last_inbound_at=now())
        send_message(room=room, text=f"hello {number}")
    age(13)

    def work() -> None:
        try:
            reconcile_statuses()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert sorted(questions(twilio)) == sorted(set(questions(twilio)))
    assert len(questions(twilio)) == 12
    assert Message.objects.filter(status="read").count() == 12


def test_two_who_read_the_same_row_do_not_both_ask(twilio: LocalTwilio, room: Room) -> None:
    send_message(room=room, text="hello")
    age(13)
    one, other = only_sending(), only_sending()

    assert _take(one)
    assert not _take(other)


def test_the_command_counts_asks_and_says_what_went_wrong(
    twilio: LocalTwilio, room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    send_message(room=room, text="hello")
    age(2)

    call_command("reconcile_twilio", "--dry-run")
    call_command("reconcile_twilio", "--dry-run", "--hours", "1")
    twilio.faults.append(busy)
    with pytest.raises(CommandError, match="20429"):
        call_command("reconcile_twilio", "--hours", "1")
    call_command("reconcile_twilio", "--hours", "1")

    assert capsys.readouterr().out.splitlines() == [
        "0 messages would be asked after",
        "1 messages would be asked after",
        "asked after 1, moved 0, still due 0",
        "asked after 1, moved 1, still due 0",
    ]
    for wrong in (["--hours", "-1"], ["--hours", "nan"], ["--most", "0"]):
        with pytest.raises(CommandError):
            call_command("reconcile_twilio", *wrong)


def test_the_migration_takes_up_what_left_in_the_last_week(twilio: LocalTwilio, room: Room) -> None:
    young, old = (send_message(room=room, text=text) for text in ("young", "old"))
    Sending.objects.update(ask_at=None, finished_at=now() - 30 * HOUR)
    Sending.objects.filter(message=old).update(finished_at=now() - timedelta(days=8))

    module = import_module("conversations.migrations.0016_asking_after_messages")
    module.ask_after_the_last_week(apps, None)

    assert [row.message for row in Sending.objects.exclude(ask_at=None)] == [young]
    assert reconcile_statuses().moved == 1
