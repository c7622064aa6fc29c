"""Imports of the lists: a template to begin with, a preview of bounded size, all rows or none."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.formats import number_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from import_export.admin import ImportMixin
from openpyxl import load_workbook
from unfold.contrib.import_export.forms import ImportForm

from funnel_site.lib.export_files import csv_lines
from funnel_site.lib.import_preview import SHOWN
from funnel_site.lib.listing import BUTTONS

# By name: the page stands above this leaf.
LARGE_IMPORT = "funnel_site.imports.pages.large_import"


class ImportFailedError(Exception):
    """Some rows could not be used, and none was kept."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


class BoundedImportForm(ImportForm):
    """A file of as many rows as a worker can take; `is_large` where no page can while somebody waits."""

    way_for_large_files = ""
    rows, is_large = 0, False

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        self.rows = rows_in(file)
        self.is_large = self.rows > settings.IMPORT_MOST_ROWS
        if self.rows > settings.IMPORT_BACKGROUND_ROWS:
            most, many = (
                number_format(n, force_grouping=True)
                for n in (settings.IMPORT_BACKGROUND_ROWS, self.rows)
            )
            words = _("The file has about %(many)s rows; %(most)s are taken at once.")
            self.add_error(
                "import_file",
                words % {"many": many, "most": most} + f" {self.way_for_large_files}",
            )
        return file


def rows_in(file: Any) -> int:
    """About how many rows, by the ends of lines or by what a workbook says of itself.

    An unreadable workbook has none: the reading that follows says what is wrong with it.
    """
    file.seek(0)
    try:
        if file.read(2) != b"PK":
            return sum(part.count(b"\n") for part in file.chunks())
        try:
            book = load_workbook(file, read_only=True)
        except Exception:  # noqa: BLE001 - each part of a broken workbook has errors of its own
            return 0
        sheet = book.active
        if sheet is None:
            return 0
        return int(sheet.max_row or sum(1 for _row in sheet.rows))
    finally:
        file.seek(0)


class ImportList(ImportMixin):
    """The import button beside the export button, its template and its page."""

    import_export_change_list_template = BUTTONS
    import_template_name = "admin/imports/import.html"
    import_form_class = BoundedImportForm
    way_for_large_files: Any = ""
    """What to do instead with a file that is too large for a worker, too."""

    def get_import_form_class(self, request: HttpRequest) -> type[BoundedImportForm]:
        return type(
            "ListImportForm",
            (BoundedImportForm,),
            {"way_for_large_files": self.way_for_large_files},
        )

    def get_urls(self) -> Any:
        app, model = self.get_model_info()
        view = self.admin_site.admin_view(self.import_template)
        return [
            path("import/template/", view, name=f"{app}_{model}_template_import"),
            *super().get_urls(),
        ]

    def import_template(self, request: HttpRequest) -> HttpResponse:
        """An empty file with the columns to fill in."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        name = f"{self.model._meta.model_name}-template.csv"
        response = HttpResponse(
            csv_lines([self._resource(request).columns_to_fill()]),
            content_type="text/csv; charset=utf-8",
        )
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form and the preview; a file that is too large for a page goes to a worker."""
        if request.method == "POST" and self.has_import_permission(request):
            form = self.create_import_form(request)
            if form.is_valid() and form.is_large:
                large: HttpResponse = import_string(LARGE_IMPORT)(self, request, form)
                return large
        answer: HttpResponse = super().import_action(request, **kwargs)
        return answer

    def note_import(self, user: Any) -> None:
        """For lists that keep a book of their own about what changed; in the import's transaction."""

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        self.note_import(request.user)
        answer: HttpResponse = super().process_result(result, request)
        return answer

    def get_import_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_import_context_data(**kwargs),
            "shown": SHOWN,
            "most_rows": settings.IMPORT_MOST_ROWS,
        }

    def process_dataset(self, dataset: Any, form: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """All rows or none, also where a row went wrong only since the preview."""
        kwargs.setdefault("rollback_on_validation_errors", True)
        result = super().process_dataset(dataset, form, request, **kwargs)
        if result.has_errors() or result.has_validation_errors():
            raise ImportFailedError(result)
        return result

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            answer: HttpResponse = super().process_import(request, **kwargs)
        except ImportFailedError as failure:
            context = {
                **self.admin_site.each_context(request),
                **self.get_import_context_data(),
                "title": _("Import"),
                "opts": self.opts,
                "form": self.create_import_form(request),
                "result": failure.result,
            }
            return TemplateResponse(request, [self.import_template_name], context)
        except FileNotFoundError:
            self.message_user(
                request, _("The previewed file is gone: hand it in again."), level="ERROR"
            )
            return redirect("admin:{}_{}_import".format(*self.get_model_info()))
        return answer

    def _resource(self, request: HttpRequest) -> Any:
        return self.get_import_resource_classes(request)[0]()
