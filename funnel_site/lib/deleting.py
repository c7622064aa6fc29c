"""Deleting one thing for good: a page that says what goes and what stays, and asks for the reason."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from funnel_site.lib.marking import marked

ERASED = "(erased)"


class KeptError(Exception):
    """The data has to stay, in words for staff."""


class DeletionForm(forms.Form):
    """Why."""

    because = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("Stays in the audit trail: without names and numbers"),
    )


def deletion_page(
    request: HttpRequest,
    context: dict[str, Any],
    *,
    delete: Callable[[str], None],
    back: str,
    done: Callable[[], HttpResponse],
) -> HttpResponse:
    """Ask for the reason, then `delete` with it. The context has the page's `title` and `explanation`."""
    form = DeletionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            with transaction.atomic():
                delete(form.cleaned_data["because"])
            return done()
        except KeptError as kept:
            form.add_error(None, str(kept))
    shown = {**context, "form": form, "back": back}
    return TemplateResponse(request, "admin/delete_with_reason.html", shown)


class DeletionMixin:
    """The page on which Django deletes a row asks for the reason, and a service does what is meant.

    `has_delete_permission` stays closed: rows are not deleted by the dozen, nor with what hangs on
    them.
    """

    opts: Any
    admin_site: Any
    deletion_words: Any = ""
    """What goes and what stays."""

    def forget(self, request: HttpRequest, row: Any, because: str) -> None:
        raise NotImplementedError

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def may_forget(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm(f"{self.opts.app_label}.delete_{self.opts.model_name}"))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]
        may_see = row is not None and self.has_view_permission(request, row)  # type: ignore[attr-defined]
        if not may_see or not self.may_forget(request):
            raise PermissionDenied
        page = f"admin:{self.opts.app_label}_{self.opts.model_name}"

        def delete(because: str) -> None:
            self.forget(request, row, because)
            # What stands in the history is kept without the words that went.
            self.log_change(request, row, marked("Deleted for good: %(why)s", why=because))  # type: ignore[attr-defined]

        def done() -> HttpResponse:
            self.message_user(request, gettext("Deleted for good."))  # type: ignore[attr-defined]
            return redirect(f"{page}_changelist")

        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Delete for good"),
            "explanation": self.deletion_words,
        }
        back = reverse(f"{page}_change", args=[row.pk])
        return deletion_page(request, context, delete=delete, back=back, done=done)
