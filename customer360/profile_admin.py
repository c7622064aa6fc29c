"""The list of profiles, which figures lead to, and one customer's page."""

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.dateparse import parse_date
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter

from customer360 import (
    changes_page,
    customer_actions,
    customer_page,
    dashboard,
    finding_page,
    macro_actions,
    model_page,
    note_page,
    queue_actions,
    queue_page,
    rows_page,
    times_page,
)
from customer360.fields import FIELDS
from customer360.models import CustomerProfile, CustomerRecord
from customer360.periods import Period
from customer360.profile_resource import ProfileResource
from customer360.scores.segments import SEGMENTS
from customer360.selectors.answers import current_build, one_snapshot
from customer360.selectors.rows import RowQuery, kept_in, sale_rows
from customer360.wording import churn_words, in_words, score_words
from funnel_site.lib.masking import shown_name, shown_phone
from funnel_site.lib.money import shown_amount, shown_percent
from funnel_site.lib.paging import CappedPaginator, KeysFirstPaginator
from funnel_site.lib.staff import OwnPageMixin, QuickChangeList, RecordAdmin, display
from funnel_site.lib.totals import Figure, TotalsMixin
from funnel_site.lib.words import translated

CHOICE_LABELS = {
    "Low": "success",
    "Medium": "warning",
    "High": "danger",
    "No purchase": "info",
}

DESK_PAGES = (
    ("find/", finding_page.find_page, "find"),
    ("search/", finding_page.search_view, "search"),
    ("queue/", queue_page.queue_view, "queue"),
    ("queue/change/", queue_actions.change_view, "queue_change"),
    ("queue/filter/", queue_page.filter_view, "queue_filter"),
    ("customer/<int:key>/", customer_page.customer_page, "customer"),
    ("customer/<int:key>/live/", customer_page.live_view, "customer_live"),
    ("customer/<int:key>/note/", customer_actions.note_view, "customer_note"),
    ("customer/<int:key>/note/<int:note>/", note_page.note_page, "customer_note_page"),
    (
        "customer/<int:key>/note/<int:note>/delete/",
        note_page.delete_note_view,
        "customer_note_delete",
    ),
    (
        "customer/<int:key>/<int:room>/answer/",
        customer_actions.answer_view,
        "customer_answer",
    ),
    ("customer/<int:key>/<int:room>/do/", customer_actions.room_view, "customer_room"),
    ("customer/<int:key>/<int:room>/macro/", macro_actions.macro_view, "customer_macro"),
    ("times/", times_page.times_view, "times"),
)


class SegmentFilter(admin.SimpleListFilter):
    """By segment, from the list of names: reading them from a million rows would take seconds."""

    title = "segment"
    parameter_name = "customer_segment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(name, name) for name in SEGMENTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(customer_segment=self.value()) if self.value() else queryset


class ScoreFilter(admin.SimpleListFilter):
    """By one of the three scores."""

    field: ClassVar[str] = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(str(score), str(score)) for score in range(5, 0, -1)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None or value not in "12345":
            return queryset
        return queryset.filter(**{self.field: int(value)})


class RecencyFilter(ScoreFilter):
    title, parameter_name, field = "recency", "recency_score", "recency_score"


class FrequencyFilter(ScoreFilter):
    title, parameter_name, field = "frequency", "frequency_score", "frequency_score"


class MonetaryFilter(ScoreFilter):
    title, parameter_name, field = "monetary", "monetary_score", "monetary_score"


class KeptFilter(admin.SimpleListFilter):
    """Those who bought in a month and in the one before: what retention counts."""

    title = _("bought again in")
    parameter_name = "kept_in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        given = request.GET.get(self.parameter_name, "")
        day = _day(given)
        return [(given, date_format(day, "F Y"))] if day else []

    def has_output(self) -> bool:
        return bool(self.lookup_choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        day, as_of = _day(self.value() or ""), current_build().as_of
        if day is None or as_of is None:
            return queryset
        return queryset.filter(pk__in=kept_in(day, as_of).values("pk"))


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None


class ProfileChangeList(QuickChangeList):
    """Customers that are alike in what the list is ordered by come the other way round, as indexes have it."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        first = super().get_ordering(request, queryset)[0]
        return [first, "pk" if str(first).startswith("-") else "-pk"]


@admin.register(CustomerProfile)
class CustomerProfileAdmin(TotalsMixin, OwnPageMixin, RecordAdmin):
    resource_classes = [ProfileResource]
    list_display = (
        "shown_customer",
        "shown_segment",
        "shown_scores",
        "shown_purchases",
        "shown_value",
        "shown_last",
        "shown_churn",
        "shown_risk",
        "shown_expected",
    )
    list_filter = (
        SegmentFilter,
        "churn_risk",
        RecencyFilter,
        FrequencyFilter,
        MonetaryFilter,
        "value_tier",
        "scored_by",
        KeptFilter,
        ("last_purchase_date", RangeDateFilter),
        ("customer_since", RangeDateFilter),
    )
    search_fields = ("customer__name", "=customer__records__external_id")
    search_help_text = _("Phone number in any format, name or the source's customer id")
    phone_path = "customer__phone_number"
    list_select_related = ("customer",)
    ordering = ("-total_lifetime_value", "customer")
    quick_orders = ("last_purchase_date", "churn_risk_score")
    list_before_template = "admin/customer360/profile_totals.html"

    def get_changelist(self, request: HttpRequest, **named: Any) -> type[QuickChangeList]:
        return ProfileChangeList

    def get_paginator(self, request: HttpRequest, *given: Any, **named: Any) -> CappedPaginator:
        if request.GET.get("q"):
            return super().get_paginator(request, *given, **named)
        return KeysFirstPaginator(*given, **named)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        pages = (
            ("dashboard/", dashboard.dashboard_page, "dashboard"),
            ("dashboard/<slug:key>.csv", dashboard.export_csv, "export"),
            ("sales/", rows_page.sales_page, "sales"),
            ("signals/", rows_page.signals_page, "signals"),
            ("retention/", rows_page.retention_page, "retention"),
            ("changes/", changes_page.changes_page, "changes"),
            ("model/", model_page.model_page, "model"),
            ("model/check/", model_page.check_view, "model_check"),
            *DESK_PAGES,
        )
        own = [
            path(address, wrap(page), {"model_admin": self}, name=f"customer360_{name}")
            for address, page, name in pages
        ]
        return [*own, *super().get_urls()]

    def totals(self, rows: QuerySet[CustomerProfile]) -> list[Figure]:
        """How many the list holds, and what they have brought."""
        found = rows.order_by().aggregate(customers=Count("pk"), value=Sum("total_lifetime_value"))
        return [
            (
                gettext("Customers"),
                number_format(found["customers"], force_grouping=True),
                gettext("in this list"),
            ),
            (
                gettext("Lifetime value"),
                shown_amount(found["value"] or 0, ""),
                gettext("in this list"),
            ),
        ]

    def totals_of(self, request: HttpRequest, changelist: Any) -> dict[str, Any]:
        return {**super().totals_of(request, changelist), "built": current_build()}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list and its totals, of one build."""
        with one_snapshot() if request.method == "GET" else nullcontext():
            return super().changelist_view(request, extra_context)

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of a customer and its rows, of one build."""
        with one_snapshot():
            return super().change_view(request, *args, **kwargs)

    def own_page(self, request: HttpRequest, row: CustomerProfile) -> HttpResponse:
        """Who they are to us, in words and numbers."""
        built = current_build()
        rows = sale_rows(RowQuery(period=Period(), customer_id=row.pk), built, size=20)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "title": str(row.customer),
            "profile": row,
            "built": built,
            "scores": [
                (gettext("Recency"), row.recency_score),
                (gettext("Frequency"), row.frequency_score),
                (gettext("Monetary"), row.monetary_score),
            ],
            "score_words": score_words(row),
            "churn_words": churn_words(row, built.as_of),
            "fields": [(one, in_words(one, row)) for one in FIELDS],
            "records": CustomerRecord.objects.filter(customer=row.pk)[:20],
            "sales": rows,
        }
        return TemplateResponse(request, "admin/customer360/profile.html", context)

    @display(description=_("Customer"), ordering="customer__name")
    def shown_customer(self, profile: CustomerProfile) -> str:
        customer = profile.customer
        label = f"{shown_name(customer.name)} {shown_phone(customer.phone_number)}".strip()
        return label or f"{gettext('Customer')} {profile.pk}"

    @display(description=_("Segment"), ordering="customer_segment")
    def shown_segment(self, profile: CustomerProfile) -> str:
        return translated(profile.customer_segment)

    @display(description="R F M", ordering="recency_score")
    def shown_scores(self, profile: CustomerProfile) -> str:
        if not profile.recency_score:
            return "–"
        return f"{profile.recency_score} {profile.frequency_score} {profile.monetary_score}"

    @display(description=_("Purchases"), ordering="total_purchases")
    def shown_purchases(self, profile: CustomerProfile) -> str:
        return number_format(profile.total_purchases, force_grouping=True)

    @display(description=_("Last purchase"), ordering="last_purchase_date")
    def shown_last(self, profile: CustomerProfile) -> str:
        last = profile.last_purchase_date
        return date_format(last, "j M Y") if last else "–"

    @display(description=_("Next 90 days"), ordering="expected_purchases_90d")
    def shown_expected(self, profile: CustomerProfile) -> str:
        expected = profile.expected_purchases_90d
        return "–" if expected is None else number_format(expected, 2)

    @display(description=_("Lifetime value"), ordering="total_lifetime_value")
    def shown_value(self, profile: CustomerProfile) -> str:
        return shown_amount(profile.total_lifetime_value, "")

    @display(description=_("Churn"), ordering="churn_risk", label=CHOICE_LABELS)
    def shown_churn(self, profile: CustomerProfile) -> str:
        return profile.get_churn_risk_display()

    @display(description=_("Risk"), ordering="churn_risk_score")
    def shown_risk(self, profile: CustomerProfile) -> str:
        risk = profile.churn_risk_score
        return shown_percent(None if risk is None else 100 * risk, 0)
