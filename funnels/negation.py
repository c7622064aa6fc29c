"""Whether words that speak of a booking or a payment say that it happened.

A denial, a question, a condition, a request and a promise to pay are no event; to want a booking
is to book. The rules look at the clause around the keyword: a word that takes the event back behind
it, else the marker nearest before it. In doubt nothing happened.
"""

import re
from enum import StrEnum

from funnels.stages import Stage

NEAR = 6
CLAUSE_REACH = 300
"""How far a clause may reach from its keyword, so that no text takes long to read."""

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
BUT = r"\b(?:tapi|tp|tpi|tetapi|namun|but|however)\b"
# The full stop of an abbreviation ends nothing: a.n. Budi, no. 5, tgl. 20, Rp. 5.000.
STOP = r"\.(?<!\ba\.n\.)(?<!\ban\.)(?<!\bno\.)(?<!\btgl\.)(?<!\brp\.)"
CLAUSE_EDGE = re.compile(rf"(?:[!?;]|{STOP})(?=\s|$)|,(?!\d)|\n|\s-\s|{BUT}")
SENTENCE_EDGE = re.compile(rf"(?:[!?]|{STOP})(?=\s|$|[.!?])|\n")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


DENIALS = _set(
    "belum blm belom blum blom blon tidak tdk gak ga gk nggak ngga enggak engga gag kagak kaga ndak tak bukan "
    "bkn jangan jgn batal batalkan batalin membatalkan dibatalkan ngebatalin cancel cancelled canceled "
    "cancelling gajadi gagal not never havent hasnt hadnt didnt dont doesnt isnt wasnt cant cannot couldnt "
    "wont wouldnt without failed unable unpaid tanpa nolak tolak males malas no nobody none wish free gratis hampir kayaknya kyknya sepertinya kayanya mungkin katanya almost nearly maybe perhaps probably rather told ready about supposedly lupa forgot"
)
DONE = _set(
    "sudah udah udh sdh dah dh telah tlh barusan tadi already just ive weve have has had successfully "
    "berhasil sukses selesai alhamdulillah terima diterima received kelar sempat sempet"
)
CONDITIONS = _set(
    "kalau kalo klo klu kl kalaupun jika jk bila apabila seandainya andai misal misalnya if when once unless "
    "until sampai setelah stlh sesudah sebelum sblm before after habis abis begitu asal supaya agar biar"
)
QUESTIONS = _set(
    "apakah apa apkah bisa bs bisakah boleh blh bolehkah can could may shall how gimana bagaimana gmn cara "
    "caranya berapa brp kapan dimana kemana mana where why kenapa do does did is are should haruskah perlu "
    "perlukah kah tanya nanya what which"
)
REQUESTS = _set(
    "cukup dengan promo silakan silahkan slhkan monggo mohon tolong please pls harap harus harusnya seharusnya mestinya must minta "
    "mnt request ditunggu menunggu nunggu tunggu waiting segera wajib diminta need untuk utk buat lewat via bukti"
)
PROMISES = _set(
    "nanti nti ntar entar akan bakal bakalan mau mo ingin pengen pgn pingin want wanna will going gonna ill "
    "besok bsk lusa tomorrow later planning rencana rencananya bentar sebentar otw to be get gets getting gajian insyaallah janji"
)
SURE_PROMISES = _set(
    "insyaallah nanti ntar akan bakal besok bsk will going gonna later tomorrow rencana"
)
INTENTS_TO_BOOK = _set(
    "mau mo ingin pengen pgn pingin want wanna ill will would to need untuk utk buat please pls tolong mohon "
    "minta besok bsk lusa tomorrow"
)
NO_INTENT = _set(
    "bisa bs boleh can could apakah how cara gimana kalau kalo klo if when jika belum blm gak ga nggak ngga "
    "tidak tdk not dont never bukan bukannya bkn jangan jgn do does did should must harus perlu kapan tanya "
    "nanya sebelum before possible is are what why where forgot lupa"
)
AFTER_DENIALS = _set(
    "belum blm belom blum gagal failed batal dibatalkan cancelled canceled cancel pending gak ga nggak ngga tidak tdk "
    "gajadi didnt doesnt hasnt havent wasnt isnt not ditolak declined rejected error expired kadaluarsa bounced reversed hangus "
    "ditarik kena atau or kalau kalo klo jika asal if unless rather"
)
SURE_AFTER_DENIALS = _set(
    "gagal failed batal dibatalkan cancelled canceled cancel pending gajadi ditolak declined rejected error "
    "expired kadaluarsa bounced reversed"
)
AFTER_QUESTIONS = _set(
    "dimana kemana mana berapa brp gimana gmn bagaimana apa where how kapan when apakah"
)
AFTER_PROMISES = _set(
    "nanti ntar besok bsk lusa tomorrow later segera soon bentar sebentar dulu pas tempat ditempat arrival nyusul menyusul due lambat monthly"
)
BOOKED_OUT = _set("penuh full habis tutup closed kosong later soon")
CLOSING_QUESTIONS = _set("belum blm belom blum blom ga gak gk nggak ngga enggak engga yet")
PARTICLES = _set(
    "ya yah y kak ka kakak gan min sih bu pak sis bro om mas mba mbak dong nih deh kah"
)
# A keyword beside one of these is the name of a thing, no event: `payment link`, `your book`.
THING_BEFORE = _set(
    "minimal minimum min limit max maks maksimal sisa sisanya salah kelebihan kurang lebih link metode biaya kode otp nomor no rek rekening syarat batas tempo sistem opsi pilihan jenis form formulir "
    "deadline info informasi detail total invoice tagihan kwitansi nota faktur rincian reminder"
)
THING_AFTER = _set(
    "link method methods option options gateway deadline details info policy terms page form fee fees code "
    "url instructions schedule plan plans version monthly yearly subscription users due antar minimal minimum maksimal paling"
)
BOOK_BEFORE = _set(
    "a an your my his her our their the this that these nice good great e ebook text note guest phone address "
    "fully over read reading buy bought class"
)
LIST_AFTER = _set(
    "harga menu isi nama hadir produk pustaka ulang tunggu list pertanyaan pricelist biaya"
)
NOUNS = _set("pembayaran pelunasan payment dp transferan jadwal schedule")
BARE = NOUNS | _set("bayar transfer tf trf pay")
PLAIN_WORDS = (
    BARE
    | PARTICLES
    | _set(
        "rb ribu jt juta k rp idr rupiah usd aed sgd myr rm eur via ke dari to from of by for utk untuk dan and sama & cash tunai "
        "bca bri bni bsi mandiri gopay ovo dana shopeepay qris transfer tf trf bayar paid lunas rek rekening a n an atas nama "
        "sebesar senilai sejumlah nominal total totalnya jadi this today hari ini tadi kemarin pagi siang sore malam yg yang kelas "
        "saya aku ku gue gw i we td kmrn yesterday baru aja pake pakai pk ok oke sip bukti"
    )
)
BEFORE_NAMES = _set("an nama dari from")
SPUN_OUT = re.compile(r"(?<=\w)([a-z])\1+$")
LOOKS_PAID = re.compile(
    r"\d\s?(?:rb|k|jt|ribu|juta)\b|\d[.,]\d{3}|\d{4}|[$€£]\s?\d|\b(?:usd|aed|rp|idr|rm|sgd)\b|\b(?:ribu|juta|sejuta)\b"
)
SAYS_DONE = _set(
    "done success sukses berhasil sent selesai masuk beres confirmed completed terlampir went cleared received terverifikasi diverifikasi made ok lunas"
)
SAID_DONE = DONE | SAYS_DONE
# Words that a denial before them makes into something else than a denial.
HARMLESS = re.compile(
    r"\b(?:(?:ga|gak|nggak|ngga|tidak|tdk)\s?(?:papa|apa-apa|apa apa|masalah|sabar|lupa|usah khawatir)"
    r"|(?:jangan|jgn) lupa|no (?:problem|worries)|not (?:only|a problem))\b"
)
TWICE = re.compile(
    r"\b(?:bukan(?:nya|lah)?|bkn|tidak|gak|ga|nggak|not|never)\s(?:\w+\s){0,3}?"
    r"(?:belum|blm|nggak|ngga|gak|ga|tidak|tdk|tak|not|unpaid|never|haven't|havent|didn't|hasn't)(?!\w)"
)
NOT_JADI = re.compile(
    r"\b(?:ga|gak|gk|nggak|ngga|enggak|tidak|tdk)\s?jadi\b|\bgajadi\b"
    r"|\bjadi(?:nya)?\s(?:ga|gak|gk|nggak|ngga|enggak|tidak|tdk)\b"
)
FAILED_NEXT = re.compile(
    rf"{BUT}\s(?:(?!mau|ingin|pengen|want|minta)\w+\s){{0,2}}(?:gagal|failed|batal|ditolak|declined|error|pending|balik|retur|bounced|cancelled|dibatalkan|full|penuh|kehabisan|changed my mind|berubah pikiran)\b"
)
NOT_ME = re.compile(
    r"\b(?:bukan|bkn) (?:dari )?(?:saya|aku|gue|gw|kami|kita)\b|\bnot (?:me|us)\b"
    r"|\bada (?:yg|yang)\b|\btempat lain\b|\belsewhere\b|\banother (?:place|school|shop|vendor)\b"
)


class Verdict(StrEnum):
    """What a keyword's clause says of the event."""

    HAPPENED = "happened"
    DENIED = "denied"
    NEEDS_REVIEW = "needs_review"


def judge(text: str, *, start: int, end: int, stage: Stage) -> Verdict:
    """Whether the words at start to end of a normalised text say that the event happened."""
    first, last = clause(text, start, end)
    around = text[first:last]
    if TWICE.search(around) and not HARMLESS.search(around):
        return Verdict.NEEDS_REVIEW
    if _is_asked(text, end) or FAILED_NEXT.match(text, last):
        return Verdict.DENIED
    before, inside, after = (
        words_of(text[first:start]),
        words_of(text[start:end]),
        words_of(text[end:last]),
    )
    if _is_thing(before, inside, after, stage) or _is_disowned(around):
        return Verdict.DENIED
    if BARE.issuperset(inside) and not _is_backed(before, inside, after, around):
        return Verdict.DENIED
    if _taken_back(before, after, stage):
        return Verdict.DENIED
    verdict = _by_nearest(before, inside, stage)
    if verdict is Verdict.HAPPENED and _is_promised(text, first, before, inside, stage):
        return Verdict.DENIED
    return verdict


def clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The clause around a span: from edge to edge, an edge being a comma, a full stop or a `but`."""
    first, last = max(start - CLAUSE_REACH, 0), min(end + CLAUSE_REACH, len(text))
    for edge in CLAUSE_EDGE.finditer(text, first, start):
        first = edge.end()
    if edge_after := CLAUSE_EDGE.search(text, end, last):
        last = edge_after.start()
    return first, last


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a span, its closing mark included."""
    first, last = max(start - CLAUSE_REACH, 0), min(end + CLAUSE_REACH, len(text))
    for edge in SENTENCE_EDGE.finditer(text, first, start):
        first = edge.end()
    if edge_after := SENTENCE_EDGE.search(text, end, last):
        last = edge_after.end()
    return first, last


def words_of(text: str) -> list[str]:
    """The words of a normalised text, without apostrophes and without harmless denials."""
    text = HARMLESS.sub(" ", text)
    return [word.replace("'", "").replace("’", "") for word in WORD.findall(text)]


def _is_asked(text: str, end: int) -> bool:
    """Whether the sentence ends with a question mark and no comma parts the question off.

    `sudah transfer 150rb, bisa dicek?` asks about something else.
    """
    mark = SENTENCE_EDGE.search(text, end, min(end + CLAUSE_REACH, len(text)))
    if mark is None or "?" not in text[mark.start() : mark.start() + 3]:
        return False
    return CLAUSE_EDGE.search(text, end, mark.start()) is None


def _is_disowned(around: str) -> bool:
    return bool(NOT_JADI.search(around) or NOT_ME.search(around))


def _is_thing(before: list[str], inside: list[str], after: list[str], stage: Stage) -> bool:
    """The name of a thing: `metode pembayaran`, `payment link`, `your book`, `daftar harga`."""
    previous, following = (before or [""])[-1], (after or [""])[0]
    if previous in THING_BEFORE or following in THING_AFTER:
        return True
    if stage is not Stage.BOOKING:
        return False
    if inside in (["book"], ["schedule"], ["booked"]) and previous in BOOK_BEFORE:
        return inside != ["booked"] or previous in ("fully", "over")
    return inside[-1:] == ["daftar"] and following in LIST_AFTER


def _is_backed(before: list[str], inside: list[str], after: list[str], around: str) -> bool:
    """Whether the clause makes a bare verb or noun an event: it says done, or nothing else at all.

    `DP 500rb pelunasan 1jt` and `bayar 1,5 jt` say nothing else; `reminder: payment 150k by friday`
    and `disuruh transfer 500rb sama cs` do.
    """
    if not SAID_DONE.isdisjoint(before) or not SAID_DONE.isdisjoint(after):
        return True
    if any(_adds_something(words) for words in (before, after)):
        return False
    return bool(LOOKS_PAID.search(around)) or not NOUNS.issuperset(inside)


def _adds_something(words: list[str]) -> bool:
    """A word beside the bare facts; names after `a.n.` and `dari` and drawn-out `yaa` are none."""
    return any(
        word.isalpha()
        and word not in PLAIN_WORDS
        and previous not in BEFORE_NAMES
        and SPUN_OUT.sub(r"\1", word) not in PLAIN_WORDS
        for previous, word in zip(["", *words], words, strict=False)
    )


def _taken_back(before: list[str], after: list[str], stage: Stage) -> bool:
    """Words behind the keyword that take it back: `transfer nanti`, `bayar belum`, `payment failed`.

    Where it is said to be done, `udah bayar 100rb kok belum masuk grup` complains of the rest; then
    only a failure counts, or a closing `belum`, which asks.
    """
    telling = [word for word in after if word not in PARTICLES]
    near = telling[:NEAR]
    if _ends_in_doubt(telling):
        return True
    if DONE.intersection(before[-3:]):
        return bool(SURE_AFTER_DENIALS.intersection(near))
    if AFTER_DENIALS.intersection(near[:4]) or AFTER_QUESTIONS.intersection(near[:5]):
        return True
    if stage is Stage.TRANSACTION:
        return bool(AFTER_PROMISES.intersection(near))
    return bool(BOOKED_OUT.intersection(near[:3]))


def _ends_in_doubt(words: list[str]) -> bool:
    """`bayar belum`, `bisa dicicil 3x ga`, `sudah bayar apa belum`: a question without its mark."""
    if words[-1:] and words[-1] in CLOSING_QUESTIONS:
        return True
    return words[:1] == ["apa"] or words[:2] in (["atau", "belum"], ["atau", "blm"])


def _by_nearest(before: list[str], inside: list[str], stage: Stage) -> Verdict:
    """Walk back from the keyword; the first marker decides."""
    if len(inside) > 1 and inside[0] in DONE:
        before = [*before, inside[0]]
    near = before[-NEAR:]
    for place in range(len(near) - 1, -1, -1):
        verdict = _of_marker(near[place], near[:place], stage)
        if verdict is not None:
            return verdict
    return Verdict.HAPPENED


def _of_marker(word: str, earlier: list[str], stage: Stage) -> Verdict | None:
    """What one word before the keyword decides; None where it decides nothing."""
    if word in DENIALS:
        return Verdict.DENIED
    if word in DONE:
        return _done(earlier)
    if word in CONDITIONS:
        return Verdict.DENIED
    if (
        stage is Stage.BOOKING
        and word in INTENTS_TO_BOOK
        and not NO_INTENT.intersection(earlier[-4:])
    ):
        return Verdict.HAPPENED
    if word in QUESTIONS or word in REQUESTS or word in PROMISES:
        return Verdict.DENIED
    return None


def _done(earlier: list[str]) -> Verdict:
    """`sudah` holds, unless the clause is a condition, a question, or denies it: `apa sudah`."""
    close = earlier[-3:]
    if {"would", "should", "could", "might", "must"}.intersection(earlier[-1:]):
        return Verdict.DENIED
    if CONDITIONS.intersection(close) or DENIALS.intersection(earlier[-1:]):
        return Verdict.DENIED
    if {"apakah", "apa", "apkah", "kapan", "did", "do"}.intersection(close):
        return Verdict.DENIED
    return Verdict.HAPPENED


def _is_promised(text: str, first: int, before: list[str], inside: list[str], stage: Stage) -> bool:
    """Whether the payment is put off, also further back than the nearest marker or in an earlier
    clause: `insyaallah besok saya lunasi, bayar 1jt`.
    """
    if stage is not Stage.TRANSACTION or DONE.intersection(before) or DONE.intersection(inside):
        return False
    if SURE_PROMISES.intersection(before):
        return True
    begin, _ = sentence(text, first, first)
    earlier = words_of(text[begin:first])
    return bool(SURE_PROMISES.intersection(earlier)) and not DONE.intersection(earlier)
