"""Filters beside long lists: they cost the same however many rows there are."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import FieldListFilter
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextInputWidget

FEW_ROWS = 10_000
MOST_VALUES = 100
LONGEST = 100
LOOKED_AT = 1_000
STEPS = """
WITH RECURSIVE found AS (
    SELECT min({name}) AS one FROM {table}
    UNION ALL
    SELECT (SELECT min({name}) FROM {table} WHERE {name} > found.one)
    FROM found WHERE found.one IS NOT NULL
)
SELECT one FROM found WHERE one IS NOT NULL LIMIT 100
"""


# One statement, whatever the table's size.
COMMON = """
SELECT CASE WHEN reltuples > %s THEN
    (SELECT most_common_vals::text::text[] FROM pg_stats
     WHERE schemaname = current_schema() AND tablename = %s AND attname = %s)
ELSE ARRAY(
    SELECT DISTINCT {name}::text FROM (SELECT {name} FROM {table} LIMIT {few}) AS some_rows
    WHERE {name} <> '' ORDER BY 1 LIMIT 100
) END FROM pg_class WHERE oid = %s::regclass
"""


class ValueForm(forms.Form):
    """A text field that a list of values hangs on."""

    def __init__(self, *, name: str, label: str, value: str) -> None:
        super().__init__(data={name: value})
        widget = UnfoldAdminTextInputWidget(attrs={"list": values_id(name), "autocomplete": "off"})
        self.fields[name] = forms.CharField(label=label, required=False, widget=widget)


def values_id(name: str) -> str:
    return f"values-{name}"


class ExactTextFilter(FieldListFilter):
    """Rows with exactly this text, typed or taken from what is offered.

    The stock filter reads every row of the table to list its values. This one offers those that
    the planner of PostgreSQL knows as the most common ones; a small table is read.
    """

    template = "admin/offering_filter.html"

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        value = self.used_parameters.get(self.field_path, "")
        self.value = str(value[-1] if isinstance(value, list) else value)

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{self.field_path: self.value}) if self.value else queryset

    def expected_parameters(self) -> list[str | None]:
        return [self.field_path]

    def choices(self, changelist: Any) -> Iterator[Any]:
        name = self.field_path
        label = str(self.title).capitalize()
        yield {
            "form": ValueForm(name=name, label=label, value=self.value[:LONGEST]),
            "list": values_id(name),
            "offered": common_values(self.field.model, self.field.name),
        }


def common_values(model: type[models.Model], name: str) -> list[str]:
    """The values of a column of text that are worth offering, in their order. One short query.

    Raises FieldDoesNotExist for a column that the model has not.
    """
    field = model._meta.get_field(name)
    column = getattr(field, "column", None)
    if column is None:
        raise FieldDoesNotExist(name)
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        quote = connection.ops.quote_name
        with connection.cursor() as cursor:
            cursor.execute(
                COMMON.format(name=quote(column), table=quote(table), few=FEW_ROWS),
                [FEW_ROWS, table, column, table],
            )
            return sorted(value for value in cursor.fetchone()[0] or () if value)[:MOST_VALUES]
    some = model._default_manager.order_by()[:FEW_ROWS].values("pk")
    found = model._default_manager.filter(pk__in=some).order_by(name)
    distinct = found.values_list(name, flat=True).distinct()[: MOST_VALUES + 1]
    return [value for value in distinct if value][:MOST_VALUES]


class RecentValuesFilter(admin.AllValuesFieldListFilter):
    """The values of the newest rows, and the one that is chosen; Django reads every row for them."""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[models.Model],
        *given: Any,
        **named: Any,
    ) -> None:
        super().__init__(field, request, params, model, *given, **named)
        newest = model._default_manager.order_by("-pk").values_list(self.field_path, flat=True)
        found = set(newest[:LOOKED_AT]) - {None}
        asked: Any = self.lookup_val or []
        chosen = {str(one) for one in (asked if isinstance(asked, list) else [asked])}
        self.lookup_choices: Any = sorted(found, key=str)[:MOST_VALUES] + sorted(
            chosen - {str(one) for one in found}
        )

    def choices(self, changelist: Any) -> Iterator[Any]:
        """A value without words has a name, too, to be read and pressed."""
        for choice in super().choices(changelist):
            yield choice if str(choice["display"]).strip() else {**choice, "display": _("Empty")}


class IndexedValuesFilter(RecentValuesFilter):
    """All values of a column that an index begins with: the index is walked from one to the next."""

    def __init__(self, field: Any, *given: Any, **named: Any) -> None:
        super().__init__(field, *given, **named)
        if connection.vendor == "postgresql":
            self.lookup_choices = indexed_values(field.model, field.column)


def indexed_values(model: type[models.Model], column: str) -> list[Any]:
    """The first MOST_VALUES values of a column, each by one step into an index (PostgreSQL)."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(STEPS.format(name=quote(column), table=quote(model._meta.db_table)))
        return [row[0] for row in cursor.fetchall()]
