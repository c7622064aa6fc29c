"""Canned answers: everybody's own, and the shared ones, which need a right of their own."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from conversations.models import CannedAnswer
from funnel_site.lib.staff import StaffAdmin, display


@admin.register(CannedAnswer)
class CannedAnswerAdmin(StaffAdmin):
    few_rows = True
    list_display = ("shown_shortcut", "body", "whose")
    list_filter = (("owner", admin.EmptyFieldListFilter),)
    search_fields = ("shortcut", "body")
    search_help_text = "Shortcut or words"
    list_select_related = ("owner",)
    fields = ("shortcut", "body", "owner")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CannedAnswer]:
        """The shared ones and one's own; a colleague's own are nobody else's."""
        answers: QuerySet[CannedAnswer] = super().get_queryset(request)
        return answers.filter(Q(owner=None) | Q(owner=request.user.pk))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Mine or, for those who may share, everybody's."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.queryset = field.queryset.filter(pk=request.user.pk)
        field.empty_label = "Everybody"
        field.required = not self._may_share(request)
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return bool(may and (obj is None or obj.owner_id or self._may_share(request)))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return bool(may and (obj is None or obj.owner_id or self._may_share(request)))

    def _may_share(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.share_cannedanswer")

    @display(description="Shortcut", ordering="shortcut")
    def shown_shortcut(self, answer: CannedAnswer) -> str:
        return str(answer)

    @display(description="Whose", label={"Mine": "info", "Everybody": "success"})
    def whose(self, answer: CannedAnswer) -> str:
        return "Mine" if answer.owner_id else "Everybody"
