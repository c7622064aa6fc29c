"""Pages by key: the next page begins after the last row of this one, however deep it lies.

The cursor is signed and bound to its list and filters, so that an edited or foreign one is refused.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet

from funnel_site.lib.problems import Problem

Row = TypeVar("Row", bound=Model)


def read_cursor(text: str, *, salt: str) -> tuple[datetime, int]:
    """The last row's time and primary key; raises Problem naming `cursor`."""
    try:
        moment, primary_key = Signer(salt=salt).unsign_object(text)
        return datetime.fromisoformat(moment), int(primary_key)
    except (BadSignature, ValueError, TypeError, UnicodeError) as error:
        raise Problem(
            400, "invalid_cursor", "The cursor is not one of this list.", field="cursor"
        ) from error


def make_cursor(moment: datetime, primary_key: int, *, salt: str) -> str:
    """The cursor of the page after a row."""
    return Signer(salt=salt).sign_object([moment.isoformat(), primary_key])


def newest_first(
    rows: QuerySet[Row], *, by: str, cursor: str, page_size: int, salt: str
) -> tuple[list[Row], str]:
    """One page, newest first by a time column, then by primary key; and the next page's cursor.

    The cursor is empty on the last page.
    """
    if cursor:
        moment, primary_key = read_cursor(cursor, salt=salt)
        rows = rows.filter(Q(**{f"{by}__lt": moment}) | Q(**{by: moment, "pk__lt": primary_key}))
        # Lets the database start its index scan at the cursor.
        rows = rows.filter(**{f"{by}__lte": moment})
    page: Sequence[Any] = list(rows.order_by(f"-{by}", "-pk")[: page_size + 1])
    if len(page) <= page_size:
        return list(page), ""
    last = page[page_size - 1]
    return list(page[:page_size]), make_cursor(getattr(last, by), last.pk, salt=salt)
