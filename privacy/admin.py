"""Data requests: the list of what was done, and the page on which one is done."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from conversations.models import Customer
from funnel_site.lib.staff import RecordAdmin, action, display
from privacy.finding import NotOneError, find_customer
from privacy.models import DataRequest
from privacy.selectors import counted
from privacy.services import erase_customer, export_customer
from privacy.subjects import subject_of
from privacy.tables import model_of

EXPORT, ERASE = "privacy.export_customer", "privacy.erase_customer"
SURE = "ERASE"


class ReasonForm(forms.Form):
    """Why: on the record for good, so without names."""

    reason = forms.CharField(
        label=gettext_lazy("Ticket or letter"),
        max_length=200,
        help_text=gettext_lazy("Kept for good: no names, no numbers of the customer."),
    )


class EraseForm(ReasonForm):
    """The reason, and a word that nobody types by mistake."""

    sure = forms.CharField(label=gettext_lazy("Type ERASE"), max_length=5)

    def clean_sure(self) -> str:
        if self.cleaned_data["sure"] != SURE:
            raise forms.ValidationError(_("Type ERASE in capitals to go on."))
        return SURE


@admin.register(DataRequest)
class DataRequestAdmin(RecordAdmin):
    list_display = ("made_at", "shown_kind", "customer_number", "who", "reason")
    list_filter = ("kind",)
    search_fields = ("=customer__id", "reason", "who")
    search_help_text = gettext_lazy("Customer number, reason or member of staff")
    actions_list = ("new_request",)
    fields = ("made_at", "shown_kind", "customer_number", "who", "reason", "shown_rows")
    readonly_fields = fields

    def get_urls(self) -> Any:
        wrap = self.admin_site.admin_view
        name = "privacy_datarequest"
        return [
            path("find/", wrap(self.find_view), name=f"{name}_find"),
            path("customer/<int:key>/", wrap(self.customer_view), name=f"{name}_customer"),
            path(
                "customer/<int:key>/export/",
                wrap(require_POST(self.export_view)),
                name=f"{name}_export",
            ),
            path(
                "customer/<int:key>/erase/",
                wrap(require_POST(self.erase_view)),
                name=f"{name}_erase",
            ),
            *super().get_urls(),
        ]

    def has_handle_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm(EXPORT) or request.user.has_perm(ERASE)

    @action(description=gettext_lazy("New request"), permissions=["handle"], icon="person_search")
    def new_request(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:privacy_datarequest_find")

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Who asks: one box for a number, an address or the customer's number here."""
        self._check(request)
        who = request.GET.get("who", "").strip()
        trouble = ""
        if who:
            try:
                return redirect("admin:privacy_datarequest_customer", find_customer(who).pk)
            except NotOneError as error:
                trouble = str(error)
        return self._page(request, "find", _("New data request"), who=who, trouble=trouble)

    def customer_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """What we hold, table by table, and the two things that can be done with it."""
        self._check(request)
        customer = get_object_or_404(Customer, pk=key)
        return self._customer_page(request, customer, ReasonForm(), EraseForm())

    def export_view(self, request: HttpRequest, key: int) -> HttpResponse:
        self._check(request, EXPORT)
        customer = get_object_or_404(Customer, pk=key)
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self._customer_page(request, customer, form, EraseForm())
        _request, content = export_customer(
            customer=customer, user=request.user, reason=form.cleaned_data["reason"]
        )
        return HttpResponse(
            json.dumps(content, ensure_ascii=False, indent=1),
            content_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="customer-{customer.pk}.json"',
                "Cache-Control": "no-store",
            },
        )

    def erase_view(self, request: HttpRequest, key: int) -> HttpResponse:
        self._check(request, ERASE)
        customer = get_object_or_404(Customer, pk=key)
        form = EraseForm(request.POST)
        if not form.is_valid():
            return self._customer_page(request, customer, ReasonForm(), form)
        done, is_new = erase_customer(
            customer=customer, user=request.user, reason=form.cleaned_data["reason"]
        )
        messages.success(
            request, _("The customer is erased.") if is_new else _("They had been erased already.")
        )
        return redirect("admin:privacy_datarequest_change", done.pk)

    def _check(self, request: HttpRequest, permission: str = "") -> None:
        may = (
            request.user.has_perm(permission) if permission else self.has_handle_permission(request)
        )
        if not may:
            raise PermissionDenied

    def _customer_page(
        self, request: HttpRequest, customer: Customer, export: forms.Form, erase: forms.Form
    ) -> HttpResponse:
        counts = counted(subject_of(customer))
        rows = [
            (model_of(label)._meta.verbose_name_plural, number)
            for label, number in counts.items()
            if number
        ]
        return self._page(
            request,
            "customer",
            _("Data request"),
            customer=customer,
            rows=rows,
            export_form=export,
            erase_form=erase,
            may_export=request.user.has_perm(EXPORT),
            may_erase=request.user.has_perm(ERASE) and customer.erased_at is None,
            requests=DataRequest.objects.filter(customer=customer)[:20],
        )

    def _page(self, request: HttpRequest, name: str, title: str, **extra: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": title, **extra}
        return TemplateResponse(request, f"admin/privacy/{name}.html", context)

    @display(
        description=gettext_lazy("What"),
        ordering="kind",
        label={"Export": "info", "Erasure": "danger"},
    )
    def shown_kind(self, row: DataRequest) -> str:
        return row.get_kind_display()

    @display(description=gettext_lazy("Customer"), ordering="customer_id")
    def customer_number(self, row: DataRequest) -> str:
        return str(row.customer_id)

    @display(description=gettext_lazy("Rows"))
    def shown_rows(self, row: DataRequest) -> str:
        return ", ".join(f"{label} {number}" for label, number in row.rows.items())
