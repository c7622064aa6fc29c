"""What an import would change, a field at a time, for as many rows as somebody reads."""

from typing import Any

from django.utils.encoding import force_str
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

    def as_html(self) -> list[tuple[str, str]]:
        """Each cell before and after; the page makes HTML of them."""
        if self.before is None or self.after is None:
            return []
        return [
            ("" if self.is_new else before, after)
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


class CountedResult(Result):
    """A result that also knows how many rows cannot be used, and tells a page of the first ones."""

    @property
    def wrong(self) -> int:
        return len(self.invalid_rows) + len(self.error_rows)

    @property
    def is_wrong(self) -> bool:
        return bool(self.has_errors() or self.has_validation_errors())

    @property
    def whole_file(self) -> list[str]:
        """What is wrong with the file as a whole."""
        return [str(error.error) for error in self.base_errors]

    @property
    def shown_rows(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The first rows: new, update or skip, and each cell before and after."""
        return [(row.import_type, row.diff or []) for row in self.rows[:SHOWN]]

    @property
    def shown_errors(self) -> list[tuple[int, str, str]]:
        return self.errors_by_row()[:SHOWN]

    def errors_by_row(self) -> list[tuple[int, str, str]]:
        """Row, column and reason of each error; the column is empty where none is to blame."""
        told = [
            (row.number, name, " ".join(str(one) for one in reasons))
            for row in self.invalid_rows
            for name, reasons in row.field_specific_errors.items()
        ]
        told += [
            (row.number, "", str(reason))
            for row in self.invalid_rows
            for reason in row.non_field_specific_errors
        ]
        told += [(row.number, "", str(one.error)) for row in self.error_rows for one in row.errors]
        return sorted(told)


class PreviewedImport:
    """For resources: differences of the first rows, and the columns that a template has."""

    template_columns: tuple[str, ...] = ()
    """The columns that an import reads; empty: those of the resource."""
    rows_before = 0
    """How many rows of the file came before this part of it, where it is taken in parts."""
    rows_compared = 0
    """How many rows this import has gone through."""

    @classmethod
    def get_result_class(cls) -> type[CountedResult]:
        return CountedResult

    @classmethod
    def get_diff_class(cls) -> type[FieldDiff]:
        return FieldDiff

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        self.rows_compared = self.rows_before + kwargs["row_number"]
        super().after_import_row(row, row_result, **kwargs)  # type: ignore[misc]

    def columns_to_fill(self) -> list[str]:
        fields = self.get_user_visible_fields()  # type: ignore[attr-defined]
        return list(self.template_columns) or [str(one.column_name) for one in fields]
