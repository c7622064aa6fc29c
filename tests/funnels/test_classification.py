"""What one message says of a sale: at most one finding a stage and basis, each with its words."""

import time
from datetime import datetime
from decimal import Decimal

import pytest

from funnels.classification import NEEDS_REVIEW, MessageFacts, classify
from funnels.stages import Basis, Stage
from tests.funnels.reading import JAKARTA, SENT_AT, counted, read, starter_matcher

TEXT, STATED = Basis.TEXT, Basis.STATED


def test_one_message_can_open_book_and_pay() -> None:
    found = counted("Halo kak, mau booking besok jam 3 sore, DP 200rb sudah saya transfer")

    assert set(found) == set(Stage)
    assert found[Stage.BOOKING].says_at == datetime(2025, 4, 22, 15, 0, tzinfo=JAKARTA)
    assert (found[Stage.TRANSACTION].value, found[Stage.TRANSACTION].currency) == (
        Decimal(200000),
        "IDR",
    )


def test_a_stated_value_counts_and_the_text_s_is_kept_as_overruled() -> None:
    found = read("sudah transfer 1.500.000", stated_value=Decimal(150000))

    stated, said = found[Stage.TRANSACTION, STATED], found[Stage.TRANSACTION, TEXT]
    assert (stated.value, stated.says_at, stated.words) == (
        Decimal(150000),
        SENT_AT,
        "transaction_value",
    )
    assert (said.value, said.overruled) == (Decimal(1500000), True)


def test_a_stated_booking_counts_from_a_bot_too_but_its_text_says_nothing() -> None:
    found = read("halo, sudah transfer 150rb, booking besok", sender="bot", stated_booking=SENT_AT)

    assert list(found) == [(Stage.BOOKING, STATED)]
    assert found[Stage.BOOKING, STATED].says_at == SENT_AT


@pytest.mark.parametrize("sender", ["bot", "system", "", "somebody"])
def test_only_people_are_read(sender: str) -> None:
    assert read("halo, sudah transfer 150rb", sender=sender) == {}


def test_an_agent_opens_nothing_and_may_confirm() -> None:
    found = counted("Halo kak, pembayaran 350rb sudah kami terima", sender="agent")

    assert list(found) == [Stage.TRANSACTION]


def test_agents_confirm_nothing_where_the_team_says_so() -> None:
    facts = MessageFacts(
        sender="agent", text="pembayaran 350rb sudah kami terima", sent_at=SENT_AT, zone=JAKARTA
    )

    assert classify(facts, starter_matcher(), agents_confirm=False) == []


@pytest.mark.parametrize(
    "text", ["> sudah transfer 150rb", "> halo\n> mau booking besok", "  > halo"]
)
def test_quoted_lines_are_not_read(text: str) -> None:
    assert read(text) == {}


def test_a_denial_is_kept_with_its_words() -> None:
    found = read("Maaf kak, Belum Bayar ya")[Stage.TRANSACTION, TEXT]

    assert found.negated
    assert "Belum Bayar" in found.words
    assert found.value is None
    assert found.keyword_id is not None


def test_a_double_negation_is_kept_for_people() -> None:
    found = read("bukan belum bayar kak")[Stage.TRANSACTION, TEXT]

    assert (found.doubt, found.negated, found.value) == (NEEDS_REVIEW, False, None)


def test_a_denied_phrase_does_not_hide_another_that_holds() -> None:
    found = counted("belum bisa pelunasan kak tapi yang 200rb sudah bayar")

    assert found[Stage.TRANSACTION].value == Decimal(200000)


@pytest.mark.parametrize(
    ("text", "value", "restates"),
    [
        ("DP 500rb pelunasan 1jt", 1_500_000, False),
        ("dp 500rb pelunasan 1jt jadi total 1,5jt", 1_500_000, True),
        ("total 1,5jt, sudah saya tf 500rb", 500_000, False),
        ("totalnya 1,5jt sudah saya tf", 1_500_000, True),
        ("sudah tf 500rb dari total 1,5jt", 500_000, False),
        ("sudah bayar 400rb sisa 600rb", 400_000, False),
        ("sudah tf 150rb ya, 150rb", 150_000, False),
        ("sudah tf 150rb dan $20", 150_000, False),
    ],
)
def test_several_amounts_are_summed_unless_one_is_the_total(
    text: str, value: int, *, restates: bool
) -> None:
    found = counted(text)[Stage.TRANSACTION]

    assert (found.value, found.restates) == (Decimal(value), restates)


@pytest.mark.parametrize("sender", ["agent", "customer"])
def test_a_completed_refund_is_a_payment_the_other_way(sender: str) -> None:
    found = counted("uang sudah dikembalikan 100rb", sender=sender)[Stage.TRANSACTION]

    assert found.value == Decimal(-100000)


@pytest.mark.parametrize(
    "text", ["minta refund 100rb", "refund 100rb belum masuk", "refund kapan cair 100rb", "refund?"]
)
def test_a_wish_for_a_refund_is_nothing(text: str) -> None:
    assert counted(text) == {}


def test_a_question_about_refunds_does_not_undo_a_payment() -> None:
    found = counted("sudah transfer 150rb. bisa refund?")[Stage.TRANSACTION]

    assert found.value == Decimal(150000)


def test_an_amount_without_a_keyword_is_nothing() -> None:
    assert read("oke 1,5jt ya, Rp 200.000") == {}


def test_a_booking_without_a_day_is_a_booking_without_a_day() -> None:
    found = counted("mau booking dong")[Stage.BOOKING]

    assert (found.says_at, found.doubt) == (None, "")


def test_an_impossible_day_is_no_day_and_says_why() -> None:
    found = counted("mau booking 31/02")[Stage.BOOKING]

    assert (found.says_at, found.doubt) == (None, "impossible_date")


def test_a_booking_moved_is_on_the_day_moved_to() -> None:
    found = counted("pindah booking dari 25 april ke 28 april")[Stage.BOOKING]

    assert found.says_at == datetime(2025, 4, 28, tzinfo=JAKARTA)


def test_a_payment_takes_the_day_said_only_from_the_past() -> None:
    assert counted("sudah tf 1jt tgl 20 april")[Stage.TRANSACTION].says_at == datetime(
        2025, 4, 20, tzinfo=JAKARTA
    )
    assert counted("sudah tf 1jt untuk tgl 30 april")[Stage.TRANSACTION].says_at is None


def test_the_currency_of_the_site_is_meant_where_none_is_written() -> None:
    assert read("paid 1,250.00", currency="AED")[Stage.TRANSACTION, TEXT].currency == "AED"


@pytest.mark.parametrize(
    "text",
    [
        "sudah bayar 150rb besok jam 3 é " * 2_000,
        "bayar " * 10_000,
        "bayar, " * 9_000,
        "> halo\n" * 9_000,
        "pindah " * 9_000 + "booking ke",
        "bukan saya " * 6_000 + "bayar",
        "bayar " + "1.000" * 12_000,
        "dp " + "se" * 30_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()

    read(text[:65_536])

    assert time.process_time() - started < 1
