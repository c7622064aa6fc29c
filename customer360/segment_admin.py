"""Saved segments with their members, and the list of likely duplicates."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from customer360.models import ChurnLevel, DuplicateCandidate, Segment, SegmentMembership, ValueTier
from customer360.segment_resource import MembershipResource
from customer360.segment_rules import (
    AMOUNT,
    BY_KEY,
    CHOICE,
    CONDITIONS,
    DAY,
    DAYS_AGO,
    LIST_PARAMETERS,
    NUMBER,
    Condition,
    ConditionError,
    value_of,
)
from customer360.services.duplicates import call_not_same, find_duplicates
from customer360.services.segments import refresh_segment, take_snapshot
from funnel_site.lib.days import site_today
from funnel_site.lib.marking import marked
from funnel_site.lib.money import shown_count
from funnel_site.lib.staff import RecordAdmin, StaffAdmin, action, display
from funnel_site.lib.words import translated

LABELS = {"churn_risk": ChurnLevel.choices, "value_tier": ValueTier.choices}
MAY_JOIN = "conversations.join_customer"


def _choice_words(condition: Condition, value: str) -> str:
    """A condition's value as staff read it."""
    labels = LABELS.get(condition.key)
    return str(dict(labels).get(value, value)) if labels else translated(value)


def conditions_in_words(conditions: Mapping[str, str]) -> str:
    """A segment's conditions as staff read them."""
    known = [(BY_KEY[key], text) for key, text in conditions.items() if key in BY_KEY]
    shown = [f"{translated(one.words)} {_value_words(one, text)}" for one, text in known]
    return "; ".join(shown) or gettext("All profiles")


def _value_words(condition: Condition, text: str) -> str:
    if condition.choices:
        return _choice_words(condition, text)
    if condition.kind == DAY and (day := parse_date(text)):
        return date_format(day, "j M Y")
    if condition.kind in (AMOUNT, NUMBER, DAYS_AGO) and text.isdecimal():
        return shown_count(int(text))
    return text


def _field(condition: Condition) -> forms.Field:
    """The form field of a condition; left empty, the condition is not asked for."""
    options: dict[str, Any] = {"required": False, "label": lazy(translated, str)(condition.words)}
    if condition.kind == CHOICE and condition.choices:
        shown = lazy(_choice_words, str)
        names = [(one, shown(condition, one)) for one in condition.choices]
        return forms.ChoiceField(
            choices=[("", _("Any")), *names], widget=UnfoldAdminSelectWidget, **options
        )
    if condition.kind == DAY:
        return forms.DateField(widget=UnfoldAdminDateWidget, **options)
    return forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget, **options)


class ConditionsForm(forms.ModelForm[Segment]):
    """A segment's name and its conditions, each an ordinary field."""

    class Meta:
        model = Segment
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, text in (self.instance.conditions or {}).items():
            if key in self.fields:
                self.initial.setdefault(key, text)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        conditions = {}
        for condition in CONDITIONS:
            text = str(cleaned.get(condition.key) or "").strip()
            if not text:
                continue
            try:
                value_of(condition, text, site_today())
            except ConditionError as error:
                self.add_error(condition.key, ValidationError(translated(error.args[0])))
            conditions[condition.key] = text
        self.instance.conditions = conditions
        return cleaned


SegmentForm = type(
    "SegmentForm",
    (ConditionsForm,),
    {condition.key: _field(condition) for condition in CONDITIONS},
)


@admin.register(Segment)
class SegmentAdmin(StaffAdmin):
    few_rows = True
    form = SegmentForm
    list_display = ("name", "kind", "shown_conditions", "shown_customers", "refreshed_at")
    list_filter = ("kind",)
    search_fields = ("name",)
    fields = ("name", *(condition.key for condition in CONDITIONS))
    actions_detail = ("show_members", "refresh", "snapshot")

    def has_snapshot_permission(self, request: HttpRequest, *args: Any) -> bool:
        return bool(self.has_add_permission(request))

    def get_fields(self, request: HttpRequest, obj: Segment | None = None) -> Any:
        """A snapshot's conditions are history: only its name may change."""
        return ("name",) if obj and obj.kind == Segment.Kind.STATIC else self.fields

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """The conditions are fields of the form and not of the table."""
        return super().get_form(request, obj, **{**options, "fields": ["name"]})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the filters of the profile list that the button stands on."""
        found = {}
        for name, key in LIST_PARAMETERS.items():
            if text := request.GET.get(name):
                found[key] = text
        return found

    def save_model(self, request: HttpRequest, obj: Segment, form: Any, change: Any) -> None:
        if not change:
            obj.made_by = request.user  # type: ignore[assignment] # the admin lets nobody else in
        super().save_model(request, obj, form, change)
        refresh_segment(segment=obj)

    @action(description=_("Who is in it"), icon="group")
    def show_members(self, request: HttpRequest, object_id: int) -> HttpResponse:
        address = reverse("admin:customer360_segmentmembership_changelist")
        return redirect(f"{address}?segment__id__exact={object_id}&standing=in")

    @action(description=_("Bring up to date"), permissions=["change"], icon="refresh")
    def refresh(self, request: HttpRequest, object_id: int) -> HttpResponse:
        segment = self._asked(request, object_id)
        number = refresh_segment(segment=segment)
        self.message_user(
            request,
            gettext("%(number)s customers are in it now.") % {"number": shown_count(number)},
        )
        return redirect("admin:customer360_segment_change", object_id)

    @action(description=_("Take a snapshot"), permissions=["snapshot"], icon="photo_camera")
    def snapshot(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Keep the list as it is now, under the segment's name and the day."""
        segment = self._asked(request, object_id)
        name = self._free_name(f"{segment.name[:70]}, {date_format(site_today(), 'j M Y')}")
        taken = take_snapshot(
            segment=segment,
            name=name,
            made_by=request.user,  # type: ignore[arg-type] # the admin lets nobody else in
        )
        self.log_addition(request, taken, marked("Snapshot"))
        self.message_user(
            request,
            gettext("%(customers)s customers kept as “%(name)s”.")
            % {
                "customers": shown_count(taken.customers),
                "name": taken.name,
            },
        )
        return redirect("admin:customer360_segment_change", taken.pk)

    def _asked(self, request: HttpRequest, object_id: int) -> Segment:
        segment = self.get_object(request, str(object_id))
        if segment is None:
            raise PermissionDenied
        assert isinstance(segment, Segment)
        return segment

    def _free_name(self, name: str) -> str:
        number = Segment.objects.filter(name__startswith=name).count()
        return f"{name} ({number + 1})" if number else name

    @display(description=_("Conditions"))
    def shown_conditions(self, segment: Segment) -> str:
        return conditions_in_words(segment.conditions)

    @display(description=_("Customers"), ordering="customers")
    def shown_customers(self, segment: Segment) -> str:
        address = reverse("admin:customer360_segmentmembership_changelist")
        return format_html(
            '<a href="{}?segment__id__exact={}&amp;standing=in">{}</a>',
            address,
            segment.pk,
            shown_count(segment.customers),
        )


class StandingFilter(admin.SimpleListFilter):
    """Who is in a segment now, and who has been."""

    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("in", gettext("In it now")), ("left", gettext("Left it"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "in":
            return queryset.filter(left_on=None)
        return queryset.exclude(left_on=None) if self.value() == "left" else queryset


@admin.register(SegmentMembership)
class SegmentMembershipAdmin(RecordAdmin):
    resource_classes = [MembershipResource]
    list_display = ("shown_customer", "segment", "entered_on", "left_on")
    list_filter = ("segment", StandingFilter)
    search_fields = ("customer__name",)
    phone_path = "customer__phone_number"
    list_select_related = ("segment", "customer")

    @display(description=_("Customer"))
    def shown_customer(self, stay: SegmentMembership) -> str:
        address = reverse("admin:customer360_customerprofile_change", args=[stay.customer_id])
        return format_html('<a href="{}">{}</a>', address, stay.customer)


@admin.register(DuplicateCandidate)
class DuplicateCandidateAdmin(RecordAdmin):
    list_display = ("score", "shown_one", "shown_other", "why", "shown_state", "join_link")
    list_filter = ("state",)
    list_select_related = ("one", "other")
    list_display_links = None
    search_fields = ("one__name", "other__name")
    actions = ("not_same",)
    actions_list = ("look",)

    def has_join_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.has_perm(MAY_JOIN)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Without a filter the list shows what is left to do."""
        if not request.GET and request.method == "GET":
            return redirect(f"{request.path}?state__exact={DuplicateCandidate.State.OPEN}")
        return super().changelist_view(request, extra_context)  # type: ignore[no-any-return]

    @admin.action(description=_("Not the same: remember that"), permissions=["join"])
    def not_same(self, request: HttpRequest, queryset: QuerySet[DuplicateCandidate]) -> None:
        number = call_not_same(
            candidates=queryset,
            decided_by=request.user,  # type: ignore[arg-type] # the admin lets nobody else in
        )
        self.message_user(
            request,
            gettext("%(number)s pairs will not be asked about again.")
            % {"number": shown_count(number)},
        )

    @action(description=_("Look for duplicates now"), permissions=["join"], icon="search")
    def look(self, request: HttpRequest) -> HttpResponse:
        number = find_duplicates()
        self.message_user(
            request,
            gettext("%(number)s pairs may be one person each.") % {"number": shown_count(number)},
        )
        return redirect("admin:customer360_duplicatecandidate_changelist")

    @display(description=_("One"), ordering="one__name")
    def shown_one(self, pair: DuplicateCandidate) -> str:
        return _customer_link(pair.one)

    @display(description=_("Other"), ordering="other__name")
    def shown_other(self, pair: DuplicateCandidate) -> str:
        return _customer_link(pair.other)

    @display(description=_("Why"))
    def why(self, pair: DuplicateCandidate) -> str:
        return "; ".join(translated(reason) for reason in pair.reasons)

    @display(
        description=_("State"),
        ordering="state",
        label={"To look at": "warning", "Not the same": "info"},
    )
    def shown_state(self, pair: DuplicateCandidate) -> str:
        return pair.get_state_display()

    @display(description="")
    def join_link(self, pair: DuplicateCandidate) -> str:
        address = reverse("admin:conversations_customer_join")
        return format_html(
            '<a class="fs-compare" href="{}?one={}&amp;other={}">{}</a>',
            address,
            pair.one_id,
            pair.other_id,
            gettext("Compare and join"),
        )


def _customer_link(customer: Any) -> str:
    address = reverse("admin:conversations_customer_change", args=[customer.pk])
    words = " · ".join(part for part in (customer.phone_number, customer.email) if part)
    return format_html(
        '<a href="{}">{}</a><br><span class="fs-meta">{}</span>', address, customer, words
    )
