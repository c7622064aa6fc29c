"""PLACEHOLDER until the real one arrives."""
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from funnels.matching import Matcher
from funnels.stages import Basis, Stage

RULES_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    sender: str
    text: str
    sent_at: datetime
    zone: ZoneInfo
    currency: str = "IDR"
    stated_booking: datetime | None = None
    stated_transaction: datetime | None = None
    stated_value: Decimal | None = None
    stated_currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    stage: Stage
    basis: Basis
    words: str
    keyword_id: int | None = None
    says_at: datetime | None = None
    value: Decimal | None = None
    currency: str = ""
    negated: bool = False
    restates: bool = False
    overruled: bool = False
    doubt: str = ""


def classify(facts, matcher, *, agents_confirm=True):
    out = []
    if facts.stated_booking:
        out.append(Finding(stage=Stage.BOOKING, basis=Basis.STATED, words="booking_date", says_at=facts.stated_booking))
    if facts.stated_transaction or facts.stated_value is not None:
        out.append(Finding(stage=Stage.TRANSACTION, basis=Basis.STATED, words="transaction_date", says_at=facts.stated_transaction or facts.sent_at, value=facts.stated_value, currency=facts.stated_currency or facts.currency))
    stated = {f.stage for f in out}
    for stage, hit in matcher.find(facts.text).items():
        if stage is Stage.OPENING and facts.sender != "customer":
            continue
        if facts.sender == "bot":
            continue
        value = None
        if stage is Stage.TRANSACTION and (m := re.search(r"(\d+)(?:rb|k)", facts.text)):
            value = Decimal(m[1]) * 1000
        out.append(Finding(stage=stage, basis=Basis.TEXT, words=hit.phrase.text, keyword_id=hit.phrase.id, value=value, currency=facts.currency, overruled=stage in stated))
    return out
