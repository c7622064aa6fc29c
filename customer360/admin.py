"""The staff screens of the sources, the loads and the builds."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from customer360 import profile_admin, resources, segment_admin
from customer360.models import (
    Campaign,
    CampaignResponse,
    CdpLoad,
    CustomerRecord,
    Product,
    ProfileBuild,
    Purchase,
    ServiceInteraction,
    SetAsideRow,
    WebsiteVisit,
)
from customer360.selectors.marks import marks_of
from customer360.services.building import BuildRunningError, request_build
from funnel_site.lib.filters import ExactTextFilter
from funnel_site.lib.importing import ImportList
from funnel_site.lib.masking import shown_phone
from funnel_site.lib.money import shown_count
from funnel_site.lib.staff import RecordAdmin, StaffAdmin, action, confirmed, display
from funnel_site.lib.words import translated

# Register the profiles, the dashboard's addresses, segments and duplicates.
__all__ = ["profile_admin", "segment_admin"]


class SourceAdmin(ImportList, StaffAdmin):
    """A source table: its rows come from files or imports; a correction by hand counts, too."""

    way_for_large_files = _("Load a large one with the command load_cdp: docs/operator.md.")

    def has_import_permission(self, request: HttpRequest) -> bool:
        """An import adds rows and changes rows."""
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whose row it is follows from the source, and a record's person from its number."""
        return ("external_id",) if obj else ()


@admin.register(CustomerRecord)
class CustomerRecordAdmin(SourceAdmin):
    resource_classes = [resources.CustomerRecordResource]
    list_display = (
        "external_id",
        "first_name",
        "last_name",
        "email",
        "shown_phone",
        "registration_date",
        "customer",
    )
    list_filter = (
        ("registration_date", RangeDateFilter),
        ("phone_number", admin.EmptyFieldListFilter),
    )
    search_fields = ("=external_id", "first_name", "last_name", "=email")
    search_help_text = _("Phone number in any format, name, e-mail or customer id")
    phone_path = "phone_number"
    list_select_related = ("customer",)
    autocomplete_fields = ("customer",)
    ordering = ("-id",)

    @display(description=_("Phone"), ordering="phone_number")
    def shown_phone(self, record: CustomerRecord) -> str:
        return shown_phone(record.phone_number or record.phone_text)


@admin.register(Product)
class ProductAdmin(SourceAdmin):
    few_rows = True
    resource_classes = [resources.ProductResource]
    list_display = ("external_id", "product_name", "category", "brand", "price", "launch_date")
    list_filter = (("category", ExactTextFilter), ("brand", ExactTextFilter))
    search_fields = ("=external_id", "product_name")
    ordering = ("product_name", "id")


class ChildAdmin(SourceAdmin):
    """Rows that hang on a customer record."""

    search_fields: tuple[str, ...] = ("=external_id", "=record__external_id")
    search_help_text = _("The row's id or the customer's id")
    list_select_related: tuple[str, ...] = ("record",)
    autocomplete_fields: tuple[str, ...] = ("record",)


@admin.register(Purchase)
class PurchaseAdmin(ChildAdmin):
    resource_classes = [resources.PurchaseResource]
    list_display = (
        "purchase_date",
        "record",
        "product",
        "quantity",
        "total_amount",
        "currency",
        "store_id",
    )
    list_filter = (
        ("purchase_date", RangeDateFilter),
        ("currency", ExactTextFilter),
        ("product__category", ExactTextFilter),
    )
    list_select_related = ("record", "product")
    autocomplete_fields = ("record", "product")
    ordering = ("-purchase_date", "-id")


class ScoreFilter(admin.SimpleListFilter):
    """By satisfaction score: the scale is known, no row has to be read for it."""

    title = _("satisfaction score")
    parameter_name = "satisfaction_score"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*((str(score), str(score)) for score in range(10, 0, -1)), ("none", _("none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "none":
            return queryset.filter(satisfaction_score=None)
        known = {value for value, _words in self.lookup_choices}
        return (
            queryset.filter(satisfaction_score=self.value()) if self.value() in known else queryset
        )


@admin.register(ServiceInteraction)
class ServiceInteractionAdmin(ChildAdmin):
    resource_classes = [resources.ServiceInteractionResource]
    list_display = (
        "interaction_date",
        "record",
        "interaction_type",
        "product",
        "resolution_status",
        "satisfaction_score",
    )
    list_filter = (
        ("interaction_date", RangeDateFilter),
        ("interaction_type", ExactTextFilter),
        ("resolution_status", ExactTextFilter),
        ScoreFilter,
    )
    list_select_related = ("record", "product")
    autocomplete_fields = ("record", "product")
    ordering = ("-interaction_date", "-id")


@admin.register(Campaign)
class CampaignAdmin(SourceAdmin):
    few_rows = True
    resource_classes = [resources.CampaignResource]
    list_display = ("campaign_name", "channel", "target_audience", "start_date", "end_date")
    list_filter = (
        ("channel", ExactTextFilter),
        ("target_audience", ExactTextFilter),
        ("start_date", RangeDateFilter),
    )
    search_fields = ("=external_id", "campaign_name")
    ordering = ("-start_date", "-id")


@admin.register(CampaignResponse)
class CampaignResponseAdmin(ChildAdmin):
    resource_classes = [resources.CampaignResponseResource]
    list_display = ("response_date", "record", "campaign", "response_type")
    list_filter = (
        ("response_date", RangeDateFilter),
        ("response_type", ExactTextFilter),
        ("campaign__channel", ExactTextFilter),
    )
    list_select_related = ("record", "campaign")
    autocomplete_fields = ("record", "campaign")
    ordering = ("-response_date", "-id")


@admin.register(WebsiteVisit)
class WebsiteVisitAdmin(ChildAdmin):
    resource_classes = [resources.WebsiteVisitResource]
    list_display = ("visit_date", "record", "source", "pages_viewed", "time_spent")
    list_filter = (("visit_date", RangeDateFilter), ("source", ExactTextFilter))
    ordering = ("-visit_date", "-id")


@admin.register(CdpLoad)
class CdpLoadAdmin(RecordAdmin):
    told = ("error",)
    few_rows = True
    list_display = (
        "started_at",
        "table",
        "file_name",
        "shown_state",
        "read",
        "added",
        "changed",
        "unchanged",
        "waiting",
        "arrived",
        "repeated",
        "shown_rejected",
    )
    list_filter = ("table", "state")
    search_fields = ("file_name",)

    @display(
        description=_("State"),
        label={
            "Running": "info",
            "Done": "success",
            "Failed, what was read before is in": "danger",
        },
    )
    def shown_state(self, load: CdpLoad) -> str:
        return load.get_state_display()

    @display(description=_("Rejected"), ordering="rejected")
    def shown_rejected(self, load: CdpLoad) -> str:
        if not load.rejected:
            return "0"
        return format_html(
            '<a href="../setasiderow/?load__id__exact={}">{}</a>',
            load.pk,
            shown_count(load.rejected),
        )


@admin.register(SetAsideRow)
class SetAsideRowAdmin(RecordAdmin):
    told = ("reason",)
    list_display = ("table", "line", "external_id", "shown_state", "reason", "waits_for_id", "load")
    list_filter = ("state", "table", ("load", AutocompleteSelectFilter))
    search_fields = ("=external_id", "=waits_for_id")
    search_help_text = _("The row's id, or the id it waits for")
    list_select_related = ("load",)

    @display(
        description=_("State"),
        label={
            "Rejected": "danger",
            "Waits for another row": "warning",
            "Its id came again later in the file": "info",
        },
    )
    def shown_state(self, row: SetAsideRow) -> str:
        return row.get_state_display()


@admin.register(ProfileBuild)
class ProfileBuildAdmin(RecordAdmin):
    told = ("error",)
    few_rows = True
    list_display = (
        "started_at",
        "shown_state",
        "mode",
        "as_of",
        "shown_progress",
        "customers",
        "finished_at",
        "error",
    )
    list_filter = ("state", "mode")
    actions_list = ("build_changed", "build_all")
    fields = (
        "shown_state",
        "error",
        "mode",
        "as_of",
        "shown_changes",
        "customers",
        "started_at",
        "finished_at",
        "started_by",
        "shown_marks",
        "shown_seconds",
        "currency",
        "rules_version",
    )
    readonly_fields = ("shown_state", "shown_changes", "shown_marks", "shown_seconds")

    def has_build_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("customer360.add_profilebuild")

    @action(description=_("Build the changed"), permissions=["build"], icon="update")
    @confirmed
    def build_changed(self, request: HttpRequest) -> HttpResponse:
        return self._build(request, ProfileBuild.Mode.CHANGED)

    @action(description=_("Build all"), permissions=["build"], icon="construction")
    @confirmed
    def build_all(self, request: HttpRequest) -> HttpResponse:
        return self._build(request, ProfileBuild.Mode.FULL)

    def _build(self, request: HttpRequest, mode: str) -> HttpResponse:
        try:
            build = request_build(mode=mode, user=request.user)
        except BuildRunningError:
            self.message_user(request, gettext("A build is running already."), level="WARNING")
        else:
            done = build.state == ProfileBuild.State.DONE
            told = (
                gettext("%(customers)s profiles built.")
                % {"customers": number_format(build.customers, force_grouping=True)}
                if done
                else gettext("The build has begun.")
            )
            is_lost = build.state == ProfileBuild.State.FAILED
            self.message_user(
                request,
                build.error if is_lost else told,
                level="ERROR" if is_lost else "SUCCESS",
            )
        return redirect("admin:customer360_profilebuild_changelist")

    @display(
        description=_("State"),
        label={"Running": "info", "Done": "success", "Failed, the old profiles stay": "danger"},
    )
    def shown_state(self, build: ProfileBuild) -> str:
        return build.get_state_display()

    @display(description=_("What changed"))
    def shown_changes(self, build: ProfileBuild) -> str:
        """The way to the comparison with the build before."""
        done = ProfileBuild.objects.filter(state=ProfileBuild.State.DONE, pk__lt=build.pk)
        before = done.order_by("-pk").first()
        if before is None or not build.is_compared:
            return "–"
        return format_html(
            '<a href="{}?before={}&amp;after={}">{}</a>',
            reverse("admin:customer360_changes"),
            before.pk,
            build.pk,
            _("Beside build %(number)s") % {"number": before.pk},
        )

    @display(description=_("Read up to"))
    def shown_marks(self, build: ProfileBuild) -> str:
        marks = marks_of(build.results.get("sources", {}))
        lines = ((one.title, shown_count(one.newest), one.day or "–") for one in marks)
        return format_html_join("", "{}: no. {} ({})<br>", lines) or "–"

    @display(description=_("Seconds by step"))
    def shown_seconds(self, build: ProfileBuild) -> str:
        seconds = build.results.get("seconds", {})
        return (
            ", ".join(
                f"{translated(step)} {number_format(taken, 1)}" for step, taken in seconds.items()
            )
            or "–"
        )

    @display(description=_("Progress"))
    def shown_progress(self, build: ProfileBuild) -> str:
        if build.state != ProfileBuild.State.RUNNING:
            return gettext("%(steps_done)s of %(steps)s") % {
                "steps_done": build.steps_done,
                "steps": build.steps,
            }
        return format_html(
            '<progress max="{}" value="{}"></progress> {}',
            build.steps,
            build.steps_done,
            build.step,
        )
