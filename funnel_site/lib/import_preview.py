"""What an import would change, a field at a time, for as many rows as somebody reads."""

from typing import Any

from django.utils.encoding import force_str
from django.utils.html import escape, format_html
from import_export.results import Result

SHOWN = 100


class FieldDiff:
    """What an import would change of a row, a field at a time; shown for the first rows alone."""

    def __init__(self, resource: Any, instance: Any, new: Any) -> None:
        self.resource, self.is_new = resource, new
        self.before = self._cells(instance)
        self.after = self.before

    def compare_with(self, resource: Any, instance: Any) -> None:
        self.after = self._cells(instance)

    def as_html(self) -> list[str]:
        if self.before is None or self.after is None:
            return []
        return [
            _changed("" if self.is_new else before, after)
            for before, after in zip(self.before, self.after, strict=True)
        ]

    def _cells(self, instance: Any) -> list[str] | None:
        """None for rows beyond those that are shown: their cells would only fill the memory."""
        if self.resource.rows_compared >= SHOWN or instance is None:
            return None
        return [
            force_str(self.resource.export_field(one, instance))
            for one in self.resource.get_import_fields()
        ]


def _changed(before: str, after: str) -> str:
    if before == after:
        return escape(after)
    if not before:
        return format_html("<ins>{}</ins>", after)
    return format_html("<del>{}</del> <ins>{}</ins>", before, after)


class CountedResult(Result):
    """A result that also knows how many rows cannot be used."""

    @property
    def wrong(self) -> int:
        return len(self.invalid_rows) + len(self.error_rows)


class PreviewedImport:
    """For resources: differences of the first rows, and the columns that a template has."""

    template_columns: tuple[str, ...] = ()
    """The columns that an import reads; empty: those of the resource."""
    rows_compared = 0
    """How many rows this import has gone through."""

    @classmethod
    def get_result_class(cls) -> type[CountedResult]:
        return CountedResult

    @classmethod
    def get_diff_class(cls) -> type[FieldDiff]:
        return FieldDiff

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        self.rows_compared = kwargs["row_number"]
        super().after_import_row(row, row_result, **kwargs)  # type: ignore[misc]

    def columns_to_fill(self) -> list[str]:
        fields = self.get_user_visible_fields()  # type: ignore[attr-defined]
        return list(self.template_columns) or [str(one.column_name) for one in fields]
