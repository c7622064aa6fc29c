"""Requests that Twilio did not sign, counted by what the signature doctor says of them."""

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import now

from conversations.models import SignatureRefusal
from conversations.services.accounts import other_tokens, tokens_of
from conversations.twilio_signatures import SignedRequest, explain, is_signed

logger = structlog.get_logger(__name__)


def is_from_twilio(request: SignedRequest, *, account_sid: str, door: str) -> bool:
    """Whether a token of the account signed this. Where none did, the doctor's advice is noted."""
    tokens = tokens_of(account_sid)
    if is_signed(request, base_url=settings.PUBLIC_BASE_URL, tokens=tokens):
        return True
    advice = explain(
        request,
        base_url=settings.PUBLIC_BASE_URL,
        tokens=tokens,
        other_tokens=other_tokens(account_sid),
    )
    logger.warning("request refused: not signed by Twilio", door=door, advice=advice)
    _count(door, advice[:300])
    return False


def _count(door: str, advice: str) -> None:
    moment = now()
    refusals = SignatureRefusal.objects.filter(door=door, advice=advice)
    if refusals.update(times=F("times") + 1, last_at=moment):
        return
    try:
        with transaction.atomic():
            SignatureRefusal.objects.create(door=door, advice=advice, last_at=moment)
    except IntegrityError:
        refusals.update(times=F("times") + 1, last_at=moment)
