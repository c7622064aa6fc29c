"""Text that a spreadsheet shows as it is, and never runs."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_default_timezone, is_aware, make_aware
from import_export.resources import ModelResource
from import_export.widgets import (
    CharWidget,
    DateTimeWidget,
    DateWidget,
    DecimalWidget,
    FloatWidget,
    IntegerWidget,
    JSONWidget,
    Widget,
)

from funnel_site.lib import masking
from funnel_site.lib.import_preview import PreviewedImport

# What a file is made for: people and their spreadsheets, or programs, for which nothing is altered.
SPREADSHEET, MACHINE = "spreadsheet", "machine"

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
        if value is None:
            return ""
        return str(value) if kwargs.get("profile") == MACHINE else guard(str(value))


class WordsWidget(SpreadsheetTextWidget):
    """The words that stand for a value of a list of choices."""

    def __init__(self, words: Mapping[Any, str]) -> None:
        super().__init__()
        self.words = words

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return super().render(self.words.get(value, value), **kwargs)


class SpreadsheetMomentWidget(DateTimeWidget):
    """Times in ISO 8601 with their offset, in the site's zone; also read as staff type them."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if isinstance(value, str) and "T" in value and (moment := parse_datetime(value.strip())):
            return moment if is_aware(moment) else make_aware(moment)
        return super().clean(value, row, **kwargs)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        if not isinstance(value, datetime):
            return ""
        return (value.astimezone(get_default_timezone()) if is_aware(value) else value).isoformat()


class SpreadsheetDateWidget(DateWidget):
    """Days as ISO 8601, in a workbook too: there is no second way to read them."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.isoformat() if isinstance(value, date) else ""


class SpreadsheetJsonWidget(JSONWidget):
    """JSON as text, letters of every script as they are."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        if value is None:
            return ""
        return SpreadsheetTextWidget().render(json.dumps(value, ensure_ascii=False), **kwargs)


class _PlainNumber:
    """Plain digits whatever the reader's language: never 1,234. In a workbook a number that adds up."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        if not isinstance(value, int | float):
            return ""
        return value if kwargs.get("force_native_type") else str(value)


class SpreadsheetIntegerWidget(_PlainNumber, IntegerWidget):
    pass


class SpreadsheetFloatWidget(_PlainNumber, FloatWidget):
    pass


class SpreadsheetDecimalWidget(DecimalWidget):
    """Plain digits with a point, whatever the reader's language: never 1E+3, never 1.000,00.

    In a workbook, where the library asks for a value and not for text, a number that adds up.
    """

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        if not isinstance(value, Decimal | int | float):
            return ""
        return value if kwargs.get("force_native_type") else f"{value:f}"


class SpreadsheetResource(PreviewedImport, ModelResource):
    """A resource whose texts are guarded, times exact, decimals plain and nothings empty.

    A field declared by hand has no such widget of itself: give it a SpreadsheetTextWidget.
    """

    meanings: ClassVar[Mapping[str, str]] = {}
    """What a column means, where its field's own help does not say it."""

    def told(self) -> list[tuple[str, str]]:
        """What a file says of its rows besides their filter: the build that derived ones are of."""
        return []

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        """A cell; what the viewer may not see of a person is masked."""
        method = getattr(self, field.get_dehydrate_method(self.get_field_name(field)), None)
        if method is None:
            value = field.export(instance, **kwargs)
        else:
            value = field.widget.render(method(instance), **kwargs)
        mask = self.mask_of(field)
        return mask(str(value)) if mask and value and masking.hides(mask) else value

    def mask_of(self, field: Any) -> masking.Mask | None:
        """What hides a column from those who may not see people; None for what is of no person.

        A column of a table is what its model says: the name of a product is nobody's. By its own
        name goes what is made up for the file.
        """
        held = model_field(self._meta.model, field.attribute or "")
        if held is None:
            return masking.COLUMNS.get(field.column_name)
        return masking.personal_fields(held.model).get(held.name)

    @classmethod
    def widget_from_django_field(cls, f: models.Field[Any, Any], default: Any = Widget) -> Any:
        if isinstance(f, models.AutoField | models.BigAutoField):
            # A key is text: a workbook would round a long one.
            return Widget
        for kind, widget in WIDGETS:
            if isinstance(f, kind):
                return widget
        return super().widget_from_django_field(f, default)


WIDGETS: tuple[tuple[Any, type[Widget]], ...] = (
    (models.CharField | models.TextField, SpreadsheetTextWidget),
    (models.DateTimeField, SpreadsheetMomentWidget),
    (models.DateField, SpreadsheetDateWidget),
    (models.DecimalField, SpreadsheetDecimalWidget),
    (models.IntegerField, SpreadsheetIntegerWidget),
    (models.FloatField, SpreadsheetFloatWidget),
    (models.JSONField, SpreadsheetJsonWidget),
)


def model_field(model: type[models.Model], path: str) -> models.Field[Any, Any] | None:
    """The column behind a path as `customer__phone_number`; None where it is no plain column."""
    current: Any = model
    held: Any = None
    for part in path.split("__"):
        if current is None:
            return None
        try:
            held = current._meta.pk if part == "pk" else current._meta.get_field(part)
        except FieldDoesNotExist:
            held = next((one for one in current._meta.concrete_fields if one.attname == part), None)
        if not getattr(held, "concrete", False) or held.many_to_many:
            return None
        current = held.related_model
    found: models.Field[Any, Any] | None = held
    return found
