"""A denial, a question, a condition, a request or a promise is no event."""

import pytest

from funnels.matching import normalise
from funnels.negation import Verdict, judge
from funnels.stages import Stage


def verdict(text: str, keyword: str, stage: Stage) -> Verdict:
    folded = normalise(text)
    start = folded.index(keyword)
    return judge(folded, start=start, end=start + len(keyword), stage=stage)


@pytest.mark.parametrize(
    "text",
    [
        "belum bayar ya kak", "blm sempat bayar", "gak jadi bayar", "jadi nggak bayar", "gajadi bayar ah", "batal bayar",
        "jangan bayar dulu", "kalau sudah bayar kabari ya", "setelah bayar dapat apa", "nanti saya bayar", "mau bayar",
        "insyaallah besok saya lunasi, bayar 1jt", "udah bayar belum?", "udah bayar blm ya", "sudah bayar?",
        "apakah sudah bayar", "bisa bayar cicil", "cara bayar gimana", "bayar kemana kak", "silakan bayar 150rb",
        "seharusnya bayar 500rb", "cukup bayar 99rb", "bayar di tempat ya", "sudah bayar tapi gagal", "bayar gagal terus",
        "biar saya bayar", "minimal bayar 50rb", "tidak pernah bayar", "bukan saya yang bayar",
    ],
)  # fmt: skip
def test_no_payment_happened(text: str) -> None:
    assert verdict(text, "bayar", Stage.TRANSACTION) is Verdict.DENIED


@pytest.mark.parametrize(
    "text",
    [
        "not paid yet", "I haven't paid", "have you paid?", "if paid, tell me", "once paid let me know", "nobody paid",
        "you should have paid", "I would have paid", "will be paid later", "has it been paid?",
    ],
)  # fmt: skip
def test_no_payment_happened_in_english(text: str) -> None:
    assert verdict(text, "paid", Stage.TRANSACTION) is Verdict.DENIED


@pytest.mark.parametrize(
    "text",
    [
        "sudah bayar", "bayar 150rb", "udah saya bayar ya kak", "sudah bayar 150rb, bisa dicek?", "sudah bayar, belum dicek ya",
        "udah bayar 100rb kok belum masuk grup", "nggak papa kak sudah bayar", "jangan lupa sudah bayar ya",
        "belum booking tapi sudah bayar", "kemarin bayar cash",
    ],
)  # fmt: skip
def test_a_payment_happened(text: str) -> None:
    assert verdict(text, "bayar", Stage.TRANSACTION) is Verdict.HAPPENED


@pytest.mark.parametrize(
    "text",
    [
        "bukan belum bayar",
        "bukannya nggak jadi bayar",
        "saya bukan tidak bayar",
        "it's not that I haven't bayar",
    ],
)
def test_a_double_negation_is_for_people_to_read(text: str) -> None:
    assert verdict(text, "bayar", Stage.TRANSACTION) is Verdict.NEEDS_REVIEW


@pytest.mark.parametrize(
    "text",
    [
        "bisa booking besok?", "bisa booking besok kak", "batal booking", "gak jadi booking", "belum booking", "cara booking",
        "kalau mau booking gimana", "bukan mau booking, cuma nanya", "harus booking dulu?", "nanti saya booking lagi",
        "booking sudah penuh", "udah booking blm ya?", "what is the booking fee", "please cancel my booking",
        "I will booking later", "coba booking tapi gagal", "kode booking ABC",
    ],
)  # fmt: skip
def test_no_booking_happened(text: str) -> None:
    assert verdict(text, "booking", Stage.BOOKING) is Verdict.DENIED


@pytest.mark.parametrize(
    "text",
    [
        "mau booking besok jam 3", "saya mau booking 2025-10-01", "booking dong kak", "tolong booking buat besok",
        "sudah booking kemarin", "jadi booking ya", "belum bayar, mau booking besok", "besok booking ya",
    ],
)  # fmt: skip
def test_to_want_a_booking_is_to_book(text: str) -> None:
    assert verdict(text, "booking", Stage.BOOKING) is Verdict.HAPPENED


@pytest.mark.parametrize(
    "text", ["your book", "nice book", "the book is good", "do I need to book first"]
)
def test_a_book_is_not_a_booking(text: str) -> None:
    assert verdict(text, "book", Stage.BOOKING) is Verdict.DENIED


@pytest.mark.parametrize(
    "text", ["metode pembayaran", "link pembayaran dong", "pembayaran saya ditolak", "pembayaran"]
)
def test_the_name_of_a_thing_is_no_event(text: str) -> None:
    assert verdict(text, "pembayaran", Stage.TRANSACTION) is Verdict.DENIED
