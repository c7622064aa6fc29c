"""Text that a spreadsheet shows as it is, and never runs."""

import re
from typing import Any

from import_export.resources import ModelResource
from import_export.widgets import CharWidget

SAFE = re.compile(r"\+[0-9]{7,15}|-?[0-9]+(\.[0-9]+)?")
RISKY = re.compile(r"""[\s"]*['\s"]*[=+\-@\t\r\n\x00＝＋－＠]""")


def guard(text: str) -> str:
    """The text, with a leading apostrophe where a spreadsheet might take it for a formula."""
    if not text or (text[0].isalnum() and text[0].isascii()) or SAFE.fullmatch(text):
        return text
    return f"'{text}" if RISKY.match(text) else text


def unguard(text: str) -> str:
    """The exact inverse of guard."""
    return text[1:] if text.startswith("'") and guard(text[1:]) == text else text


class SpreadsheetTextWidget(CharWidget):
    """Text on its way to and from a spreadsheet."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        cleaned = super().clean(value, row, **kwargs)
        return unguard(cleaned) if isinstance(cleaned, str) else cleaned

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else guard(str(value))


class SpreadsheetResource(ModelResource):
    """A resource whose texts are guarded."""
