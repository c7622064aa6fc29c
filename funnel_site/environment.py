"""Reading the environment for the settings: each unusable value stops the start with its name."""

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def positive(name: str, *, default: int) -> int:
    """A whole number above zero from the environment."""
    try:
        number: int = env.int(name, default=default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a whole number") from error
    if number < 1:
        raise ImproperlyConfigured(f"{name} must be above zero")
    return number


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


def twilio_tokens() -> list[tuple[str, str]]:
    """Further accounts, and second tokens while one is changed: `AC…:token`, comma-separated."""
    pairs = [pair.strip().partition(":") for pair in env.list("TWILIO_AUTH_TOKENS", default=[])]
    if any(not sid.startswith("AC") or not token for sid, _, token in pairs):
        raise ImproperlyConfigured("TWILIO_AUTH_TOKENS must be a comma-separated list of AC…:token")
    return [(sid, token) for sid, _, token in pairs]
