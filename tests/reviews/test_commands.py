"""What the Twilio commands say, and when they say no."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from conversations.models import Line
from conversations.services.accounts import is_practising, practice_account
from conversations.twilio_gateway import Account, Outgoing, RefusedError, send
from operations import checkup
from tests.conftest import ROOT
from tests.reviews.conftest import BASE, INBOUND, Post
from tests.twilio_posts import ACCOUNT, CUSTOMER, OURS, encode, message_form, pairs_of, signature


def run(*arguments: str, capsys: pytest.CaptureFixture[str], **options: Any) -> str:
    call_command(*arguments, **options)
    return capsys.readouterr().out


def test_the_doctor_tells_both_addresses_and_what_was_refused(
    post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    post(message_form(), url=f"http://funnel.example{INBOUND}")

    told = run("twilio_doctor", capsys=capsys)

    assert f"{BASE}/webhooks/twilio/inbound" in told
    assert f"{BASE}/webhooks/twilio/status" in told
    assert "It would match if PUBLIC_BASE_URL began with http://" in told
    assert "Ready." in told


@pytest.mark.parametrize("missing", ["TWILIO_AUTH_TOKEN", "PUBLIC_BASE_URL"])
def test_the_doctor_says_what_is_missing(
    db: None, settings: Any, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    setattr(settings, missing, {"PUBLIC_BASE_URL": "http://localhost:8000"}.get(missing, ""))

    with pytest.raises(CommandError):
        call_command("twilio_doctor")

    assert missing in capsys.readouterr().err


def test_the_doctor_looks_at_one_request(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = message_form()
    body = tmp_path / "body.txt"
    body.write_bytes(encode(form))
    good = signature(f"{BASE}{INBOUND}", pairs_of(form))
    other = signature(f"{BASE}{INBOUND}/", pairs_of(form))

    assert "let in" in run("twilio_doctor", form=str(body), signature=good, capsys=capsys)
    with pytest.raises(CommandError, match="ended with /"):
        call_command("twilio_doctor", form=str(body), signature=other)
    with pytest.raises(CommandError, match="--form"):
        call_command("twilio_doctor", form=str(tmp_path / "nothing"), signature=other)


def test_without_an_account_there_is_one_to_practise_with(settings: Any) -> None:
    assert not is_practising()
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = ""

    first = practice_account()
    settings.SECRET_KEY = "another" * 10

    assert is_practising()
    assert len(first.sid) == 34
    assert practice_account().token != first.token


@pytest.mark.parametrize("given", ["628=1", "+628", "+628=x"])
def test_the_local_twilio_refuses_what_it_cannot_read(given: str) -> None:
    with pytest.raises(CommandError, match="--fail"):
        call_command("fake_twilio", port=0, fail=[given])


def test_the_local_twilio_takes_what_is_sent_and_shows_it() -> None:
    account = practice_account()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "fake_twilio", "--port", "0"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "TWILIO_ACCOUNT_SID": "",
            "TWILIO_AUTH_TOKEN": "",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        base_url = process.stdout.readline().strip().removeprefix("TWILIO_API_BASE_URL=")
        outgoing = Outgoing(
            from_address=OURS, to_address=CUSTOMER, status_callback=BASE, body="hello there"
        )

        accepted = send(Account(sid=account.sid, token=account.token, base_url=base_url), outgoing)
        with pytest.raises(RefusedError, match="20003"):
            send(Account(sid=account.sid, token="another", base_url=base_url), outgoing)

        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert accepted.status == "queued"
    assert f"{CUSTOMER}  hello there" in told


def test_the_sites_doctor_names_a_lines_account_that_has_no_token(db: None) -> None:
    Line.objects.create(address=OURS, name="Ours", account_sid=ACCOUNT)
    assert not any("TWILIO_AUTH_TOKENS" in one.words for one in checkup.secrets())
    stranger = "AC" + "9" * 32
    Line.objects.create(address="whatsapp:+15005550006", name="Theirs", account_sid=stranger)

    assert any(stranger in one.words and not one.is_warning for one in checkup.secrets())
