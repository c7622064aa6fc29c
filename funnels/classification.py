"""What one message says about a sale: its stated fields, and its words under the keywords given."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from funnels.dates import read_date
from funnels.matching import Hit, Matcher, normalise
from funnels.money import Amount, read_amounts
from funnels.negation import Verdict, judge
from funnels.stages import Basis, Stage

RULES_VERSION = 1
"""Raised with every change of meaning, so that evidence tells by which rules it was found."""

TOTAL = re.compile(
    r"\b(?:total(?:nya|an)?|jumlah(?:nya)?|keseluruhan|altogether|in total|all in)\b"
)
NOT_PAID = re.compile(
    r"\b(?:dari(?: total)?|out of|sisa(?:nya)?|kurang(?:nya)?|remaining|balance|left|harga(?:nya)?|price|biaya(?:nya)?|cost|"
    r"fee|tarif(?:nya)?|diskon|discount|promo|cashback|kembalian|seharusnya|normal(?:nya)?|min(?:imal|imum)?|limit|saldo)"
    r"\s*(?:nya|is|of|:|=|masih|tinggal|rp|idr)*\s*$"
)
REFUND = re.compile(
    r"\b(?:refund(?:ed|nya)?|dikembalikan|kembalikan|mengembalikan|pengembalian|uang kembali|reimburse[d]?)\b"
)
REFUND_DONE = re.compile(
    r"\b(?:sudah|udah|udh|sdh|telah|refunded|reimbursed|berhasil|already|processed|diproses|was|has been)\b"
)
REFUND_NOT = re.compile(
    r"\b(?:belum|blm|minta|mau|ingin|bisa|boleh|can|want|request|kapan|when|if|kalau|kalo|not|please|tolong|mohon|akan|will)\b|\?"
)
AGENT_DONE = re.compile(
    r"\b(?:sudah|udah|sdh|telah|received|diterima|terima kasih atas|masuk|confirmed|terkonfirmasi|dikonfirmasi|lunas|booked|tercatat|noted|"
    r"terdaftar|berhasil|paid)\b"
)
NEEDS_REVIEW = "needs_review"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """A message, as far as classification cares. `zone` is the site's; `sent_at` is aware."""

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
    """What the message says of one stage. `says_at` and `value` are None where it does not say."""

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


def classify(
    facts: MessageFacts, matcher: Matcher, *, agents_confirm: bool = True
) -> list[Finding]:
    """At most one finding a stage and basis; also those that do not count, marked as such."""
    findings = _stated(facts)
    if not facts.text or facts.sender not in ("customer", "agent"):
        return findings
    folded = normalise(_own_words(facts.text))
    hits = matcher.find_all(folded)
    if not hits:
        return findings
    stated = {finding.stage for finding in findings}
    for stage in Stage:
        of_stage = [hit for hit in hits if hit.phrase.stage is stage]
        if not of_stage:
            continue
        if facts.sender == "agent" and not _may_confirm(stage, folded, agents_confirm):
            continue
        if finding := _read(stage, of_stage, folded, facts, overruled=stage in stated):
            findings.append(finding)
    return findings


def _stated(facts: MessageFacts) -> list[Finding]:
    findings = []
    if facts.stated_booking is not None:
        findings.append(
            Finding(
                stage=Stage.BOOKING,
                basis=Basis.STATED,
                words="booking_date",
                says_at=facts.stated_booking,
            )
        )
    if facts.stated_transaction is not None or facts.stated_value is not None:
        names = [
            name
            for name, value in (
                ("transaction_date", facts.stated_transaction),
                ("transaction_value", facts.stated_value),
            )
            if value is not None
        ]
        findings.append(
            Finding(
                stage=Stage.TRANSACTION,
                basis=Basis.STATED,
                words=", ".join(names),
                says_at=facts.stated_transaction or facts.sent_at,
                value=facts.stated_value,
                currency=(facts.stated_currency or facts.currency)
                if facts.stated_value is not None
                else "",
            )
        )
    return findings


def _own_words(text: str) -> str:
    """Without the lines that quote somebody else; line ends end sentences."""
    if "\n" not in text and not text.startswith(">"):
        return text
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(">")]
    return " . ".join(lines)


def _may_confirm(stage: Stage, folded: str, agents_confirm: bool) -> bool:  # noqa: FBT001
    """An agent opens no lead, and confirms only what is said to be done."""
    return agents_confirm and stage is not Stage.OPENING and bool(AGENT_DONE.search(folded))


def _read(
    stage: Stage, hits: Sequence[Hit], folded: str, facts: MessageFacts, *, overruled: bool
) -> Finding | None:
    if stage is Stage.OPENING:
        return _finding(stage, hits[0], folded)
    if stage is Stage.TRANSACTION and REFUND.search(folded):
        return _refund(hits[0], folded, facts, overruled=overruled)
    verdicts = [(hit, judge(folded, start=hit.start, end=hit.end, stage=stage)) for hit in hits]
    hit, verdict = next(
        (one for one in verdicts if one[1] is Verdict.HAPPENED),
        next((one for one in verdicts if one[1] is Verdict.NEEDS_REVIEW), verdicts[0]),
    )
    if verdict is Verdict.DENIED:
        return _finding(stage, hit, folded, negated=True, overruled=overruled)
    if verdict is Verdict.NEEDS_REVIEW:
        return _finding(stage, hit, folded, overruled=overruled, doubt=NEEDS_REVIEW)
    if any(one is Verdict.NEEDS_REVIEW for _, one in verdicts):
        return _finding(stage, hit, folded, overruled=overruled, doubt=NEEDS_REVIEW)
    if stage is Stage.BOOKING:
        return _booking(hit, folded, facts, overruled=overruled)
    return _transaction(hit, folded, facts, overruled=overruled)


def _finding(
    stage: Stage,
    hit: Hit,
    folded: str,
    *,
    negated: bool = False,
    overruled: bool = False,
    doubt: str = "",
) -> Finding:
    return Finding(
        stage=stage,
        basis=Basis.TEXT,
        words=_around(folded, hit),
        keyword_id=hit.phrase.id,
        negated=negated,
        overruled=overruled,
        doubt=doubt,
    )


def _around(folded: str, hit: Hit) -> str:
    """The keyword with a few words on each side, so that staff see what was meant."""
    if hit.phrase.stage is Stage.OPENING:
        return folded[hit.start : hit.end]
    first = folded.rfind(" ", 0, max(hit.start - 18, 0)) + 1
    last = folded.find(" ", min(hit.end + 30, len(folded)))
    return folded[first : last if last >= 0 else len(folded)][:200]


def _booking(hit: Hit, folded: str, facts: MessageFacts, *, overruled: bool) -> Finding:
    said = read_date(folded, sent_at=facts.sent_at, zone=facts.zone)
    return Finding(
        stage=Stage.BOOKING,
        basis=Basis.TEXT,
        words=_around(folded, hit),
        keyword_id=hit.phrase.id,
        says_at=said.at if said else None,
        overruled=overruled,
        doubt=said.doubt if said else "",
    )


def _transaction(hit: Hit, folded: str, facts: MessageFacts, *, overruled: bool) -> Finding:
    value, currency, restates = _paid(folded, facts.currency)
    said = read_date(folded, sent_at=facts.sent_at, zone=facts.zone)
    # Nobody has paid in the future: such a day is that of something else.
    is_past = said is not None and said.at is not None and said.at <= facts.sent_at
    return Finding(
        stage=Stage.TRANSACTION,
        basis=Basis.TEXT,
        words=_around(folded, hit),
        keyword_id=hit.phrase.id,
        says_at=said.at if said and is_past and not said.has_time else None,
        value=value,
        currency=currency,
        overruled=overruled,
        restates=restates,
    )


def _paid(folded: str, default: str) -> tuple[Decimal | None, str, bool]:
    """What was paid: the amount after a word like `total`, else the sum of all that is not a price,
    a rest or a discount. Amounts of several currencies are not added: the first currency's are.
    """
    amounts = _credible(folded, read_amounts(folded, currency=default))
    if not amounts:
        return None, "", False
    if total := TOTAL.search(folded):
        following = [amount for amount in amounts if amount.start >= total.end()] or amounts
        return following[0].value, following[0].currency, True
    currency = amounts[0].currency
    return (
        sum((one.value for one in amounts if one.currency == currency), Decimal(0)),
        currency,
        False,
    )


def _credible(folded: str, amounts: Iterable[Amount]) -> list[Amount]:
    kept = [
        one for one in amounts if not NOT_PAID.search(folded[max(one.start - 24, 0) : one.start])
    ]
    distinct: list[Amount] = []
    for one in kept:
        # The same amount twice in one message is said twice, not paid twice.
        if all((one.value, one.currency) != (other.value, other.currency) for other in distinct):
            distinct.append(one)
    return distinct


def _refund(hit: Hit, folded: str, facts: MessageFacts, *, overruled: bool) -> Finding:
    """A completed refund is a payment the other way; a wish for one is nothing."""
    amounts = read_amounts(folded, currency=facts.currency)
    is_done = bool(REFUND_DONE.search(folded)) and not REFUND_NOT.search(folded) and bool(amounts)
    return Finding(
        stage=Stage.TRANSACTION,
        basis=Basis.TEXT,
        words=_around(folded, hit),
        keyword_id=hit.phrase.id,
        value=-amounts[0].value if is_done else None,
        currency=amounts[0].currency if is_done else "",
        negated=not is_done,
        overruled=overruled,
    )
