"""Twilio accounts of this site: which token belongs to which AccountSid."""

import hashlib
import hmac

from django.conf import settings

from conversations.twilio_gateway import Account


def tokens_of(account_sid: str) -> list[str]:
    """The tokens that may sign for an account, the newest first; none for a stranger's.

    Several while a token is being changed. Without any account in the settings there is a practice
    account, whose token follows from SECRET_KEY: it lets `chat` and `fake_twilio` sign properly on
    a site that has never heard of Twilio.
    """
    found = [token for sid, token in settings.TWILIO_AUTH_TOKENS if sid == account_sid and token]
    if settings.TWILIO_AUTH_TOKEN and account_sid == (settings.TWILIO_ACCOUNT_SID or account_sid):
        found.insert(0, settings.TWILIO_AUTH_TOKEN)
    if is_practising() and account_sid == practice_account().sid:
        found.append(practice_account().token)
    return found


def other_tokens(account_sid: str) -> list[str]:
    """Every other account's tokens, for the signature doctor alone."""
    known = [settings.TWILIO_AUTH_TOKEN, *(token for _, token in settings.TWILIO_AUTH_TOKENS)]
    return [token for token in known if token and token not in tokens_of(account_sid)]


def is_practising() -> bool:
    """Whether no Twilio account is set up at all."""
    return not (
        settings.TWILIO_ACCOUNT_SID or settings.TWILIO_AUTH_TOKEN or settings.TWILIO_AUTH_TOKENS
    )


def practice_account() -> Account:
    """An account that Twilio does not know, from this site's own secret."""
    return Account(
        sid=f"AC{_derived('practice account')[:32]}",
        token=_derived("practice token"),
        base_url=settings.TWILIO_API_BASE_URL,
    )


def _derived(purpose: str) -> str:
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"twilio {purpose}".encode(), hashlib.sha256).hexdigest()


def main_account() -> Account | None:
    """The account of the settings, or the practice account where there is none."""
    if is_practising():
        return practice_account()
    sid = settings.TWILIO_ACCOUNT_SID or next((sid for sid, _ in settings.TWILIO_AUTH_TOKENS), "")
    return account_for(sid) if sid else None


def account_for(account_sid: str = "") -> Account | None:
    """The account that sends; the main one by default. None where it cannot.

    The practice account sends only to a local Twilio.
    """
    if not account_sid:
        main = main_account()
        if main is None or (is_practising() and not settings.TWILIO_API_BASE_URL):
            return None
        return main
    tokens = tokens_of(account_sid)
    if not tokens:
        return None
    return Account(sid=account_sid, token=tokens[0], base_url=settings.TWILIO_API_BASE_URL)
