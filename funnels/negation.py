"""Whether words that speak of a booking or a payment say that it happened.

A denial, a question, a condition, a request and a promise to pay are no event. The rules look at
the clause around the keyword; the marker nearest before the keyword decides.
"""

import re
from enum import StrEnum

from funnels.stages import Stage

NEAR = 6

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
CLAUSE_EDGE = re.compile(
    r"[.!?;](?=\s|$)|,(?!\d)|\n|\s-\s|\b(?:tapi|tp|tetapi|namun|but|however)\b"
)

DENIALS = frozenset(
    "belum blm belom blum blom blon tidak tdk gak ga gk nggak ngga enggak engga gag kagak kaga ndak tak bukan "
    "bkn jangan jgn batal batalkan batalin dibatalkan ngebatalin cancel cancelled canceled cancelling gajadi gagal not never "
    "havent hasnt hadnt didnt dont doesnt isnt wasnt cant cannot couldnt wont wouldnt without failed "
    "unable unpaid tanpa nolak tolak males malas".split()
)
DONE = frozenset(
    "sudah udah udh sdh dah dh telah tlh barusan tadi already just ive weve have has had successfully "
    "berhasil selesai alhamdulillah terima diterima received".split()
)
CONDITIONS = frozenset(
    "kalau kalo klo klu kl kalaupun jika jk bila apabila seandainya misal misalnya if when once unless until sampai "
    "setelah stlh sesudah sebelum sblm before after habis abis begitu asal supaya agar".split()
)
QUESTIONS = frozenset(
    "apakah apa apkah bisa bs bisakah boleh blh bolehkah can could may shall how gimana bagaimana gmn cara caranya "
    "berapa brp kapan dimana kemana mana where why kenapa do does did is are should haruskah perlu perlukah "
    "kah tanya nanya".split()
)
REQUESTS = frozenset(
    "silakan silahkan slhkan monggo mohon tolong please pls harap harus must minta mnt request ditunggu menunggu nunggu "
    "waiting segera wajib diminta need untuk utk buat lewat via bukti".split()
)
PROMISES = frozenset(
    "nanti nti ntar entar akan bakal bakalan mau mo ingin pengen pgn pingin want wanna will going gonna ill "
    "besok bsk lusa tomorrow later planning rencana rencananya bentar sebentar otw to".split()
)
INTENTS_TO_BOOK = frozenset(
    "mau mo ingin pengen pgn pingin want wanna ill will would to need untuk utk buat please pls tolong mohon minta besok bsk lusa tomorrow".split()
)
AFTER_DENIALS = frozenset(
    "belum blm belom blum gagal failed batal dibatalkan cancelled canceled cancel pending gak ga nggak tidak "
    "gajadi didnt doesnt hasnt havent wasnt isnt not".split()
)
AFTER_QUESTIONS = frozenset(
    "dimana kemana mana berapa brp gimana gmn bagaimana apa where how kapan when apakah".split()
)
AFTER_PROMISES = frozenset(
    "nanti ntar besok bsk lusa tomorrow later segera soon bentar sebentar dulu".split()
)
# Words that a denial before them makes into something else than a denial.
HARMLESS = re.compile(
    r"\b(?:(?:ga|gak|nggak|ngga|tidak|tdk)\s?(?:papa|apa-apa|apa apa|masalah|sabar|lupa|usah khawatir)|no (?:problem|worries)|not (?:only|a problem))\b"
)
TWICE = re.compile(
    r"\b(?:bukan(?:nya|lah)?|bkn|tidak|gak|ga|nggak|not|never)\s(?:\w+\s)?(?:belum|blm|nggak|ngga|gak|ga|tidak|tdk|tak|not|unpaid|never)\b"
)
NOT_JADI = re.compile(
    r"\b(?:ga|gak|nggak|ngga|tidak|tdk)\s?jadi\b|\bgajadi\b|\bjadi\s(?:ga|gak|nggak|ngga|tidak|tdk)\b"
)


class Verdict(StrEnum):
    """What a keyword's clause says of the event."""

    HAPPENED = "happened"
    DENIED = "denied"
    NEEDS_REVIEW = "needs_review"


def judge(text: str, *, start: int, end: int, stage: Stage) -> Verdict:
    """Whether the words at start to end of a normalised text say that the event happened."""
    first, last, mark = _clause(text, start, end)
    clause = text[first:last]
    if TWICE.search(clause) and not HARMLESS.search(clause):
        return Verdict.NEEDS_REVIEW
    if mark == "?":
        return Verdict.DENIED
    before = _words(text[first:start])
    inside = _words(text[start:end])
    after = _words(text[end:last])
    if NOT_JADI.search(clause) or _denied_after(after, stage):
        return Verdict.DENIED
    return _by_nearest(before, inside, stage)


def _clause(text: str, start: int, end: int) -> tuple[int, int, str]:
    """The clause around a span, and the mark that ends its sentence."""
    first, last, mark = 0, len(text), ""
    for edge in CLAUSE_EDGE.finditer(text):
        if edge.end() <= start:
            first = edge.end()
        elif edge.start() >= end:
            last = edge.start()
            break
    if sentence_end := re.search(r"[.!?](?=\s|$|[.!?])", text[end:]):
        mark = (
            "?" if "?" in text[end + sentence_end.start() : end + sentence_end.start() + 3] else ""
        )
        if mark and re.search(r",(?!\d)", text[end : end + sentence_end.start()]):
            # "sudah transfer 150rb, bisa dicek?" asks about something else.
            mark = ""
    return first, last, mark


def _words(text: str) -> list[str]:
    text = HARMLESS.sub(" ", text)
    return [word.replace("'", "").replace("’", "") for word in WORD.findall(text)]


def _denied_after(after: list[str], stage: Stage) -> bool:
    """Words behind the keyword that take it back: `transfer nanti`, `bayar belum`, `payment failed`."""
    near = after[:NEAR]
    if AFTER_DENIALS.intersection(near[:4]) or AFTER_QUESTIONS.intersection(near[:3]):
        return True
    return stage is Stage.TRANSACTION and bool(AFTER_PROMISES.intersection(near))


def _by_nearest(before: list[str], inside: list[str], stage: Stage) -> Verdict:
    """Walk back from the keyword; the first marker decides."""
    if inside and inside[0] in DONE and len(inside) > 1:
        before = [*before, inside[0]]
    near = before[-NEAR:]
    for place in range(len(near) - 1, -1, -1):
        word = near[place]
        if word in DENIALS:
            return Verdict.DENIED
        if word in DONE:
            return _done(near[:place])
        if word in CONDITIONS:
            return Verdict.DENIED
        if stage is Stage.BOOKING and word in INTENTS_TO_BOOK and not _asks(near[:place]):
            return Verdict.HAPPENED
        if word in QUESTIONS or word in REQUESTS or word in PROMISES:
            return Verdict.DENIED
    return Verdict.HAPPENED


def _done(earlier: list[str]) -> Verdict:
    """`sudah` holds, unless the clause is a condition, a question, or denies it: `apa sudah`."""
    close = earlier[-3:]
    if CONDITIONS.intersection(close) or DENIALS.intersection(earlier[-1:]):
        return Verdict.DENIED
    if {"apakah", "apa", "apkah", "kapan", "did", "do"}.intersection(close):
        return Verdict.DENIED
    return Verdict.HAPPENED


def _asks(words: list[str]) -> bool:
    return bool(
        {
            "bisa",
            "bs",
            "boleh",
            "can",
            "could",
            "apakah",
            "how",
            "cara",
            "gimana",
            "kalau",
            "kalo",
            "if",
            "belum",
            "blm",
            "gak",
            "ga",
            "nggak",
            "tidak",
            "tdk",
            "not",
            "dont",
        }.intersection(words[-4:])
    )
