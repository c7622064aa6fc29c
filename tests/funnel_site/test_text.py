"""Cleaning text: what no table can take goes, what people mean stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel_site.lib.text import clean_text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b", "ab"),
        ("a\x07\x1b[31mb", "a[31mb"),
        ("a\x7f\x85\x9fb", "ab"),
        ("a\ud800b\udfff", "ab"),
        ("a\ufdd0\ufffe\uffffb", "ab"),
        ("a\U0001fffe\U0010ffffb", "ab"),
        ("\x00", ""),
    ],
)
def test_what_cannot_be_stored_or_shown_is_removed_and_flagged(text: str, cleaned: str) -> None:
    assert clean_text(text) == (cleaned, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Halo kak,\n\tmau booking",
        "👩‍👩‍👧‍👦 ❤️ 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣",
        "مرحبا \u200fكيف\u200e می‌خواهم \u2067שלום\u2069",
        "क्‍ष e\u0301 𝒳 \ufffd \ue000",
        "\u200b\ufeff",
    ],
)
def test_emoji_and_every_script_stay_as_they_are(text: str) -> None:
    assert clean_text(text) == (text, False)


def test_line_ends_become_newlines_and_are_no_damage() -> None:
    assert clean_text("one\r\ntwo\rthree\n") == ("one\ntwo\nthree\n", False)


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=200))
def test_any_text_comes_out_storable_and_is_left_alone_the_second_time(text: str) -> None:
    cleaned, _ = clean_text(text)

    assert "\x00" not in cleaned
    cleaned.encode()
    assert clean_text(cleaned) == (cleaned, False)
