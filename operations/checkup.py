"""The doctor's questions: each says what is wrong and what to do, or nothing. None changes anything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.utils.timezone import now
from django_celery_beat.models import PeriodicTask

from conversations.models import Line
from conversations.services.accounts import is_practising, main_account, tokens_of
from funnel_site.health import CHECKS
from funnel_site.lib.sheet_rows import SheetRefusedError
from funnel_site.lib.sheets import ServiceAccount

SKEW = timedelta(seconds=5)
BEAT_SILENCE = timedelta(minutes=5)
PATIENCE = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one part and what to do. A warning can wait."""

    part: str
    words: str
    is_warning: bool = False


def examine(*, outside: bool = True) -> list[Finding]:
    """All that is wrong, part by part. `outside` also asks our own public address."""
    found: list[Finding] = []
    for name, question in QUESTIONS.items():
        if name in OUTSIDE and not outside:
            continue
        try:
            found += question()
        except Exception as error:  # noqa: BLE001 - a question that fails is an answer, too
            found.append(
                Finding(name, f"cannot be examined: {type(error).__name__}: {error}"[:200])
            )
    return found


def secrets() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding(
            "secrets", "DEBUG is on: strangers see how the site is built.", is_warning=True
        )
    if settings.ERASURE_KEY == settings.SECRET_KEY:
        words = "ERASURE_KEY is the SECRET_KEY: changing that one would forget who was erased."
        yield Finding("secrets", words, is_warning=True)
    if not settings.WEBHOOK_SECRETS:
        words = "WEBHOOK_SECRETS is empty: the CRM's webhook takes requests with a key alone."
        yield Finding("secrets", words, is_warning=True)
    if is_practising():
        words = "No Twilio account is set: WhatsApp messages are neither taken nor sent."
        yield Finding("secrets", words, is_warning=True)
    elif main_account() is None:
        yield Finding("secrets", "TWILIO_AUTH_TOKEN is empty: every request of Twilio is refused.")
    named = Line.objects.exclude(account_sid="").filter(is_active=True)
    for sid in sorted(set(named.values_list("account_sid", flat=True))):
        if not tokens_of(sid):
            words = f"TWILIO_AUTH_TOKENS has no token for {sid}, which a line sends by."
            yield Finding("secrets", words)


def parts() -> Iterator[Finding]:
    """What /readyz asks: database, migrations, inbox, broker, cache, storage."""
    for name, check in CHECKS.items():
        try:
            check()
        except Exception as error:  # noqa: BLE001 - each part has errors of its own
            yield Finding(name, f"{type(error).__name__}: {error}"[:200])


def indexes() -> Iterator[Finding]:
    """Indexes that the models have and the database has not, and those that were never finished."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for model in apps.get_models():
            options = model._meta
            if not options.managed or options.db_table not in tables:
                continue
            there = connection.introspection.get_constraints(cursor, options.db_table)
            for index in options.indexes:
                if index.name not in there:
                    yield Finding("indexes", f"{index.name} is missing: run `manage.py migrate`.")
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                " WHERE NOT i.indisvalid"
            )
            for (name,) in cursor.fetchall():
                yield Finding("indexes", f"{name} was never finished: drop it and migrate again.")


def beat() -> Iterator[Finding]:
    if not settings.CELERY_BROKER_URL:
        words = "CELERY_BROKER_URL is empty: the web process does the work, schedules do not run."
        yield Finding("beat", words, is_warning=True)
        return
    last = PeriodicTask.objects.aggregate(last=Max("last_run_at"))["last"]
    if last is None or last < now() - BEAT_SILENCE:
        yield Finding("beat", "Beat has started nothing for five minutes: run one.")


def folders() -> Iterator[Finding]:
    """Where files are kept can be written to."""
    wanted = {"VAR_DIR": settings.VAR_DIR, "MEDIA_ROOT": settings.MEDIA_ROOT}
    drop = settings.PARTNER_DROP
    if drop and not drop.startswith("s3://"):
        wanted["PARTNER_DROP"] = drop.removeprefix("file://")
    for name, folder in wanted.items():
        probe = Path(folder) / ".doctor"
        try:
            probe.parent.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"ok")
            probe.unlink()
        except OSError as error:
            yield Finding("folders", f"{name} ({folder}) cannot be written to: {error.strerror}.")


def sheets() -> Iterator[Finding]:
    """The Google account can be read, where the keyword sheet is one of Google's."""
    is_google = "/" not in settings.KEYWORDS_SHEET or "docs.google.com" in settings.KEYWORDS_SHEET
    try:
        account = ServiceAccount.from_settings()
    except SheetRefusedError as error:
        yield Finding("sheets", str(error))
        return
    if is_google and settings.KEYWORDS_SHEET and account is None:
        yield Finding(
            "sheets", "KEYWORDS_SHEET is Google's, and no GOOGLE_SERVICE_ACCOUNT_… is set."
        )


def clock() -> Iterator[Finding]:
    """The database's clock against ours: windows use the one, tasks the other."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = abs(cursor.fetchone()[0] - datetime.now(UTC))
    if apart > SKEW:
        yield Finding(
            "clock", f"The database's clock is {apart.total_seconds():.0f} s away from ours."
        )


def public_address() -> Iterator[Finding]:
    """PUBLIC_BASE_URL leads here, and the world's clock is ours."""
    address = f"{settings.PUBLIC_BASE_URL}/healthz"
    try:
        # The scheme is http or https: settings refuse any other.
        with urlopen(Request(address), timeout=PATIENCE) as answer:  # noqa: S310
            told = answer.headers.get("Date", "")
    except HTTPError as error:
        yield Finding("public address", f"{address} answers {error.code}: is it this site?")
        return
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        yield Finding("public address", f"{address} does not answer ({reason}).")
        return
    if told and abs(parsedate_to_datetime(told) - datetime.now(UTC)) > SKEW:
        yield Finding("clock", f"The clock at {settings.PUBLIC_BASE_URL} is not ours.")


QUESTIONS: dict[str, Callable[[], Iterator[Finding]]] = {
    "secrets": secrets,
    "parts": parts,
    "indexes": indexes,
    "beat": beat,
    "folders": folders,
    "sheets": sheets,
    "clock": clock,
    "public address": public_address,
}
OUTSIDE = {"public address"}
