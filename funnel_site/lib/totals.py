"""Totals above a list: with a short list at once, of a long one when somebody asks."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

Figure = tuple[str, str, str]
"""What is counted, the figure, and a word about it."""


class TotalsMixin:
    """`totals` of the filtered rows. Adding up a million of them takes seconds: nobody waits unasked."""

    def totals(self, rows: QuerySet[Any]) -> list[Figure]:
        raise NotImplementedError

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.totals_view)  # type: ignore[attr-defined]
        return [path("totals/", view, name=self._totals_name()), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]
        shown = getattr(response, "context_data", None)
        if shown and "cl" in shown:
            shown.update(self.totals_of(request, shown["cl"]))
        return response

    def totals_of(self, request: HttpRequest, changelist: Any) -> dict[str, Any]:
        """The totals, or where to ask for them, for the list's template."""
        pages = changelist.paginator
        if not (pages.is_about or pages.is_more):
            return {"totals": self.totals(changelist.queryset)}
        address = reverse(f"admin:{self._totals_name()}")
        return {"totals_url": f"{address}?{request.GET.urlencode()}"}

    def totals_view(self, request: HttpRequest) -> HttpResponse:
        """The totals alone; the list's page puts them into its place."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        changelist = self.get_changelist_instance(request)  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Totals"),
            "totals": self.totals(changelist.queryset),
        }
        return TemplateResponse(request, "admin/totals_page.html", context)

    def _totals_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_totals"  # type: ignore[attr-defined]
