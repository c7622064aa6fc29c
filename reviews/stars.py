"""Star ratings as people write them."""

import re

from conversations.consent_words import one_word

NUMBER_WORDS = {
    **dict.fromkeys(("1", "ONE", "SATU"), 1),
    **dict.fromkeys(("2", "TWO", "DUA"), 2),
    **dict.fromkeys(("3", "THREE", "TIGA"), 3),
    **dict.fromkeys(("4", "FOUR", "EMPAT"), 4),
    **dict.fromkeys(("5", "FIVE", "LIMA"), 5),
}
STARS = frozenset("⭐★🌟")
OUT_OF_FIVE = re.compile(r"([1-5])\s*(?:/\s*5|stars?|bintang|⭐|★)?", re.ASCII | re.IGNORECASE)


def read_rating(text: str) -> int | None:
    """One to five stars as people write them.

    >>> [read_rating(text) for text in ("5", "4/5", "⭐⭐⭐", "lima", "6", "good", "")]
    [5, 4, 3, 5, None, None, None]
    """
    plain = "".join(one for one in text.strip() if one != "\ufe0f")
    if found := OUT_OF_FIVE.fullmatch(plain):
        return int(found[1])
    stars = plain.replace(" ", "")
    if stars and set(stars) <= STARS and len(stars) <= 5:
        return len(stars)
    return NUMBER_WORDS.get(one_word(plain))
