"""What one message says about a sale: its stated fields, and its words under the keywords given."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from funnels.dates import ReadDate, read_date
from funnels.matching import Hit, Matcher, as_written, normalise
from funnels.money import Amount, read_amounts
from funnels.negation import Verdict, clause, judge, sentence
from funnels.stages import Basis, Stage

RULES_VERSION = 1
"""Raised with every change of meaning, so that evidence tells by which rules it was found."""

NEEDS_REVIEW = "needs_review"
READ_AT_MOST = 4_096
"""WhatsApp's own limit of a message. A longer text is searched for openings, but a booking or
payment is read from its beginning only, so that no text takes long."""
MOST_HITS = 40

TOTAL = re.compile(
    r"\b(?:total(?:nya|an)?|jumlah(?:nya)?|keseluruhan|altogether|in total|all in)\b"
)
# `pindah booking dari 25 april ke 28 april`: the day meant is the one moved to.
MOVED = re.compile(
    r"\b(?:pindah|pindahkan|reschedule|ganti|geser|undur|mundur|ubah|move|change)\b.{0,80}?\b(?:ke|jadi|to)\b"
)
NOT_PAID = re.compile(
    r"\b(?:dari(?: total)?|out of|sisa(?:nya)?|kurang(?:nya)?|(?<!paid the )(?<!transferred the )remaining|balance (?:of|is|left)|left|harga(?:nya)?|price|biaya(?:nya)?"
    r"|cost|fee|tarif(?:nya)?|diskon|discount|promo|cashback|kembalian|seharusnya|harusnya|normal(?:nya)?|minimal|minimum"
    r"|(?:dp|bayar|order|booking) min|limit|saldo|bukan|instead of|not|antara|sekitar|kira-kira|about|around|hampir|almost|plafon|gaji|omzet)"
    r"(?:\s*(?:nya|is|of|:|=|masih|tinggal|pelunasan|pembayaran|bayar|dp|yg|yang|harus|dibayar|rp\.?|idr))*\s*$"
    r"|\d\s?(?:x|kali)\s*$|\bx\s*$"
)
REFUND = re.compile(
    r"\b(?:refund(?:ed|nya)?|direfund|dikembalikan|kembalikan|mengembalikan|pengembalian|uang kembali|reimbursed?)\b"
)
REFUND_DONE = re.compile(
    r"\b(?:sudah|udah|udh|sdh|telah|refunded|reimbursed|berhasil|already|processed|diproses|was|has been|got|received"
    r"|diterima|terima|cair|masuk)\b"
)
REFUND_NOT = re.compile(
    r"\b(?:belum|blm|minta|mau|ingin|bisa|boleh|can|want|need|request\w*|kapan|when|if|kalau|kalo|jika|not|never|tidak|gak|ga"
    r"|nggak|batal|please|tolong|mohon|akan|nanti|will|gagal|failed|ditolak)\b|n't\b|\?"
)
AGENT_DONE = re.compile(
    r"\b(?:sudah|udah|sdh|telah|received|diterima|terima kasih atas|masuk|confirmed|terkonfirmasi|dikonfirmasi|lunas|booked|tercatat|noted|"
    r"terdaftar|berhasil|paid|refunded|reimbursed|processed)\b"
)


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


@dataclass(frozen=True, slots=True)
class Reading:
    """A message as the rules read it: its own words, folded, and what they were."""

    facts: MessageFacts
    text: str
    folded: str


def classify(
    facts: MessageFacts, matcher: Matcher, *, agents_confirm: bool = True
) -> list[Finding]:
    """At most one finding a stage and basis; also those that do not count, marked as such."""
    findings = _stated(facts)
    if not facts.text or facts.sender not in ("customer", "agent"):
        return findings
    text = _own_words(facts.text)
    folded = normalise(text)
    hits = matcher.find_all(folded)
    if not hits:
        return findings
    if facts.sender == "agent" and not (agents_confirm and AGENT_DONE.search(folded)):
        return findings
    reading = Reading(facts, text, folded)
    stated = {finding.stage for finding in findings}
    for stage in Stage:
        if finding := _read(stage, hits, reading):
            findings.append(replace(finding, overruled=True) if stage in stated else finding)
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
    if "\n" not in text and ">" not in text:
        return text
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(">")]
    return " . ".join(line for line in lines if line.strip())


def _read(stage: Stage, hits: Iterable[Hit], reading: Reading) -> Finding | None:
    """What the hits of one stage say together: an event, a doubt, a denial, or nothing."""
    of_stage = [hit for hit in hits if hit.phrase.stage is stage]
    if stage is Stage.OPENING:
        # An agent's greeting opens nothing.
        is_opened = of_stage and reading.facts.sender == "customer"
        return _finding(of_stage[0], reading) if is_opened else None
    of_stage = _outermost(of_stage)
    if not of_stage:
        return None
    verdicts = [(hit, _verdict(hit, reading.folded)) for hit in of_stage]
    if hit := _first(verdicts, Verdict.NEEDS_REVIEW):
        return _finding(hit, reading, doubt=NEEDS_REVIEW)
    if hit := _first(verdicts, Verdict.HAPPENED):
        if stage is Stage.BOOKING:
            return _booking(hit, reading)
        return _transaction(hit, verdicts, reading)
    refunds = [hit for hit in of_stage if _is_refund(hit, reading.folded)]
    if stage is Stage.TRANSACTION and refunds:
        return _refund(refunds[0], reading)
    return _finding(of_stage[0], reading, negated=True)


def _outermost(hits: Iterable[Hit]) -> list[Hit]:
    """Without the hits that lie inside a longer one, which say the same; the longest come first."""
    kept: list[Hit] = []
    for hit in hits:
        if len(kept) == MOST_HITS:
            break
        if hit.end > READ_AT_MOST:
            continue
        if not any(one.start <= hit.start and hit.end <= one.end for one in kept):
            kept.append(hit)
    return kept


def _verdict(hit: Hit, folded: str) -> Verdict:
    if hit.phrase.stage is Stage.TRANSACTION and _is_refund(hit, folded):
        # Money the other way; never a payment.
        return Verdict.DENIED
    return judge(folded, start=hit.start, end=hit.end, stage=hit.phrase.stage)


def _first(verdicts: Sequence[tuple[Hit, Verdict]], wanted: Verdict) -> Hit | None:
    return next((hit for hit, verdict in verdicts if verdict is wanted), None)


def _finding(hit: Hit, reading: Reading, *, negated: bool = False, doubt: str = "") -> Finding:
    return Finding(
        stage=hit.phrase.stage,
        basis=Basis.TEXT,
        words=_around(hit, reading),
        keyword_id=hit.phrase.id,
        negated=negated,
        doubt=doubt,
    )


def _around(hit: Hit, reading: Reading) -> str:
    """The keyword with a few words on each side, so that staff see what was meant."""
    folded = reading.folded
    if hit.phrase.stage is Stage.OPENING:
        return as_written(reading.text, folded, hit.start, hit.end)
    first = folded.rfind(" ", 0, max(hit.start - 18, 0)) + 1
    last = folded.find(" ", min(hit.end + 30, len(folded)))
    last = last if last >= 0 else len(folded)
    return as_written(reading.text, folded, first, last)[:200]


def _said(hit: Hit, reading: Reading) -> ReadDate | None:
    """The day of the keyword's own clause; else that of the whole message."""
    facts, folded = reading.facts, reading.folded[:READ_AT_MOST]
    first, last = clause(folded, hit.start, hit.end)
    whole = read_date(folded, sent_at=facts.sent_at, zone=facts.zone)
    if whole is None or (first, last) == (0, len(folded)):
        return whole
    own = read_date(folded[first:last], sent_at=facts.sent_at, zone=facts.zone)
    if own is None or own.at is None:
        return whole
    # `booking tgl 26, jam 10`: the whole message knows the hour of the same day.
    same_day = whole.at is not None and whole.at.date() == own.at.date()
    return whole if same_day else own


def _booking(hit: Hit, reading: Reading) -> Finding:
    facts, said = reading.facts, None
    if moved := MOVED.search(reading.folded):
        said = read_date(reading.folded[moved.end() :], sent_at=facts.sent_at, zone=facts.zone)
    said = said or _said(hit, reading)
    doubt = said.doubt if said else ""
    return replace(_finding(hit, reading, doubt=doubt), says_at=said.at if said else None)


def _transaction(hit: Hit, verdicts: Sequence[tuple[Hit, Verdict]], reading: Reading) -> Finding:
    value, currency, restates = _paid(verdicts, reading)
    said = _said(hit, reading)
    # Nobody has paid in the future: such a day is that of something else.
    is_past = said is not None and said.at is not None and said.at <= reading.facts.sent_at
    return replace(
        _finding(hit, reading),
        says_at=said.at if said and is_past and not said.has_time else None,
        value=value,
        currency=currency,
        restates=restates,
    )


def _paid(
    verdicts: Sequence[tuple[Hit, Verdict]], reading: Reading
) -> tuple[Decimal | None, str, bool]:
    """What was paid: the amount after a word like `total`, else the sum of all that is not a price,
    a rest, a discount or part of a denied clause. Amounts of several currencies are not added: the
    first currency's are.
    """
    folded = reading.folded[:READ_AT_MOST]
    amounts = _credible(folded, verdicts, read_amounts(folded, currency=reading.facts.currency))
    if not amounts:
        return None, "", False
    paid = [clause(folded, hit.start, hit.end) for hit, one in verdicts if one is Verdict.HAPPENED]
    if total := TOTAL.search(folded):
        own = [amount for amount in amounts if _within(amount, paid)]
        if own and total.end() <= min(first for first, _ in paid):
            # `total 1,5jt, sudah saya tf 500rb` tells a price, and then what was paid of it.
            amounts = own
        elif (all_told := _total(total, amounts)) is not None:
            return all_told.value, all_told.currency, True
    currency = amounts[0].currency
    same = [one.value for one in amounts if one.currency == currency]
    return sum(same, Decimal(0)), currency, False


def _total(total: re.Match[str], amounts: Sequence[Amount]) -> Amount | None:
    """The amount called the total: the first after the word, or one right before it."""
    for amount in amounts:
        if amount.start >= total.end() or 0 <= total.start() - amount.end <= 2:
            return amount
    return None


def _credible(
    folded: str, verdicts: Sequence[tuple[Hit, Verdict]], amounts: Iterable[Amount]
) -> list[Amount]:
    paid = [
        clause(folded, hit.start, hit.end)
        for hit, verdict in verdicts
        if verdict is Verdict.HAPPENED
    ]
    unpaid = [_denied_span(hit, folded) for hit, verdict in verdicts if verdict is Verdict.DENIED]
    distinct: list[Amount] = []
    for one in amounts:
        if NOT_PAID.search(folded[max(one.start - 32, 0) : one.start]):
            continue
        if _within(one, unpaid) and not _within(one, paid):
            continue
        # The same amount twice in one message is said twice, not paid twice.
        if all((one.value, one.currency) != (other.value, other.currency) for other in distinct):
            distinct.append(one)
    return distinct


def _denied_span(hit: Hit, folded: str) -> tuple[int, int]:
    """What a denial covers: its clause; of a refund the whole sentence."""
    bounds = sentence if _is_refund(hit, folded) else clause
    return bounds(folded, hit.start, hit.end)


def _within(amount: Amount, spans: Iterable[tuple[int, int]]) -> bool:
    return any(first <= amount.start and amount.end <= last for first, last in spans)


def _is_refund(hit: Hit, folded: str) -> bool:
    if not REFUND.search(folded):
        return False
    first, last = clause(folded, hit.start, hit.end)
    return REFUND.search(folded, first, last) is not None


def _refund(hit: Hit, reading: Reading) -> Finding:
    """A completed refund is a payment the other way; a wish for one is nothing."""
    first, last = sentence(reading.folded, hit.start, hit.end)
    own = reading.folded[first:last]
    amounts = read_amounts(own, currency=reading.facts.currency)
    if not amounts or not REFUND_DONE.search(own) or REFUND_NOT.search(own):
        return _finding(hit, reading, negated=True)
    return replace(_finding(hit, reading), value=-amounts[0].value, currency=amounts[0].currency)
