"""What the staff pages have in common."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import action as unfold_action
from unfold.decorators import display as unfold_display
from unfold.views import ChangeList

from funnel_site.lib import masking
from funnel_site.lib.listing import ExportList
from funnel_site.lib.paging import CappedPaginator, FoundPaginator
from funnel_site.lib.searching import SearchMixin

Method = TypeVar("Method", bound=Callable[..., Any])


class Labels(dict[str, str]):
    """A column's colours by its English words; looked up by the words in the viewer's language."""

    def _english(self, shown: object) -> str | None:
        words = str(shown)
        # A state beside its words is looked up as it is.
        if dict.__contains__(self, words):
            return words
        return next((english for english in self if gettext(english) == words), None)

    def __contains__(self, shown: object) -> bool:
        return self._english(shown) is not None

    def __getitem__(self, shown: object) -> str:
        english = self._english(shown)
        if english is None:
            raise KeyError(shown)
        return super().__getitem__(english)


def display(**options: Any) -> Callable[[Method], Method]:
    """The theme's column decorator, with types. The keys of `label` are English words."""
    if isinstance(options.get("label"), dict):
        options["label"] = Labels(options["label"])
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
        of = (*args, *kwargs.values())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": getattr(getattr(self, method.__name__), "short_description", ""),
            "original": self.get_object(request, str(*of)) if of else None,
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)

    return cast("Method", ask)


class MaskingMixin:
    """Fields that say who a person is are masked, and cannot be searched, by those who may not see.

    Which fields those are says `funnel_site.lib.masking.PERSONAL`. A masked field is read-only.
    """

    model: Any

    def get_list_display(self, request: HttpRequest) -> Any:
        return self._masked(super().get_list_display(request))  # type: ignore[misc]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self._masked(super().get_fields(request, obj))  # type: ignore[misc]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if not self._personal():
            return fieldsets
        return [
            (name, {**options, "fields": self._masked(options["fields"])})
            for name, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = self._masked(super().get_readonly_fields(request, obj))  # type: ignore[misc]
        if not self._personal():
            return fields
        masked = [_masked_field(name, mask) for name, mask in self._personal().items()]
        return (*fields, *masked, *self._personal())

    def get_search_fields(self, request: HttpRequest) -> Any:
        fields = super().get_search_fields(request)  # type: ignore[misc]
        if not masking.is_masked():
            return fields
        return [name for name in fields if not masking.names_a_person(self.model, name)]

    def get_sortable_by(self, request: HttpRequest) -> Any:
        fields = super().get_sortable_by(request)  # type: ignore[misc]
        return [name for name in fields if name not in self._personal()]

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        if masking.names_a_person(self.model, lookup):
            return False
        return bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]

    def _personal(self) -> dict[str, masking.Mask]:
        return masking.hidden_fields(self.model)

    def _masked(self, names: Any) -> Any:
        """The names, with a masked column in the place of each personal field."""
        personal = self._personal()
        if not personal:
            return names
        return [
            self._masked(name)
            if isinstance(name, list | tuple)
            else _masked_field(name, personal[name])
            if name in personal
            else name
            for name in names
        ]


@lru_cache(maxsize=200)
def _masked_field(name: str, mask: masking.Mask) -> Callable[[Any], str]:
    """A column that shows a field's value masked; the same one for the same field."""

    def shown(row: Any) -> str:
        value = getattr(row, name)
        return mask(str(value)) if value else ""

    shown.__name__ = f"masked_{name}"
    return display(description=capfirst(gettext_lazy(name.replace("_", " "))))(shown)


class OwnPageMixin:
    """The page of one row is `own_page`; who finds no row, or may not see it, is answered by Django."""

    def own_page(self, request: HttpRequest, row: Any) -> HttpResponse:
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if row is None or not self.has_view_permission(request, row):  # type: ignore[attr-defined]
            return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[misc,no-any-return]
        return self.own_page(request, row)


class OwnRowsMixin:
    """The rows whose `user` one is; everybody's for those with the permission `see_everyones`."""

    see_everyones: str

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        if request.user.has_perm(self.see_everyones):
            return rows
        return rows.filter(user=request.user.pk)


class QuickChangeList(ChangeList):
    """A list that is ordered by nothing but what its headings offer, also where an address asks."""

    def get_ordering_field(self, field_name: Any) -> Any:
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)


class StaffAdmin(ExportList, SearchMixin, MaskingMixin, ModelAdmin):
    """A list that stays quick and can be exported, with forms in the theme's looks.

    It can be ordered by its usual order, and by the columns of `quick_orders`, which an index has in
    this order; a list of `few_rows` by any column.
    """

    quick_orders: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return QuickChangeList

    def get_sortable_by(self, request: HttpRequest) -> Any:
        columns = super().get_sortable_by(request)
        if self.few_rows:
            return columns
        quick = {*self.quick_orders, *(self.get_ordering(request) or self.opts.ordering)[:1]}
        quick = {name.lstrip("-") for name in quick}
        return [column for column in columns if self._order_of(column) in quick]

    def _order_of(self, column: Any) -> str:
        """The field that a column is ordered by, "" for none."""
        shown = column if callable(column) else getattr(self, column, None)
        order = getattr(shown, "admin_order_field", column if isinstance(column, str) else "")
        return str(order).lstrip("-")

    def get_paginator(self, request: HttpRequest, *given: Any, **named: Any) -> CappedPaginator:
        term = request.GET.get("q") or request.GET.get("term") or ""
        # Numbers are rarely frequent: their index gives few rows at once.
        has_words = any(letter.isalpha() for letter in term)
        is_walked = has_words or (not term and self.is_part_for(request))
        return (FoundPaginator if is_walked else CappedPaginator)(*given, **named)

    def is_part_for(self, request: HttpRequest) -> bool:
        """Whether this person sees a part of the rows, which only another table tells."""
        return False

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Django's own log line; its words stand in the audit entry of the request, too."""
        if isinstance(message, str):
            request.deeds = [*getattr(request, "deeds", ()), message]  # type: ignore[attr-defined]
        return super().log_change(request, obj, message)

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
