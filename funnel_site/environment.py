"""Values of the environment, each read strictly: what cannot be used stops the start by its name."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
import phonenumbers
from django.core.exceptions import ImproperlyConfigured

from funnel_site.lib.business_hours import BusinessHours, read_hours

env = environ.Env()
BROKERS = ("redis://", "rediss://", "amqp://", "amqps://", "sentinel://", "memory://", "sqs://")
KNOWN_KEYS = {"change-me", "changeme", "secret", "dev-only", "insecure"}


def secret_key(*, debug: bool) -> str:
    """The SECRET_KEY; outside DEBUG a missing, short or well-known one is refused."""
    key: str = env.str("SECRET_KEY", default="dev-only" if debug else "")
    if debug:
        return key
    if not key:
        raise ImproperlyConfigured("SECRET_KEY is not set; see .env.example")
    if key.lower() in KNOWN_KEYS or key.startswith("django-insecure-") or len(key) < 32:
        raise ImproperlyConfigured(
            "SECRET_KEY is a default or too short: make one of 50 random characters; see .env.example"
        )
    return key


def time_zone() -> str:
    """The zone of times that come without one, and of the report's days."""
    name: str = env.str("TIME_ZONE", default="Asia/Jakarta")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ImproperlyConfigured(f"TIME_ZONE is not a known zone: {name}") from error
    return name


def positive(name: str, *, default: int, least: int = 1) -> int:
    """A whole number of at least `least` from the environment."""
    try:
        number: int = env.int(name, default=default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a whole number") from error
    if number < least:
        raise ImproperlyConfigured(f"{name} must be {'above zero' if least else 'zero or more'}")
    return number


def switch(name: str, *, default: bool) -> bool:
    """True or false from the environment; anything else than the usual words for them is refused."""
    text = env.str(name, default="").strip().lower()
    if text in env.BOOLEAN_TRUE_STRINGS:
        return True
    if text in ("false", "off", "no", "n", "0", "f"):
        return False
    if text:
        raise ImproperlyConfigured(f"{name} must be true or false")
    return default


def phone_region(name: str, *, default: str) -> str:
    """The two letters of a country (ISO 3166) whose numbers may come without their country code."""
    region: str = env.str(name, default=default).upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ImproperlyConfigured(f"{name} must be the two letters of a country, like ID")
    return region


def broker_url(name: str) -> str:
    """The address of Celery's broker; empty where there is none."""
    url: str = env.str(name, default="").strip()
    if url and not url.startswith(BROKERS):
        raise ImproperlyConfigured(f"{name} must begin with redis:// or amqp://; see .env.example")
    return url


def hours(name: str, *, default: str) -> tuple[int, int]:
    """A span of hours of the day, as 8-20: from the first on, before the second."""
    first, _, last = env.str(name, default=default).partition("-")
    if not (first.strip().isdecimal() and last.strip().isdecimal()):
        raise ImproperlyConfigured(f"{name} must be two hours, as 8-20")
    span = int(first), int(last)
    if not 0 <= span[0] < span[1] <= 24:
        raise ImproperlyConfigured(
            f"{name} must be two hours of one day, the first before the second"
        )
    return span


def business_hours(name: str, holidays: str, *, default: str) -> BusinessHours:
    """The hours in which people work, and the days on which nobody does, by the clock of TIME_ZONE."""
    try:
        return read_hours(env.str(name, default=default), env.str(holidays, default=""))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} must be hours such as Mon-Fri 09:00-17:00, Sat 09:00-13:00, and {holidays}"
            f" days such as 2026-12-25,2027-01-01: {error}"
        ) from error


def twilio_tokens() -> list[tuple[str, str]]:
    """Further accounts, and second tokens while one is changed: `AC…:token`, comma-separated."""
    pairs = [pair.strip().partition(":") for pair in env.list("TWILIO_AUTH_TOKENS", default=[])]
    if any(not sid.startswith("AC") or not token for sid, _, token in pairs):
        raise ImproperlyConfigured("TWILIO_AUTH_TOKENS must be a comma-separated list of AC…:token")
    return [(sid, token) for sid, _, token in pairs]


def refuse_half_an_account(sid: str, token: str, others: list[tuple[str, str]]) -> None:
    """Raise ImproperlyConfigured for an account without a token, or a token of no account.

    Neither set is a site that has no Twilio yet. Half of it would start, and refuse every customer.
    """
    if sid and not token and sid not in dict(others):
        raise ImproperlyConfigured(
            "TWILIO_AUTH_TOKEN is empty while TWILIO_ACCOUNT_SID is set: every message of a customer"
            " would be refused. Set it, or empty both; see .env.example"
        )
    if token and not sid:
        raise ImproperlyConfigured("TWILIO_AUTH_TOKEN is set without TWILIO_ACCOUNT_SID")


def retention_days(name: str) -> dict[str, int]:
    """Days by source from `crm=365,*=730`; raises ImproperlyConfigured for anything else.

    `*` is every door that is not named; `partner_files` and `rejected_rows` are what they say.
    """
    found: dict[str, int] = {}
    for part in env.list(name, default=[]):
        source, _, days = part.partition("=")
        if not source.strip() or not days.strip().isdecimal() or not int(days):
            raise ImproperlyConfigured(f"{name} must be pairs such as crm=365,*=730")
        found[source.strip()] = int(days)
    return found
