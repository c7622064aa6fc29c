"""The audit trail in the admin: looked at, filtered, exported, never changed."""

import json
from datetime import UTC
from ipaddress import ip_address
from typing import Any, ClassVar

from axes.admin import (
    AccessAttemptAdmin,
    AccessFailureLogAdmin,
    AccessLogAdmin,
    IsLockedOutFilter,
)
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter

from funnel_site.audit.models import AuditEntry
from funnel_site.audit.resources import AuditResource
from funnel_site.lib.days import shown_moment
from funnel_site.lib.listing import ExportList
from funnel_site.lib.paging import CappedPaginator
from funnel_site.lib.staff import RecordAdmin, display

# The packages' own pages; ours replace them.
admin.site.unregister(AuditEntry)
for replaced in (AccessAttempt, AccessFailureLog, AccessLog):
    admin.site.unregister(replaced)
EVERYONES = "audit.see_everyones_trail"
TEAMS = "audit.see_teams_trail"
TEAM = "Support agent"
COMMON_COLUMNS = ("attempt_time", "username", "ip_address", "user_agent", "path_info")
"""What a file of any list of sign-ins has."""


class SignInList(admin.ModelAdmin[Any]):
    """A list that costs the same after years of sign-ins: the packages' reads all of them."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    # As they came; their times have no index.
    ordering = ("-id",)
    sortable_by = ()
    date_hierarchy = None
    list_filter: ClassVar[tuple[Any, ...]] = (("attempt_time", RangeDateTimeFilter),)
    # What has an index; the packages look into the middle of four columns.
    search_fields = ("username__startswith",)
    search_help_text = _("The beginning of a user name, or a whole IP address")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            address = ip_address(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(ip_address=str(address)), False


class SignInLog(ExportList, SignInList):
    """What stands in it nobody changes or takes away; `axes_reset_logs` prunes it."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AccessLog)
class SignInAdmin(SignInLog, AccessLogAdmin):
    """Who came in, and went. The digest of a session stays out of a file."""

    export_columns = (*COMMON_COLUMNS, "logout_time")


@admin.register(AccessFailureLog)
class SignInFailureAdmin(SignInLog, AccessFailureLogAdmin):
    """Who was refused."""

    list_filter = (*SignInList.list_filter, "locked_out")
    export_columns = (*COMMON_COLUMNS, "locked_out")


@admin.register(AccessAttempt)
class SignInAttemptAdmin(SignInList, ExportList, AccessAttemptAdmin):
    """What was typed into the form stays out of a file."""

    list_filter = (*SignInList.list_filter, IsLockedOutFilter)

    export_columns = (*COMMON_COLUMNS, "failures_since_start")


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    told = ("words",)
    resource_classes = [AuditResource]
    list_display = ("timestamp", "who", "shown_kind", "about", "words")
    list_filter = ("kind", ("timestamp", RangeDateTimeFilter), "content_type")
    search_fields = ("=who", "=object_pk", "=cid", "=path")
    search_help_text = _("User name, the number of a row, a request's id, or a path")
    list_select_related = ("content_type",)
    ordering = ("-timestamp", "-id")
    fields = (
        "timestamp",
        "who",
        "shown_kind",
        "about",
        "words",
        "path",
        "remote_addr",
        "cid",
        "shown_changes",
        "shown_facts",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """One's own trail; the agents', too, for who leads them; everybody's for those who watch over it."""
        entries: QuerySet[AuditEntry] = super().get_queryset(request)
        if request.user.has_perm(EVERYONES):
            return entries
        own = Q(actor=request.user.pk)
        if request.user.has_perm(TEAMS):
            # By their numbers: a join would show an entry twice.
            own |= Q(actor__in=User.objects.filter(groups__name=TEAM).values("pk"))
        return entries.filter(own)

    @display(
        description=_("Did"),
        ordering="kind",
        label={
            "Saw": "info",
            "Changed": "warning",
            "Exported": "warning",
            "Had shown": "warning",
            "Signed in": "warning",
            "Replayed": "success",
            "Was refused": "danger",
        },
    )
    def shown_kind(self, entry: AuditEntry) -> str:
        return str(entry.get_kind_display())

    @display(description=_("What"))
    def about(self, entry: AuditEntry) -> str:
        kind = str(capfirst(entry.content_type.name))
        told = str(entry.object_repr)
        if entry.object_pk and told.rpartition(" ")[2] == entry.object_pk:
            # Kept as the kind and the number, in English or as the doer's language had it.
            return f"{kind} {entry.object_pk}"
        model: Any = entry.content_type.model_class()
        if model is not None and told.lower() == model._meta.verbose_name_raw.lower():
            return kind
        return told if told.startswith(kind) else f"{kind} {told}"

    @display(description=_("Before and after"))
    def shown_changes(self, entry: AuditEntry) -> str:
        rows = [
            (_field_name(entry, name), *[_shown(value) for value in values[:2]])
            if isinstance(values, list)
            else (
                _field_name(entry, name),
                str(values.get("operation", "")),
                ", ".join(values.get("objects", ())),
            )
            for name, values in (entry.changes or {}).items()
            if not _is_of_others(values)
        ]
        if not rows:
            return "–"
        lines = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", rows)
        return format_html('<table class="fs-table fs-before-after">{}</table>', lines)

    @display(description=_("Details"))
    def shown_facts(self, entry: AuditEntry) -> Any:
        if not entry.additional_data:
            return "–"
        text = json.dumps(entry.additional_data, indent=2, ensure_ascii=False)
        return format_html('<pre class="fs-raw">{}</pre>', text)


def _field_name(entry: AuditEntry, name: str) -> str:
    """A column as pages call it; its own name where the table has it no more."""
    model = entry.content_type.model_class()
    try:
        return str(capfirst(model._meta.get_field(name).verbose_name)) if model else name
    except (FieldDoesNotExist, AttributeError):
        return name


def _is_of_others(values: Any) -> bool:
    """The trail's package notes rows that point here as `app.Model.None`, whatever they are."""
    return isinstance(values, list) and str(values[-1]).endswith(".None")


def _shown(value: Any) -> str:
    """A value as people read it; moments are kept in UTC."""
    text = str(value)
    if value is None or text in {"", "None"}:
        return "–"
    if text in {"True", "False"}:
        return gettext("Yes") if text == "True" else gettext("No")
    try:
        moment = parse_datetime(text) if len(text) > len("2025-01-01") else None
    except ValueError:
        return text
    return text if moment is None else shown_moment(moment.replace(tzinfo=moment.tzinfo or UTC))
