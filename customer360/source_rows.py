"""From a source's row to clean values, column by column. Pure: no database, no clock.

Columns are those of the source systems; others are left alone, except `currency` of a purchase. A row
that cannot be used raises RowError naming the column, without repeating the value.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from funnel_site.lib.marking import marked
from funnel_site.lib.phone import PhoneError, normalise_phone
from funnel_site.lib.text import clean_text

LARGEST_AMOUNT = Decimal(10) ** 12
LARGEST_NUMBER = 2**31 - 1
FIRST_YEAR, LAST_YEAR = 1900, 2200
FLOATED = re.compile(r"-?[0-9]+\.0+")
CURRENCY = re.compile(r"[A-Z]{3}")
REPEATED_DIGIT = re.compile(r"\+?([0-9])\1*")


class RowError(ValueError):
    """The row cannot be used. The message names the column and what is wrong with it."""

    def __init__(self, column: str, words: str) -> None:
        super().__init__(f"{column}: {words}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for a whole file: the region of its phone numbers, the currency of its amounts."""

    region: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One source table: its columns, which must be there, and whom a row refers to."""

    id_column: str
    columns: tuple[str, ...]
    parents: Mapping[str, str]
    optional_parents: frozenset[str] = frozenset()


SHAPES = {
    "customer_info": Shape(
        id_column="customer_id",
        columns=(
            "first_name",
            "last_name",
            "email",
            "phone_number",
            "date_of_birth",
            "registration_date",
        ),
        parents={},
    ),
    "product_catalog": Shape(
        id_column="product_id",
        columns=("product_name", "category", "brand", "price", "launch_date"),
        parents={},
    ),
    "marketing_campaigns": Shape(
        id_column="campaign_id",
        columns=("campaign_name", "start_date", "end_date", "channel", "target_audience"),
        parents={},
    ),
    "purchase_transactions": Shape(
        id_column="transaction_id",
        columns=("purchase_date", "quantity", "total_amount", "store_id"),
        parents={"customer_id": "customer_info", "product_id": "product_catalog"},
    ),
    "customer_service": Shape(
        id_column="interaction_id",
        columns=(
            "interaction_date",
            "interaction_type",
            "resolution_status",
            "satisfaction_score",
        ),
        parents={"customer_id": "customer_info", "product_id": "product_catalog"},
        optional_parents=frozenset({"product_id"}),
    ),
    "campaign_responses": Shape(
        id_column="response_id",
        columns=("response_date", "response_type"),
        parents={"campaign_id": "marketing_campaigns", "customer_id": "customer_info"},
    ),
    "website_behavior": Shape(
        id_column="session_id",
        columns=("visit_date", "pages_viewed", "time_spent", "source"),
        parents={"customer_id": "customer_info"},
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRow:
    """A usable row: its id, its values by model field, and its parents' ids by column."""

    external_id: str
    values: dict[str, Any]
    parents: dict[str, str]


def missing_columns(table: str, header: list[str]) -> list[str]:
    """The columns that a file of this table lacks."""
    shape = SHAPES[table]
    wanted = (shape.id_column, *shape.columns, *shape.parents)
    return [name for name in wanted if name not in header]


def table_of(header: list[str]) -> str | None:
    """The table whose columns a header has; None where there is none.

    >>> table_of(["response_id", "campaign_id", "customer_id", "response_date", "response_type"])
    'campaign_responses'
    """
    return next((table for table in SHAPES if not missing_columns(table, header)), None)


def clean_row(table: str, row: Mapping[str, Any], defaults: Defaults) -> CleanRow:
    """The row's values as the table stores them; raises RowError."""
    shape = SHAPES[table]
    text = {
        name: _text(row.get(name)) for name in (shape.id_column, *shape.columns, *shape.parents)
    }
    text["currency"] = _text(row.get("currency"))
    parents = {
        column: _key(text, column)
        for column in shape.parents
        if text[column] or column not in shape.optional_parents
    }
    return CleanRow(
        external_id=_key(text, shape.id_column),
        values=READERS[table](text, defaults),
        parents=parents,
    )


def _text(value: Any) -> str:
    """A cell as text: days as ISO 8601, no number for an empty one."""
    if value is None:
        return ""
    if isinstance(value, date | datetime):
        return value.isoformat()[:10]
    if isinstance(value, float) and math.isnan(value):
        return ""
    return clean_text(str(value))[0].strip()


def _key(text: Mapping[str, str], column: str) -> str:
    key = text[column]
    if FLOATED.fullmatch(key):
        key = key.split(".")[0]
    if not key or len(key) > 64:
        raise RowError(column, marked("an id of 1 to 64 characters is needed"))
    return key


def _words(text: Mapping[str, str], column: str, longest: int, *, needed: bool = False) -> str:
    words = text[column]
    if len(words) > longest:
        raise RowError(column, marked("at most %(most)s characters", most=longest))
    if needed and not words:
        raise RowError(column, marked("is empty"))
    return words


def _day(text: Mapping[str, str], column: str) -> date:
    try:
        day = date.fromisoformat(text[column][:10])
    except ValueError as error:
        raise RowError(column, marked("not a date as YYYY-MM-DD")) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise RowError(
            column,
            marked("not a year from %(first)s to %(last)s", first=FIRST_YEAR, last=LAST_YEAR),
        )
    return day


def _day_or_none(text: Mapping[str, str], column: str) -> date | None:
    return _day(text, column) if text[column] else None


def _whole(text: Mapping[str, str], column: str, *, least: int = 0) -> int:
    number = text[column]
    if FLOATED.fullmatch(number):
        number = number.split(".")[0]
    try:
        whole = int(number)
    except ValueError as error:
        raise RowError(column, marked("not a whole number")) from error
    if not least <= whole <= LARGEST_NUMBER:
        raise RowError(column, marked("out of range"))
    return whole


def _amount(text: Mapping[str, str], column: str) -> Decimal:
    try:
        amount = Decimal(text[column])
    except InvalidOperation as error:
        raise RowError(column, marked("not a plain number")) from error
    if not amount.is_finite() or abs(amount) >= LARGEST_AMOUNT:
        raise RowError(column, marked("out of range"))
    return amount.quantize(Decimal("0.01"))


def _customer(text: Mapping[str, str], defaults: Defaults) -> dict[str, Any]:
    number = _words(text, "phone_number", 64)
    phone = _phone(number, defaults.region)
    return {
        "first_name": _words(text, "first_name", 100),
        "last_name": _words(text, "last_name", 100),
        "email": _words(text, "email", 254).lower(),
        "phone_number": phone,
        "phone_text": "" if phone else number,
        "date_of_birth": _day_or_none(text, "date_of_birth"),
        "registration_date": _day_or_none(text, "registration_date"),
    }


def _phone(text: str, region: str) -> str:
    """The number in E.164; empty where it is none of one person: a switchboard's with an
    extension, a row of one digit, anything that is no number."""
    if REPEATED_DIGIT.fullmatch(text.replace(" ", "").replace("-", "")):
        return ""
    try:
        return normalise_phone(text, region)
    except PhoneError:
        return ""


def _product(text: Mapping[str, str], defaults: Defaults) -> dict[str, Any]:
    return {
        "product_name": _words(text, "product_name", 200),
        "category": _words(text, "category", 100),
        "brand": _words(text, "brand", 100),
        "price": _amount(text, "price") if text["price"] else None,
        "launch_date": _day_or_none(text, "launch_date"),
    }


def _campaign(text: Mapping[str, str], defaults: Defaults) -> dict[str, Any]:
    return {
        "campaign_name": _words(text, "campaign_name", 200),
        "start_date": _day(text, "start_date"),
        "end_date": _day_or_none(text, "end_date"),
        "channel": _words(text, "channel", 32),
        "target_audience": _words(text, "target_audience", 100),
    }


def _purchase(text: Mapping[str, str], defaults: Defaults) -> dict[str, Any]:
    """A quantity below zero is a refund, whatever the sign of the amount beside it."""
    quantity, amount = (
        _whole(text, "quantity", least=-LARGEST_NUMBER),
        _amount(text, "total_amount"),
    )
    if quantity == 0:
        raise RowError("quantity", marked("is 0"))
    currency = (text["currency"] or defaults.currency).upper()
    if not CURRENCY.fullmatch(currency):
        raise RowError("currency", marked("not three letters"))
    return {
        "purchase_date": _day(text, "purchase_date"),
        "quantity": quantity,
        "total_amount": -abs(amount) if quantity < 0 else amount,
        "currency": currency,
        "store_id": _words(text, "store_id", 64),
    }


def _interaction(text: Mapping[str, str], defaults: Defaults) -> dict[str, Any]:
    score = _whole(text, "satisfaction_score") if text["satisfaction_score"] else None
    if score is not None and not 1 <= score <= 10:
        raise RowError("satisfaction_score", marked("not from 1 to 10"))
    return {
        "interaction_date": _day(text, "interaction_date"),
        "interaction_type": _words(text, "interaction_type", 32, needed=True),
        "resolution_status": _words(text, "resolution_status", 32),
        "satisfaction_score": score,
    }


def _response(text: Mapping[str, str], defaults: Defaults) -> dict[str, Any]:
    return {
        "response_date": _day(text, "response_date"),
        "response_type": _words(text, "response_type", 32, needed=True),
    }


def _visit(text: Mapping[str, str], defaults: Defaults) -> dict[str, Any]:
    return {
        "visit_date": _day(text, "visit_date"),
        "pages_viewed": _whole(text, "pages_viewed") if text["pages_viewed"] else 0,
        "time_spent": _whole(text, "time_spent") if text["time_spent"] else 0,
        "source": _words(text, "source", 32),
    }


READERS: dict[str, Callable[[Mapping[str, str], Defaults], dict[str, Any]]] = {
    "customer_info": _customer,
    "product_catalog": _product,
    "marketing_campaigns": _campaign,
    "purchase_transactions": _purchase,
    "customer_service": _interaction,
    "campaign_responses": _response,
    "website_behavior": _visit,
}
