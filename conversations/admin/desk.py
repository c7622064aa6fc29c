"""What agents keep for themselves and share: canned answers, macros; labels and teams of the leads."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.models import CannedAnswer, Label, Macro, Team
from funnel_site.lib.staff import StaffAdmin, display


class OwnOrSharedAdmin(StaffAdmin):
    """Rows of one's own, and those without an owner, which are everybody's and need a right."""

    share_permission = ""
    few_rows = True
    list_filter: tuple[Any, ...] = (("owner", admin.EmptyFieldListFilter),)
    list_select_related: tuple[str, ...] = ("owner",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The shared ones and one's own; a colleague's own are nobody else's."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(Q(owner=None) | Q(owner=request.user.pk))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Mine or, for those who may share, everybody's."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "owner":
            field.queryset = field.queryset.filter(pk=request.user.pk)
            field.empty_label = _("Everybody")
            field.required = not self._may_share(request)
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return bool(may and (obj is None or obj.owner_id or self._may_share(request)))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return bool(may and (obj is None or obj.owner_id or self._may_share(request)))

    def _may_share(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.share_permission)

    @display(description=gettext_lazy("Whose"))
    def whose(self, row: Any) -> str:
        return _("Mine") if row.owner_id else _("Everybody")


@admin.register(CannedAnswer)
class CannedAnswerAdmin(OwnOrSharedAdmin):
    share_permission = "conversations.share_cannedanswer"
    list_display = ("shown_shortcut", "body", "whose")
    search_fields = ("shortcut", "body")
    search_help_text = gettext_lazy("Shortcut or words")
    fields = ("shortcut", "body", "owner")

    @display(description=gettext_lazy("Shortcut"), ordering="shortcut")
    def shown_shortcut(self, answer: CannedAnswer) -> str:
        return str(answer)


@admin.register(Macro)
class MacroAdmin(OwnOrSharedAdmin):
    share_permission = "conversations.share_macro"
    list_display = ("name", "reply", "state", "whose")
    search_fields = ("name", "reply")
    search_help_text = gettext_lazy("Name or words")
    fields = ("name", "owner", "reply", "note", "labels", "team", "priority", "assign", "state")
    autocomplete_fields = ("labels",)


@admin.register(Label)
class LabelAdmin(StaffAdmin):
    few_rows = True
    list_display = ("shown_name", "colour")
    search_fields = ("name",)

    @display(description=gettext_lazy("Name"), ordering="name")
    def shown_name(self, label: Label) -> str:
        return format_html('<span class="fs-label fs-label-{}">{}</span>', label.colour, label.name)


@admin.register(Team)
class TeamAdmin(StaffAdmin):
    few_rows = True
    list_display = ("name", "shown_members")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        teams: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = teams.annotate(number=Count("members"))
        return counted

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Staff alone."""
        staff = get_user_model().objects.filter(is_staff=True, is_active=True)
        kwargs["queryset"] = staff.order_by("username")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @display(description=gettext_lazy("Members"))
    def shown_members(self, team: Any) -> int:
        return int(team.number)
