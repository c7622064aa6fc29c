"""Approvals in the admin: what waits for one's word, and what was decided, by whom and why."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from funnel_site.access import approvals
from funnel_site.access.approvals import ApprovalError
from funnel_site.access.models import Approval
from funnel_site.lib.marking import marked
from funnel_site.lib.staff import RecordAdmin, display

State = Approval.State
WATCHES = "access.see_all_approvals"


@admin.register(Approval)
class ApprovalAdmin(RecordAdmin):
    list_display = ("asked_at", "subject", "shown_state", "asked_who", "reason", "decided_who")
    list_filter = ("state", "kind")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        """One's own and what one could confirm; all of them for those who watch over it."""
        if request.user.has_perm(WATCHES):
            return Approval.objects.all()
        return approvals.open_to(request.user)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            *(
                path(
                    f"<int:key>/{name}/",
                    wrap(require_POST(view)),
                    name=f"access_approval_{name}",
                )
                for name, view in (("confirm", self.confirm_view), ("refuse", self.refuse_view))
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What is asked for and why, and the two buttons for whom may press them."""
        approval = self.get_object(request, object_id)
        if approval is None or not self.has_view_permission(request, approval):
            return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]
        kind = next((one for one in approvals.kinds() if one.name == approval.kind), None)
        waits = approval.state == State.WAITING and not approval.is_expired
        is_own = approval.asked_by_id == request.user.pk
        may = kind is not None and request.user.has_perm(kind.confirmed_by)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": approval,
            "title": kind.label if kind else approval.kind,
            "approval": approval,
            "waits": waits,
            "may_confirm": waits and may and not is_own,
            "may_withdraw": waits and is_own,
            "facts": kind.facts(approval) if kind and kind.facts and (may or is_own) else (),
        }
        return TemplateResponse(request, "admin/access/approval.html", context)

    def confirm_view(self, request: HttpRequest, key: int) -> HttpResponse:
        approval = self._one(request, key)
        try:
            tell(request, approvals.confirm(approval_id=approval.pk, user=request.user))
        except ApprovalError as error:
            messages.error(request, str(error))
        else:
            self.log_change(
                request, approval, marked("Confirmed: %(subject)s", subject=approval.subject)
            )
        return redirect("admin:access_approval_change", key)

    def refuse_view(self, request: HttpRequest, key: int) -> HttpResponse:
        approval = self._one(request, key)
        try:
            done = approvals.refuse(
                approval_id=approval.pk, user=request.user, why=request.POST.get("why", "")
            )
        except ApprovalError as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, approval, f"{done.get_state_display()}: {approval.subject}")
            messages.success(request, done.get_state_display())
        return redirect("admin:access_approval_change", key)

    def _one(self, request: HttpRequest, key: int) -> Approval:
        return get_object_or_404(self.get_queryset(request), pk=key)

    @display(
        description=gettext_lazy("State"),
        ordering="state",
        label={
            State.WAITING: "warning",
            State.GRANTED: "info",
            State.DONE: "success",
            State.REFUSED: "danger",
        },
    )
    def shown_state(self, approval: Approval) -> tuple[str, Any]:
        if approval.is_expired and approval.state in (State.WAITING, State.GRANTED):
            return "expired", _("Expired")
        return approval.state, approval.get_state_display()


def tell(request: HttpRequest, approval: Approval) -> None:
    """Say on the next page what became of a deed that takes two people."""
    match approval.state:
        case State.WAITING:
            messages.warning(
                request,
                _("Somebody else has to confirm this. It waits under Approvals as “%s”.")
                % approval.subject,
            )
        case State.GRANTED if not approval.is_alone:
            messages.success(request, _("Confirmed: whoever asked may do it now, once."))
        case State.DONE:
            messages.success(request, approval.answer or _("Done."))
