"""What people type, without the characters that no database or page can take."""

import re

UNUSABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def clean_text(text: str) -> tuple[str, bool]:
    """The text without control characters and lone surrogates, and whether any was there."""
    cleaned = UNUSABLE.sub("", text.replace("\r\n", "\n"))
    return cleaned, cleaned != text.replace("\r\n", "\n")
