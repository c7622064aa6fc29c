"""What every list of the admin can do: be taken out as a file, just as it is filtered."""

from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from import_export.admin import ExportMixin
from import_export.resources import modelresource_factory

from funnel_site.lib.spreadsheet import SpreadsheetResource

# By name: the page stands above this leaf.
EXPORT_PAGE = "funnel_site.exports.pages.export_page"
BUTTONS = "admin/import_export/change_list_import_export.html"
# Columns that are secrets, or bytes and bookkeeping that nobody reads.
LEFT_OUT = frozenset(
    """hashed_key key owner_key password runner serialized_data sid stored_as token
    heartbeat_at next_line changes_text""".split()
)


class ExportList(ExportMixin):
    """Export button and action.

    Which columns, says the list's resource; without one `export_columns`, and without those its table.
    """

    export_columns: tuple[str, ...] = ()
    import_export_change_list_template = BUTTONS

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """The form, and what it asks for."""
        answer: HttpResponse = import_string(EXPORT_PAGE)(self, request)
        return answer

    def export_admin_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """The same form for the rows that were picked; it knows them by the request."""
        return self.export_action(request)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        if self.has_export_permission(request):
            words = "Export selected %(verbose_name_plural)s"
            actions["export_admin_action"] = (
                type(self).export_admin_action,
                "export_admin_action",
                words,
            )
        return actions

    def get_export_resource_classes(self, request: HttpRequest) -> list[type[SpreadsheetResource]]:
        return list(self.resource_classes) or [table_resource(self.model, self.export_columns)]

    def note_export(self, request: HttpRequest, *, rows: int) -> None:
        """For lists that keep a book of their own about who saw what."""


def table_resource(
    model: type[models.Model], columns: tuple[str, ...] = ()
) -> type[SpreadsheetResource]:
    """The named columns, or all of a model's table as they are, but for secrets."""
    names = columns or tuple(
        column.name
        for column in model._meta.concrete_fields
        if column.name not in LEFT_OUT and not isinstance(column, models.BinaryField)
    )
    options = {"fields": names, "export_order": names}
    made: type[SpreadsheetResource] = modelresource_factory(
        model, SpreadsheetResource, meta_options=options
    )
    return made
