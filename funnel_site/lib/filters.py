"""Filters beside long lists: what they offer is not read from the whole table."""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest

LOOKED_AT = 1_000
MOST_VALUES = 50
STEPS = """
WITH RECURSIVE found AS (
    SELECT min({name}) AS one FROM {table}
    UNION ALL
    SELECT (SELECT min({name}) FROM {table} WHERE {name} > found.one)
    FROM found WHERE found.one IS NOT NULL
)
SELECT one FROM found WHERE one IS NOT NULL LIMIT 50
"""


class RecentValuesFilter(admin.AllValuesFieldListFilter):
    """The values of the newest rows, and the one that is chosen; Django reads every row for them."""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: Any,
        field_path: str,
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        newest = model._default_manager.order_by("-pk").values_list(field_path, flat=True)
        found = set(newest[:LOOKED_AT]) - {None}
        given: Any = self.lookup_val or []
        chosen = {str(one) for one in (given if isinstance(given, list) else [given])}
        self.lookup_choices: Any = sorted(found, key=str)[:MOST_VALUES] + sorted(
            chosen - {str(one) for one in found}
        )


class IndexedValuesFilter(RecentValuesFilter):
    """All values of a column that an index begins with: the index is walked from one to the next."""

    def __init__(self, field: Any, *given: Any, **named: Any) -> None:
        super().__init__(field, *given, **named)
        if connection.vendor == "postgresql":
            self.lookup_choices = indexed_values(field.model, field.column)


def indexed_values(model: type[Model], column: str) -> list[Any]:
    """The first MOST_VALUES values of a column, each by one step into an index (PostgreSQL)."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(STEPS.format(name=quote(column), table=quote(model._meta.db_table)))
        return [row[0] for row in cursor.fetchall()]
