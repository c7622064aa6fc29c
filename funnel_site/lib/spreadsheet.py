"""Text that a spreadsheet shows as it is, and never runs."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware, localtime, make_aware
from import_export.resources import ModelResource
from import_export.widgets import CharWidget, DateTimeWidget, DecimalWidget, Widget

from funnel_site.lib import masking

# Numbers have no effect as a formula, and a guarded phone number breaks programs that read the file.
SAFE = re.compile(r"\+[0-9]{7,15}|-?[0-9]+(\.[0-9]+)?")
# Spreadsheets trim blanks and quotes before they look; an apostrophe is ours to begin with. Written
# so that Python and PostgreSQL read the pattern alike.
BLANKS = r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
RISKY_TEXT = rf"""^[{BLANKS}"']*[=+@\u0009\u000a\u000d＝＋－＠-]"""
SAFE_TEXT = r"^(\+[0-9]{7,15}|-?[0-9]+(\.[0-9]+)?)$"
RISKY = re.compile(RISKY_TEXT.replace("[=+@", r"[=+@\x00"))


def guard(text: str) -> str:
    """The text, with a leading apostrophe where a spreadsheet might take it for a formula.

    >>> guard("=1+1"), guard("+628123456789"), guard("-5"), guard("'=1+1")
    ("'=1+1", '+628123456789', '-5', "''=1+1")
    """
    if not text or (text[0].isascii() and text[0].isalnum()) or SAFE.fullmatch(text):
        return text
    return f"'{text}" if RISKY.match(text) else text


def unguard(text: str) -> str:
    """The exact inverse of guard; an apostrophe that guard did not put there stays.

    >>> unguard("'=1+1"), unguard("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if text.startswith("'") and guard(text[1:]) == text else text


class SpreadsheetTextWidget(CharWidget):
    """Text on its way to and from a spreadsheet."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        cleaned = super().clean(value, row, **kwargs)
        return unguard(cleaned) if isinstance(cleaned, str) else cleaned

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else guard(str(value))


class SpreadsheetMomentWidget(DateTimeWidget):
    """Times in ISO 8601 with their offset, in the site's zone; also read as staff type them."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if isinstance(value, str) and "T" in value and (moment := parse_datetime(value.strip())):
            return moment if is_aware(moment) else make_aware(moment)
        return super().clean(value, row, **kwargs)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        if not isinstance(value, datetime):
            return ""
        return (localtime(value) if is_aware(value) else value).isoformat()


class SpreadsheetDecimalWidget(DecimalWidget):
    """Plain digits with a point, whatever the reader's language: never 1E+3, never 1.000,00.

    In a workbook, where the library asks for a value and not for text, a number that adds up.
    """

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        if not isinstance(value, Decimal | int | float):
            return ""
        return value if kwargs.get("force_native_type") else f"{value:f}"


class SpreadsheetResource(ModelResource):
    """A resource whose texts are guarded, times exact, decimals plain and nothings empty.

    A field declared by hand has no such widget of itself: give it a SpreadsheetTextWidget.
    """

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        """A cell; what the viewer may not see of a person is masked."""
        value = super().export_field(field, instance, **kwargs)
        mask = masking.COLUMNS.get(field.column_name)
        return mask(str(value)) if mask and value and masking.hides(mask) else value

    @classmethod
    def widget_from_django_field(cls, f: models.Field[Any, Any], default: Any = Widget) -> Any:
        if isinstance(f, models.CharField | models.TextField):
            return SpreadsheetTextWidget
        if isinstance(f, models.DateTimeField):
            return SpreadsheetMomentWidget
        if isinstance(f, models.DecimalField):
            return SpreadsheetDecimalWidget
        return super().widget_from_django_field(f, default)
