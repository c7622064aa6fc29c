"""A wrong setting stops the start, and the message names the variable."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

GOOD = {"SECRET_KEY": "a-key-of-this-test-alone-0123456789abcdef", "DEBUG": "false"}
KEEP = ("PATH", "HOME", "VAR_DIR", "PYTHONPYCACHEPREFIX")
SAID = "import funnel_site.settings as s; print(s.DATABASES['default']['ENGINE'], s.DEBUG)"


def start(**given: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: os.environ[name] for name in KEEP if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", SAID],
        cwd=ROOT,
        env={**inherited, **GOOD, **given},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_starts_on_sqlite_and_closed_with_a_key_alone() -> None:
    done = start()
    assert done.stdout.split() == ["django.db.backends.sqlite3", "False"], done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "change-me"),
        ("SECRET_KEY", "django-insecure-" + "x" * 50),
        ("SECRET_KEY", "short"),
        ("TIME_ZONE", "Asia/Nowhere"),
        ("PHONE_REGION", "Indonesia"),
        ("DATABASE_URL", "oracle://somewhere/db"),
        ("DATABASE_URL", "not a url"),
        ("PUBLIC_BASE_URL", "example.com"),
        ("ROOM_IDLE_HOURS", "soon"),
        ("ROOM_IDLE_HOURS", "0"),
        ("FUNNEL_QUIET_DAYS", "-3"),
        ("WEBHOOK_SECRETS", "not-a-secret"),
        ("CELERY_BROKER_URL", "nonsense"),
        ("DEBUG", "perhaps"),
        ("BUSINESS_HOURS", "nine to five"),
        ("BUSINESS_HOLIDAYS", "Christmas"),
    ],
)
def test_a_wrong_value_is_refused_naming_the_variable(name: str, value: str) -> None:
    done = start(**{name: value})
    assert done.returncode != 0, f"it started: {done.stdout}"
    last = done.stderr.strip().splitlines()[-1]
    assert name in last
    assert not value or len(value) < 6 or name != "SECRET_KEY" or value not in last


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"TWILIO_ACCOUNT_SID": "AC" + "1" * 32}, "TWILIO_AUTH_TOKEN is empty"),
        ({"TWILIO_AUTH_TOKEN": "t" * 32}, "without TWILIO_ACCOUNT_SID"),
        ({"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "t" * 32}, ""),
        (
            {
                "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
                "TWILIO_AUTH_TOKENS": "AC" + "1" * 32 + ":" + "t" * 32,
            },
            "",
        ),
        ({"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "DEBUG": "true"}, ""),
    ],
)
def test_half_a_twilio_account_is_refused_by_name(given: dict[str, str], named: str) -> None:
    done = start(**given)

    assert bool(done.returncode) is bool(named), done.stderr
    assert named in done.stderr
