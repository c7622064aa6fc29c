"""What people type, without the characters that no database or page can take."""

import re
import unicodedata
from typing import Any

NONCHARACTERS = "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
UNUSABLE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{NONCHARACTERS}]")


def clean_text(text: str) -> tuple[str, bool]:
    """The text without what cannot be stored or shown, and whether any of that was there.

    Gone are control characters other than newline and tab, halves of surrogate pairs and
    Unicode's noncharacters. Joiners, variation selectors and direction marks stay: emoji and
    Arabic need them. A carriage return is a line's end, not damage: it becomes a newline.

    >>> clean_text("one\\r\\ntwo\\x00")
    ('one\\ntwo', True)
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    cleaned, removed = UNUSABLE.subn("", text)
    return cleaned, removed > 0


def clean_texts(value: Any) -> Any:
    r"""A JSON value with every text in it cleaned, names of fields too.

    >>> clean_texts({"a": ["b\x00", 1]})
    {'a': ['b', 1]}
    """
    match value:
        case str():
            return clean_text(value)[0]
        case list():
            return [clean_texts(one) for one in value]
        case dict():
            return {clean_text(name)[0]: clean_texts(one) for name, one in value.items()}
        case _:
            return value


def normalise(text: str) -> str:
    """The one spelling in which texts and names are compared.

    NFKC and case folded, so that full-width and capital letters are the same; invisible format
    characters and emoji variation marks out; white space folded.

    >>> normalise("  ＨALO\\u200b  Kak ")
    'halo kak'
    """
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not folded.isprintable() or "\ufe0f" in folded or "\ufe0e" in folded:
        folded = "".join(one for one in folded if not _is_invisible(one))
    return " ".join(folded.split())


def _is_invisible(one: str) -> bool:
    return unicodedata.category(one) == "Cf" or one in "\ufe0e\ufe0f"
