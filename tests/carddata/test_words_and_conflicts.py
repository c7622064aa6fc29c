"""What is said of a card: the sentences, the age, and when partners contradict each other."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from carddata.card_ids import CardIdError, read_card_id
from carddata.conflicts import find_conflict
from carddata.statuses import Status
from carddata.wording import age_in_words, sentences
from funnel_site.lib.phone import national_digits, normalise_phone


class Said(NamedTuple):
    status: str
    occurred_at: datetime


def said(*steps: tuple[str, int]) -> list[Said]:
    """Events by status and hour, given newest first."""
    return [Said(status, datetime(2023, 11, 14, hour, tzinfo=UTC)) for status, hour in steps]


@pytest.mark.parametrize(
    ("newest_first", "conflict"),
    [
        ([], ""),
        ([("delivered", 9)], ""),
        ([("delivered", 9), ("picked_up", 8)], ""),
        ([("returned", 9), ("delivered", 8), ("delivery_failed", 7)], ""),
        ([("delivered", 9), ("delivered", 9)], ""),
        ([("returned", 9), ("delivered", 9)], "same_instant"),
        ([("delivered", 9), ("picked_up", 8), ("in_transit", 8)], ""),
        ([("picked_up", 9), ("delivered", 8)], "moved_after_end"),
        ([("in_transit", 9), ("picked_up", 8), ("returned", 7)], "moved_after_end"),
        ([("delivery_failed", 9), ("picked_up", 8)], ""),
        ([("unknown", 9), ("delivered", 8)], ""),
    ],
)
def test_a_contradiction_is_named(newest_first: list[tuple[str, int]], conflict: str) -> None:
    assert find_conflict(said(*newest_first)) == conflict


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_sentence_in_both_languages(status: Status) -> None:
    english, indonesian = sentences(
        card_id="ZYW1", status=status.value, local=datetime(2024, 8, 3, 12, tzinfo=UTC)
    )

    assert "ZYW1" in english
    assert "3 August 2024" in english
    assert "ZYW1" in indonesian
    assert "3 Agustus 2024" in indonesian


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-1), "in the future"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=1_102), "1,102 days ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(age: timedelta, words: str) -> None:
    assert age_in_words(age) == words


@pytest.mark.parametrize("text", ["zyw7631", " ZYW 7631 ", "ＺＹＷ７６３１", "zyw\t7631\n"])
def test_one_card_has_one_spelling(text: str) -> None:
    assert read_card_id(text) == "ZYW7631"


@pytest.mark.parametrize("text", ["", " \t", "x" * 33, "ZYW\x00", "ZYW\u200b", "ZYW\x1b[0m"])
def test_what_cannot_be_a_card_id_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(CardIdError) as refused:
        read_card_id(text)

    assert "ZYW" not in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "region", "national"),
    [
        ("0545576586", "AE", "545576586"),
        ("0812-3456-789", "ID", "8123456789"),
        ("+1 415 555 0123", "ID", "4155550123"),
        ("+39 06 1234 5678", "ID", "0612345678"),
    ],
)
def test_a_number_without_its_country_is_the_national_one(
    typed: str, region: str, national: str
) -> None:
    assert national_digits(normalise_phone(typed, region)) == national
