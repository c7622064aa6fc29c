"""Phrases are found whole, in any spelling of letters, and the longest wins."""

import string
import time
from random import Random

import pytest

from funnels.matching import Matcher, Phrase, as_written, normalise
from funnels.stages import Stage


def matcher(*texts: str, stage: Stage = Stage.OPENING, mode: str = "phrase") -> Matcher:
    return Matcher(
        Phrase(id=number, stage=stage, text=text, mode=mode)
        for number, text in enumerate(texts, start=1)
    )


def found(text: str, *phrases: str, mode: str = "phrase") -> str:
    hit = matcher(*phrases, mode=mode).find(text).get(Stage.OPENING)
    return hit.phrase.text if hit else ""


@pytest.mark.parametrize(
    "text",
    [
        "HALO kak",
        "ｈalo",
        "halo,",
        "(halo)",
        "eh halo",
        "ha\u200blo",
        "*halo*",
        "halo🙏",
        "\nhalo\n",
    ],
)
def test_a_word_is_found_in_any_spelling(text: str) -> None:
    assert found(text, "halo") == "halo"


@pytest.mark.parametrize(
    "text", ["shalom", "think", "this is", "halo_kak", "halo2", "haló", "hi5", "", " ", "ha lo"]
)
def test_a_part_of_a_word_is_not_found(text: str) -> None:
    assert not found(text, "halo", "hi")


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("🔥", "promo🔥gajian"),
        ("❤️", "mau❤"),
        ("❤", "mau❤️"),
        ("c++", "kelas c++ kak"),
        ("promo!", "promo!!"),
    ],
)
def test_an_edge_that_is_no_word_needs_no_boundary(phrase: str, text: str) -> None:
    assert found(text, phrase) == phrase


@pytest.mark.parametrize(
    ("phrase", "text"), [("h.lo", "halo"), ("hal*", "halo"), ("(hi|hai)", "hai"), ("^halo", "halo")]
)
def test_the_characters_of_regular_expressions_mean_themselves(phrase: str, text: str) -> None:
    assert not found(text, phrase)
    assert found(f"a {phrase} b", phrase) == phrase


@pytest.mark.parametrize(
    ("mode", "text", "expected"),
    [
        ("word", "mau trial", True),
        ("phrase", "mau trial", True),
        ("starts_with", "mau trial", False),
        ("starts_with", "  Trial dong", True),
        ("starts_with", "trials", False),
        ("exact", " TRIAL ", True),
        ("exact", "trial dong", False),
    ],
)
def test_each_mode_says_where_a_phrase_may_stand(mode: str, text: str, *, expected: bool) -> None:
    assert bool(found(text, "trial", mode=mode)) is expected


def test_the_longest_phrase_wins_then_the_earliest_then_the_alphabet() -> None:
    assert found("halo sparks trial", "trial", "sparks trial", "halo") == "sparks trial"
    assert found("bbbb aaaa", "aaaa", "bbbb") == "bbbb"
    assert found("halo", "HALO", "halo") == "HALO"


def test_each_stage_has_its_own_longest_phrase() -> None:
    both = Matcher(
        [
            Phrase(id=1, stage=Stage.BOOKING, text="booking"),
            Phrase(id=2, stage=Stage.TRANSACTION, text="bayar"),
            Phrase(id=3, stage=Stage.TRANSACTION, text="sudah bayar"),
        ]
    )

    hits = both.find("sudah bayar booking")

    assert {stage: hit.phrase.id for stage, hit in hits.items()} == {
        Stage.BOOKING: 1,
        Stage.TRANSACTION: 3,
    }


def test_every_hit_is_there_for_the_reader_not_only_the_longest() -> None:
    hits = matcher("bayar", "sudah bayar").find_all("belum bayar, eh sudah bayar")

    assert [(hit.phrase.text, hit.start) for hit in hits] == [("sudah bayar", 16), ("bayar", 6)]


def test_a_phrase_inside_a_longer_one_of_any_stage_does_not_count() -> None:
    both = Matcher(
        [
            Phrase(id=1, stage=Stage.BOOKING, text="daftar"),
            Phrase(id=2, stage=Stage.OPENING, text="DAFTAR SPARKS"),
            Phrase(id=3, stage=Stage.TRANSACTION, text="daftar sparks"),
        ]
    )

    assert set(both.find("daftar sparks")) == {Stage.OPENING, Stage.TRANSACTION}
    assert set(both.find("daftar sparks, daftar")) == set(Stage)


def test_overlapping_phrases_of_which_none_holds_the_other_both_count() -> None:
    hits = matcher("info harga", "harga trial").find_all("info harga trial")

    assert {hit.phrase.text for hit in hits} == {"info harga", "harga trial"}


def test_no_keywords_and_blank_keywords_find_nothing() -> None:
    assert matcher().find("halo") == {}
    assert matcher("", "  ", "\u200b").find("halo") == {}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Sudah  BAYAR kak", "sudah bayar"),
        ("Sudah BAYAR kak", "Sudah BAYAR"),
        ("ＳＵＤＡＨ bayar", "ＳＵＤＡＨ bayar"),
    ],
)
def test_staff_see_the_words_as_they_were_written_where_they_line_up(
    text: str, written: str
) -> None:
    assert as_written(text, normalise(text), 0, len("sudah bayar")) == written


def test_two_thousand_keywords_in_a_long_text_take_less_than_twenty_milliseconds() -> None:
    random = Random(7)
    words = [
        "".join(random.choices(string.ascii_lowercase, k=random.randint(3, 9))) for _ in range(2000)
    ]
    many = matcher(*words)
    text = " ".join("".join(random.choices(string.ascii_lowercase, k=6)) for _ in range(20_000))[
        :65_536
    ]

    best = min(_seconds(many, text) for _ in range(5))

    assert best < 0.02


def _seconds(many: Matcher, text: str) -> float:
    started = time.process_time()
    many.find(text)
    return time.process_time() - started
