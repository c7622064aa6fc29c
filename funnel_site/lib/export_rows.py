"""The rows of an export as cells, a page at a time: memory does not grow with their number."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from funnel_site.lib.batches import chunks
from funnel_site.lib.masking import hides, seen_by
from funnel_site.lib.spreadsheet import SpreadsheetResource, SpreadsheetTextWidget, model_field

PAGE = 2_000

Cells = list[Any]


def pages_of_cells(
    resource: SpreadsheetResource,
    rows: QuerySet[Any],
    *,
    profile: str,
    is_workbook: bool,
    viewer: Any,
) -> Iterator[list[Cells]]:
    """The rows in their order, as `viewer` (anything `seen_by` takes) may see them.

    A resource whose columns are plain ones is read without making objects of its rows.
    """
    options: dict[str, Any] = {"profile": profile}
    if is_workbook:
        options["force_native_type"] = True
    paths = plain_paths(resource)
    if paths is None:
        read, make = rows.select_related(*_related(resource, rows)), _by_field
    else:
        read, make = rows.values_list("pk", *paths), _by_place
    for page in _pages(read, has_objects=paths is None):
        # Within one page and not around the loop: a generator shares its caller's context.
        with seen_by(viewer):
            made = make(resource, page, options)
        yield made


def plain_paths(resource: SpreadsheetResource) -> list[str] | None:
    """The columns' paths where all of them are columns of tables; else None."""
    paths = []
    for field in resource.get_export_fields():
        method = field.get_dehydrate_method(resource.get_field_name(field))
        path = "" if hasattr(resource, method) else field.attribute or ""
        if model_field(resource._meta.model, path) is None:
            return None
        paths.append(path)
    return paths


def _related(resource: SpreadsheetResource, rows: QuerySet[Any]) -> list[str]:
    """The relations that the columns go through, besides those that the list reads itself."""
    through = {
        field.attribute.rpartition("__")[0]
        for field in resource.get_export_fields()
        if field.attribute and "__" in field.attribute
    }
    known = rows.query.select_related
    return sorted(through | set(_flattened(known)) if isinstance(known, dict) else through)


def _flattened(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, below in tree.items():
        yield above + name
        yield from _flattened(below, f"{above}{name}__")


def _by_place(
    resource: SpreadsheetResource, page: list[Any], options: dict[str, Any]
) -> list[Cells]:
    """A page of rows of values, the key first, as cells: made a column at a time."""
    _, *columns = zip(*page, strict=True) if page else [()]
    fields = resource.get_export_fields()
    made = [
        _column(resource, field, values, options)
        for field, values in zip(fields, columns, strict=bool(page))
    ]
    return [list(row) for row in zip(*made, strict=True)]


def _column(
    resource: SpreadsheetResource, field: Any, values: Sequence[Any], options: dict[str, Any]
) -> list[Any]:
    """A column's cells. Texts come back again and again: each is made once a page."""
    render = partial(field.widget.render, **options)
    if isinstance(field.widget, SpreadsheetTextWidget):
        known = {value: render(value) for value in set(values)}
        cells = [known[value] for value in values]
    else:
        cells = [render(value) for value in values]
    mask = resource.mask_of(field)
    if mask is None or not hides(mask):
        return cells
    return [mask(str(cell)) if cell else cell for cell in cells]


def _by_field(
    resource: SpreadsheetResource, page: list[Any], options: dict[str, Any]
) -> list[Cells]:
    """A page of objects as cells."""
    fields = resource.get_export_fields()
    return [[resource.export_field(field, row, **options) for field in fields] for row in page]


@contextmanager
def _planned_for_all(alias: str) -> Iterator[None]:
    """Have PostgreSQL plan a cursor for all its rows.

    It expects that a tenth of a cursor's rows is read, and would find the other tables' rows one by
    one for the sake of a quick first page: slower for each row the longer the table is.
    """
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_setting('cursor_tuple_fraction')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('cursor_tuple_fraction', '1', false)")
        try:
            yield
        finally:
            cursor.execute("SELECT set_config('cursor_tuple_fraction', %s, false)", [before])


def _pages(rows: QuerySet[Any], *, has_objects: bool) -> Iterator[list[Any]]:
    """Pages of one reading. PostgreSQL holds it for us, all rows of one moment.

    SQLite would hold everybody's later writes back from this connection while it is read, the
    order to stop among them: there the keys are taken first, then the rows by their keys.
    """
    if connections[rows.db].vendor == "postgresql":
        with _planned_for_all(rows.db):
            pages = chunks(rows.iterator(chunk_size=PAGE), PAGE)
            first = next(pages, None)
        if first is not None:
            yield first
            yield from pages
        return
    keys = list(rows.values_list("pk", flat=True))
    for some in chunks(keys, PAGE):
        found = {(row.pk if has_objects else row[0]): row for row in rows.filter(pk__in=some)}
        yield [found[key] for key in some if key in found]
