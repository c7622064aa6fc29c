"""What the staff pages have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.paginator import Paginator
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.contrib.import_export.forms import ExportForm, ImportForm
from unfold.decorators import action as unfold_action
from unfold.decorators import display as unfold_display

EXACT_BELOW = 10_000

Method = TypeVar("Method", bound=Callable[..., Any])


def display(**options: Any) -> Callable[[Method], Method]:
    """The theme's column decorator, with types."""
    return cast("Callable[[Method], Method]", unfold_display(**options))


def action(**options: Any) -> Callable[[Method], Method]:
    """The theme's button decorator, with types."""
    return cast("Callable[[Method], Method]", unfold_action(**options))


def confirmed(method: Method) -> Method:
    """Ask first: the theme's buttons are plain links, and a link must change nothing.

    To be put below `action`. The page that asks posts back with the CSRF token.
    """

    @wraps(method)
    def ask(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            return cast("HttpResponse", method(self, request, *args, **kwargs))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": method.__name__.replace("_", " ").capitalize(),
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)

    return cast("Method", ask)


class EstimatingPaginator(Paginator[Any]):
    """A count that does not read a table of millions for the number under a list.

    On PostgreSQL an unfiltered list shows the planner's estimate once it is large; a filtered one
    is counted.
    """

    @cached_property
    def count(self) -> int:
        query = getattr(self.object_list, "query", None)
        if connection.vendor == "postgresql" and query is not None and not query.where:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
                    [query.model._meta.db_table],
                )
                estimate = int(cursor.fetchone()[0])
            if estimate > EXACT_BELOW:
                return estimate
        return int(super().count)


class StaffAdmin(ModelAdmin):
    """A list that stays quick, with import and export forms in the theme's looks."""

    import_form_class = ImportForm
    export_form_class = ExportForm
    paginator = EstimatingPaginator
    show_full_result_count = False
    list_per_page = 50
    compressed_fields = True
    list_filter_submit = True


class RecordAdmin(StaffAdmin):
    """A record of what happened: staff look at it, services change it."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
