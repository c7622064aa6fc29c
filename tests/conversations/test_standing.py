"""Where a customer may be written to, by all that was said; and of joined customers the stricter."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.standing import EVERY, Word, bridging, folded, is_out, stricter

CHANNELS = (EVERY, "whatsapp", "sms")
NOON = datetime(2025, 4, 1, 12, tzinfo=UTC)


def word(minute: int, channel: str, change: str) -> Word:
    return Word(NOON + timedelta(minutes=minute), channel, change)


@pytest.mark.parametrize(
    ("words", "out"),
    [
        ([(0, "whatsapp", "out")], {"whatsapp"}),
        ([(0, "whatsapp", "out"), (0, "whatsapp", "out")], {"whatsapp"}),
        ([(0, "whatsapp", "in"), (-1, "whatsapp", "out")], set()),
        ([(0, "sms", "out"), (1, "whatsapp", "in")], {"sms"}),
        ([(0, EVERY, "out")], set(CHANNELS)),
        ([(0, EVERY, "out"), (1, "whatsapp", "in")], {EVERY, "sms"}),
        ([(0, "whatsapp", "in"), (1, EVERY, "out")], set(CHANNELS)),
        ([(0, EVERY, "out"), (1, "sms", "in"), (2, "sms", "out")], set(CHANNELS)),
        ([(0, EVERY, "out"), (1, "sms", "out"), (2, EVERY, "in")], set()),
        ([(0, "sms", "out"), (1, EVERY, "in"), (2, "whatsapp", "out")], {"whatsapp"}),
        ([(0, "sms", "in"), (0, "sms", "out")], {"sms"}),
    ],
)
def test_the_latest_word_for_a_channel_or_for_all_holds(
    words: list[tuple[int, str, str]], out: set[str]
) -> None:
    for order in permutations([word(*one) for one in words]):
        standing = folded(order)
        assert {channel for channel in CHANNELS if is_out(standing, channel)} == out


Ledger = list[Word]
ledgers = st.lists(
    st.builds(
        word, st.integers(0, 5), st.sampled_from(CHANNELS), st.sampled_from(("out", "in", "out"))
    ),
    max_size=4,
)


def joined(one: tuple[Ledger, Ledger], other: tuple[Ledger, Ledger]) -> tuple[Ledger, Ledger]:
    """Two customers, each with their own words and those of their joins, as one."""
    wanted = stricter(folded([*one[0], *one[1]]), folded([*other[0], *other[1]]))
    spoken = sorted([*one[0], *other[0]])
    return spoken, bridging(spoken, wanted)


@settings(max_examples=300, deadline=None)
@given(people=st.tuples(ledgers, ledgers, ledgers))
def test_joins_in_any_order_end_alike_and_as_strictly_as_any_of_them(
    people: tuple[Ledger, Ledger, Ledger],
) -> None:
    ends = []
    for first, second, third in permutations(people):
        spoken, made = joined(joined((first, []), (second, [])), (third, []))
        ends.append((spoken, made, folded([*spoken, *made])))

    assert all(end == ends[0] for end in ends)
    for channel in CHANNELS:
        strict = any(is_out(folded(ledger), channel) for ledger in people)
        assert is_out(ends[0][2], channel) == strict
