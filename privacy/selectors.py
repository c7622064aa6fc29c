"""Reading all that is held of a customer, table by table."""

import base64
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from privacy.subjects import Subject
from privacy.tables import PERSONAL, model_of, rows_of


def counted(subject: Subject) -> Counter[str]:
    """How many rows of each table are about the customer."""
    return Counter({label: rows_of(label, subject).count() for label in PERSONAL})


def exported(subject: Subject) -> dict[str, list[dict[str, Any]]]:
    """The rows about the customer by table, as JSON can hold them."""
    tables = {}
    for label in PERSONAL:
        names = [field.attname for field in model_of(label)._meta.concrete_fields]
        rows = rows_of(label, subject).values(*names)
        tables[label] = [{name: plain(row[name]) for name in names} for row in rows]
    return tables


def plain(value: Any) -> Any:
    """A column's value as JSON holds it; bytes that are no text in base64."""
    if isinstance(value, bytes | memoryview):
        data = bytes(value)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return base64.b64encode(data).decode()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value
