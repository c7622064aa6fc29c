"""Data requests: the list of what was done, and the page on which one is done."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from conversations.models import Customer
from funnel_site.access import approvals
from funnel_site.access.approval_admin import tell
from funnel_site.access.models import Approval
from funnel_site.lib.marking import marked
from funnel_site.lib.staff import RecordAdmin, action, display
from privacy.approving import ERASING, EXPORTING
from privacy.finding import NotOneError, find_customer
from privacy.models import DataRequest
from privacy.selectors import counted
from privacy.services import export_customer, held, lift_holds, set_hold
from privacy.subjects import subject_of
from privacy.tables import model_of

EXPORT, ERASE = "privacy.export_customer", "privacy.erase_customer"
HOLD = "privacy.hold_customer"
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
            *(
                path(f"customer/<int:key>/{word}/", wrap(require_POST(view)), name=f"{name}_{word}")
                for word, view in (
                    ("export", self.export_view),
                    ("erase", self.erase_view),
                    ("hold", self.hold_view),
                    ("lift", self.lift_view),
                )
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
        """Ask for the file; or, where that was confirmed, take it: once."""
        self._check(request, EXPORT)
        customer = get_object_or_404(Customer, pk=key)
        wanted: dict[str, Any] = {"kind": EXPORTING, "payload": {"customer": key}}
        approval = approvals.granted(user=request.user, **wanted)
        if approval is None:
            form = ReasonForm(request.POST)
            if not form.is_valid():
                return self._customer_page(request, customer, form, EraseForm())
            approval = approvals.ask_or_do(
                user=request.user,
                subject=_("Export of customer %d") % key,
                reason=form.cleaned_data["reason"],
                **wanted,
            )
        if approval.state != Approval.State.GRANTED:
            tell(request, approval)
            return redirect("admin:privacy_datarequest_customer", key)
        return self._file(request, customer, approval)

    def _file(self, request: HttpRequest, customer: Customer, approval: Approval) -> HttpResponse:
        with transaction.atomic():
            approvals.use(user=request.user, kind=approval.kind, payload=approval.payload)
            _request, content = export_customer(
                customer=customer, user=request.user, reason=approval.reason
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
        approval = approvals.ask_or_do(
            kind=ERASING,
            user=request.user,
            subject=_("Erasure of customer %d") % key,
            reason=form.cleaned_data["reason"],
            payload={"customer": key},
        )
        tell(request, approval)
        done = DataRequest.objects.filter(customer=key, kind=DataRequest.Kind.ERASURE).first()
        if done is None:
            return redirect("admin:privacy_datarequest_customer", key)
        return redirect("admin:privacy_datarequest_change", done.pk)

    def hold_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """From now on nothing of them may go."""
        self._check(request, HOLD)
        customer = get_object_or_404(Customer, pk=key)
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self._customer_page(request, customer, ReasonForm(), EraseForm())
        hold = set_hold(customer=customer, user=request.user, reason=form.cleaned_data["reason"])
        self.log_change(request, hold, marked("Legal hold set: %(why)s", why=hold.reason))
        messages.success(
            request, _("The hold stands: nothing of them is erased until it is lifted.")
        )
        return redirect("admin:privacy_datarequest_customer", key)

    def lift_view(self, request: HttpRequest, key: int) -> HttpResponse:
        self._check(request, HOLD)
        customer = get_object_or_404(Customer, pk=key)
        lift_holds(customer=customer, user=request.user)
        self.log_change(request, customer, marked("Legal hold lifted"))
        messages.success(request, _("The hold is lifted."))
        return redirect("admin:privacy_datarequest_customer", key)

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
            is_granted=approvals.granted(
                kind=EXPORTING, user=request.user, payload={"customer": customer.pk}
            ),
            may_erase=request.user.has_perm(ERASE) and customer.erased_at is None,
            may_hold=request.user.has_perm(HOLD),
            hold=held(customer),
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
