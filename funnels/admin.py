"""The staff screens of funnels: the list with its totals, a fact's evidence, keywords, syncs."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from funnel_site.access.approval_admin import tell
from funnel_site.lib.filters import RecentValuesFilter
from funnel_site.lib.importing import ImportList
from funnel_site.lib.marking import marked
from funnel_site.lib.masking import shown_name, shown_phone
from funnel_site.lib.money import shown_amount, shown_count, shown_percent
from funnel_site.lib.staff import (
    OwnPageMixin,
    RecordAdmin,
    StaffAdmin,
    action,
    confirmed,
    display,
)
from funnel_site.lib.totals import Figure, TotalsMixin
from funnels.models import Correction, Funnel, Keyword, KeywordSync
from funnels.resources import FunnelResource, KeywordResource
from funnels.selectors import room_evidence
from funnels.services.correcting import correct_fact, lift_correction
from funnels.services.keywords import SyncRunningError, note_keyword_edit, request_keyword_sync
from funnels.services.publishing import PUBLISH, save_or_ask
from funnels.stages import Stage

TIMES = (
    Correction.Field.LEADS_DATE,
    Correction.Field.BOOKING_DATE,
    Correction.Field.TRANSACTION_DATE,
)


class CorrectionForm(forms.Form):
    """One fact set by staff, with the reason."""

    field = forms.ChoiceField(
        label=_("Field"), choices=Correction.Field, widget=UnfoldAdminSelectWidget
    )
    value = forms.CharField(
        label=_("Value"),
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "A time as YYYY-MM-DD HH:MM, an amount as a plain number; blank: it did not happen"
        ),
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=UnfoldAdminTextInputWidget)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("field") in TIMES and cleaned.get("value"):
            try:
                local = forms.DateTimeField().clean(cleaned["value"])
            except ValidationError as error:
                raise ValidationError({"value": gettext("A time as YYYY-MM-DD HH:MM.")}) from error
            cleaned["value"] = local.isoformat()
        return cleaned


@admin.register(Funnel)
class FunnelAdmin(TotalsMixin, OwnPageMixin, RecordAdmin):
    resource_classes = [FunnelResource]
    list_display = (
        "leads_date",
        "shown_customer",
        "shown_channel",
        "shown_stage",
        "booking_date",
        "transaction_date",
        "shown_value",
        "shown_basis",
        "shown_anomalies",
    )
    list_filter = (
        "stage",
        ("channel", RecentValuesFilter),
        "lead_basis",
        ("leads_date", RangeDateTimeFilter),
        "is_corrected",
        "is_latest",
        ("anomalies", admin.EmptyFieldListFilter),
    )
    search_fields = ("=room__external_id", "customer__name")
    id_scopes = {"room__external_id": {"room__source__in": ("crm", "session", "twilio")}}
    search_help_text = _("Phone number in any format, name or room id")
    phone_path = "customer__phone_number"
    list_select_related = ("customer", "room")
    ordering = ("-leads_date", "-id")
    list_before_template = "admin/funnels/funnel/totals.html"

    def totals(self, rows: QuerySet[Funnel]) -> list[Figure]:
        plain = rows.order_by()
        counts = plain.aggregate(
            leads=Count("pk"), bookings=Count("booking_date"), paid=Count("transaction_date")
        )
        leads, bookings, paid = counts["leads"], counts["bookings"], counts["paid"]
        sums = (
            plain.exclude(transaction_value=None)
            .values_list("currency")
            .annotate(total=Sum("transaction_value"))
            .order_by("currency")
        )
        figures = [
            (
                gettext("Leads"),
                shown_count(leads),
                gettext("in this list"),
            ),
            (
                gettext("Bookings"),
                shown_count(bookings),
                _percent(bookings, leads),
            ),
            (
                gettext("Transactions"),
                shown_count(paid),
                _percent(paid, leads),
            ),
        ]
        return figures + [
            (
                gettext("Value, %(currency)s") % {"currency": currency},
                shown_amount(total, currency),
                gettext("of transactions"),
            )
            for currency, total in sums
        ]

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "<int:funnel_id>/correct/", wrap(self.correct_view), name="funnels_funnel_correct"
            ),
            path(
                "corrections/<int:correction_id>/lift/",
                wrap(self.lift_view),
                name="funnels_correction_lift",
            ),
            *super().get_urls(),
        ]

    def own_page(self, request: HttpRequest, row: Funnel) -> HttpResponse:
        """A sale with the evidence of each fact, and the form to correct one."""
        return self._page(request, row, CorrectionForm())

    def _page(self, request: HttpRequest, funnel: Funnel, form: CorrectionForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": funnel,
            "title": gettext("Funnel of %(customer)s")
            % {"customer": funnel.customer or gettext("an unidentified customer")},
            "funnel": funnel,
            "evidence": room_evidence(funnel.room_id),
            "corrections": Correction.objects.filter(room=funnel.room_id).select_related("made_by"),
            "form": form,
            "may_correct": self.may_correct(request),
        }
        return TemplateResponse(request, "admin/funnels/funnel/funnel.html", context)

    def may_correct(self, request: HttpRequest) -> bool:
        return request.user.has_perm("funnels.add_correction")

    def correct_view(self, request: HttpRequest, funnel_id: int) -> HttpResponse:
        funnel = self.get_object(request, str(funnel_id))
        if funnel is None or request.method != "POST" or not self.may_correct(request):
            raise PermissionDenied
        form = CorrectionForm(request.POST)
        if form.is_valid():
            try:
                correct_fact(funnel=funnel, user=request.user, **form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error)
        if form.errors:
            return self._page(request, funnel, form)
        self.log_change(
            request, funnel, marked("Corrected %(field)s", field=form.cleaned_data["field"])
        )
        self.message_user(
            request, gettext("Corrected. The machine's own reading stays visible below.")
        )
        return redirect("admin:funnels_funnel_change", funnel_id)

    def lift_view(self, request: HttpRequest, correction_id: int) -> HttpResponse:
        correction = Correction.objects.filter(pk=correction_id).first()
        if correction is None or request.method != "POST" or not self.may_correct(request):
            raise PermissionDenied
        lift_correction(correction=correction, user=request.user)
        self.message_user(request, gettext("Lifted. The machine's own reading holds again."))
        return redirect("admin:conversations_room_change", correction.room_id)

    @display(description=_("Customer"), ordering="customer__name")
    def shown_customer(self, funnel: Funnel) -> str:
        address = reverse("admin:conversations_room_change", args=[funnel.room_id])
        customer = funnel.customer
        label = (
            f"{shown_name(customer.name)} {shown_phone(customer.phone_number)}".strip()
            if customer
            else gettext("Unidentified")
        )
        return format_html('<a href="{}">{}</a>', address, label)

    @display(
        description=_("Stage"),
        ordering="stage",
        label={"Opening": "info", "Booking": "warning", "Transaction": "success"},
    )
    def shown_stage(self, funnel: Funnel) -> str:
        return gettext("Lead") if funnel.stage == Stage.OPENING else funnel.get_stage_display()

    @display(description=_("Channel"))
    def shown_channel(self, funnel: Funnel) -> str:
        return funnel.shown_channel

    @display(description=_("Value"), ordering="transaction_value")
    def shown_value(self, funnel: Funnel) -> str:
        return shown_amount(funnel.transaction_value, funnel.currency)

    @display(description=_("Look at"))
    def shown_anomalies(self, funnel: Funnel) -> str:
        return funnel.anomalies_in_words

    @display(description=_("Lead by"), ordering="lead_basis")
    def shown_basis(self, funnel: Funnel) -> str:
        return funnel.get_lead_basis_display()


def _percent(part: int, whole: int) -> str:
    return (
        gettext("%(percent)s of leads") % {"percent": shown_percent(100 * part / whole)}
        if whole
        else "–"
    )


class KeywordForm(forms.ModelForm[Keyword]):
    """A keyword; and why, where somebody else has to confirm it."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("A second person reads it and confirms before messages are read with this."),
    )

    class Meta:
        model = Keyword
        fields = ("stage", "phrase", "channel", "mode", "is_active")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        is_read = cleaned.get("is_active") or self.initial.get("is_active")
        asks = "reason" in self.fields and self.has_changed() and is_read
        if asks and not cleaned.get("reason", "").strip():
            self.add_error("reason", gettext("Say why, for whoever confirms it."))
        return cleaned


@admin.register(Keyword)
class KeywordAdmin(ImportList, StaffAdmin):
    form = KeywordForm
    few_rows = True
    resource_classes = [KeywordResource]
    list_display = ("phrase", "stage", "channel", "mode", "is_active", "origin")
    list_filter = ("stage", "is_active", "channel")
    search_fields = ("phrase", "channel")
    readonly_fields = ("origin",)
    actions_list = ("sync_now",)
    list_before_template = "admin/funnels/keyword/last_sync.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "last_sync": KeywordSync.objects.exclude(source__startswith="edited by").first(),
            "version": KeywordSync.objects.exclude(version=None).order_by("-version").first(),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)  # type: ignore[no-any-return]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The reason is for those whose keywords somebody else confirms."""
        fields = list(super().get_fields(request, obj))
        wanted = request.user.has_perm(PUBLISH)
        return [name for name in fields if name != "reason" or not wanted]

    def has_import_permission(self, request: HttpRequest) -> bool:
        """An import publishes what it brings, a hundred at once: nobody confirms those one by one."""
        may = self.has_add_permission(request) and self.has_change_permission(request)
        return bool(may and request.user.has_perm(PUBLISH))

    def has_sync_permission(self, request: HttpRequest, obj: object = None) -> bool:
        user = request.user
        return user.has_perm("funnels.sync_keyword") or user.has_perm(PUBLISH)

    @action(description=_("Sync now"), permissions=["sync"], icon="sync")
    @confirmed
    def sync_now(self, request: HttpRequest) -> HttpResponse:
        try:
            sync = request_keyword_sync()
        except SyncRunningError:
            self.message_user(request, gettext("A sync is running already."), level="WARNING")
        else:
            is_bad = bool(sync.error)
            self.message_user(
                request,
                sync.error
                or f"{sync.get_state_display()}: +{sync.added} ~{sync.changed} -{sync.removed}",
                level="ERROR" if is_bad else "SUCCESS",
            )
        return redirect("admin:funnels_keyword_changelist")

    def save_model(self, request: HttpRequest, obj: Keyword, form: Any, change: Any) -> None:
        approval = save_or_ask(
            keyword=obj, user=request.user, reason=form.cleaned_data.get("reason", "")
        )
        if approval is not None:
            tell(request, approval)

    def delete_model(self, request: HttpRequest, obj: Keyword) -> None:
        super().delete_model(request, obj)
        note_keyword_edit(by=request.user.get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Keyword]) -> None:
        super().delete_queryset(request, queryset)
        note_keyword_edit(by=request.user.get_username())

    def note_import(self, user: Any) -> None:
        """After an import: the new keywords are a version of their own."""
        note_keyword_edit(by=user.get_username())


@admin.register(KeywordSync)
class KeywordSyncAdmin(RecordAdmin):
    told = (
        "error",
        "source",
    )
    few_rows = True
    list_display = (
        "started_at",
        "shown_state",
        "source",
        "added",
        "changed",
        "removed",
        "unchanged",
        "error",
        "version",
    )
    list_filter = ("state",)

    @display(
        description=_("State"),
        label={
            "Running": "info",
            "Done": "success",
            "Refused, the old keywords stay": "danger",
            "Sheet not reachable, the old keywords stay": "warning",
        },
    )
    def shown_state(self, sync: KeywordSync) -> str:
        return sync.get_state_display()
