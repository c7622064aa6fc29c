"""The reject workbench: rows that could not be used, by reason; mend the cause, try again."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from carddata.models import PartnerFile, RejectedRow
from carddata.refusals import REASONS, FileRefusedError, ProfileError
from carddata.selectors import files_with_rejects, reject_groups
from carddata.services.rejects import (
    NotDoneError,
    Retried,
    dismiss_rejects,
    erase_reject,
    resubmit_file,
    retry_rejects,
)
from funnel_site.lib.deleting import DeletionMixin
from funnel_site.lib.filters import RecentValuesFilter
from funnel_site.lib.marking import marked
from funnel_site.lib.money import shown_count
from funnel_site.lib.staff import RecordAdmin, display
from funnel_site.lib.words import translated

RAW_SHOWN = 120


@admin.register(RejectedRow)
class RejectedRowAdmin(DeletionMixin, RecordAdmin):
    told = ("detail",)
    deletion_words = _(
        "What the row said goes, and nobody can try it again. Its file, line and reason stay, and so do the file's counts and the copy of the whole file."
    )
    list_display = ("place", "shown_reason", "detail", "snippet", "shown_closed")
    list_filter = ("closed", ("reason", RecentValuesFilter), "file__partner")
    search_fields = ("=file__name",)
    search_help_text = _("The whole name of a file")
    list_select_related = ("file",)
    ordering = ("-id",)
    list_before_template = "admin/carddata/rejectedrow/before_list.html"
    fields = ("place", "shown_reason", "column", "detail", "shown_raw", "shown_closed", "closed_at", "closed_by", "closed_by_file")  # fmt: skip
    readonly_fields = fields

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return [*fields, "deletion_link"] if self.may_forget(request) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "deletion_link"]

    def forget(self, request: HttpRequest, row: RejectedRow, because: str) -> None:
        erase_reject(reject=row.pk, user=request.user)
        row.refresh_from_db()

    @display(description=_("Delete"))
    def deletion_link(self, row: RejectedRow) -> str:
        address = reverse("admin:carddata_rejectedrow_delete", args=[row.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Delete for good…"))

    def may_change(self, request: HttpRequest) -> bool:
        return request.user.has_perm("carddata.change_rejectedrow")

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "file/<int:file_id>/",
                wrap(self.workbench_view),
                name="carddata_rejectedrow_workbench",
            ),
            path(
                "file/<int:file_id>/retry/",
                wrap(self.retry_view),
                name="carddata_rejectedrow_retry",
            ),
            path(
                "file/<int:file_id>/dismiss/",
                wrap(self.dismiss_view),
                name="carddata_rejectedrow_dismiss",
            ),
            path(
                "file/<int:file_id>/resubmit/",
                wrap(self.resubmit_view),
                name="carddata_rejectedrow_resubmit",
            ),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"open_files": files_with_rejects(), **(extra_context or {})}
        return super().changelist_view(request, context)  # type: ignore[no-any-return]

    def workbench_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """A file's open rejects by reason, with samples and what can be done."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        file = self._file(file_id)
        groups = [
            {**group, "text": translated(REASONS.get(group["reason"], group["reason"]))}
            for group in reject_groups(file.pk)
        ]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Rejected rows of %(name)s") % {"name": file.name},
            "file": file,
            "groups": groups,
            "number": sum(group["number"] for group in groups),
            "closed": RejectedRow.objects.filter(file=file).exclude(closed="").count(),
            "may_change": self.may_change(request),
            "may_mend": request.user.has_perm("carddata.change_partner"),
        }
        return TemplateResponse(request, "admin/carddata/rejectedrow/workbench.html", context)

    def retry_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        file, reason = self._asked(request, file_id)
        try:
            retried = retry_rejects(file_id=file.pk, reason=reason)
        except NotDoneError:
            self.message_user(
                request,
                gettext(
                    "Only rows of an import that is done can be retried; import the file again instead."
                ),
                level="ERROR",
            )
            return self._back(file_id)
        except (FileRefusedError, ProfileError) as error:
            self.message_user(
                request,
                gettext("The settings do not fit this file: %(error)s")
                % {"error": translated(error.args[0])},
                level="ERROR",
            )
            return self._back(file_id)
        self.log_change(
            request, file, marked("Retried rejects: %(reason)s", reason=reason or "all")
        )
        self.message_user(
            request, retried_text(retried), level="SUCCESS" if not retried.rejected else "WARNING"
        )
        return self._back(file_id)

    def dismiss_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        file, reason = self._asked(request, file_id)
        number = dismiss_rejects(file_id=file.pk, reason=reason, user=request.user)
        self.log_change(
            request,
            file,
            marked(
                "Dismissed %(number)s rejects: %(reason)s", number=number, reason=reason or "all"
            ),
        )
        self.message_user(
            request,
            gettext("Dismissed %(number)s; they stay listed as closed.")
            % {"number": shown_count(number)},
        )
        return self._back(file_id)

    def resubmit_view(self, request: HttpRequest, file_id: int) -> StreamingHttpResponse:
        """The open rejects as a CSV in the partner's own columns, to send back to the partner."""
        if not request.user.has_perm("carddata.export_rejectedrow"):
            raise PermissionDenied
        file = self._file(file_id)
        lines = resubmit_file(file_id=file.pk, reason=request.GET.get("reason", ""))
        return StreamingHttpResponse(
            (line.encode() for line in lines),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="resubmit-file-{file.pk}.csv"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    def _asked(self, request: HttpRequest, file_id: int) -> tuple[PartnerFile, str]:
        if request.method != "POST" or not self.may_change(request):
            raise PermissionDenied
        return self._file(file_id), request.POST.get("reason", "")

    @staticmethod
    def _file(file_id: int) -> PartnerFile:
        file = PartnerFile.objects.select_related("partner").filter(pk=file_id).first()
        if file is None:
            raise Http404
        return file

    @staticmethod
    def _back(file_id: int) -> HttpResponse:
        return redirect("admin:carddata_rejectedrow_workbench", file_id)

    @display(description=_("File and line"))
    def place(self, row: RejectedRow) -> str:
        return gettext("%(name)s, line %(line)s") % {"name": row.file.name, "line": row.line}

    @display(description=_("Reason"), ordering="reason")
    def shown_reason(self, row: RejectedRow) -> str:
        return translated(REASONS.get(row.reason, row.reason))

    @display(description=_("As it came"))
    def snippet(self, row: RejectedRow) -> str:
        return format_html('<span class="fs-line">{}</span>', row.raw[:RAW_SHOWN])

    @display(description=_("As it came"))
    def shown_raw(self, row: RejectedRow) -> str:
        return format_html('<pre class="fs-raw">{}</pre>', row.raw)

    @display(description=_("State"), label={"Open": "warning"})
    def shown_closed(self, row: RejectedRow) -> str:
        return row.get_closed_display() if row.closed else gettext("Open")


def retried_text(retried: Retried) -> str:
    """What came of a retry, in one sentence."""
    return gettext(
        "%(loaded)s went in, %(duplicate)s were known, %(rejected)s still cannot be used."
    ) % {"loaded": retried.loaded, "duplicate": retried.duplicate, "rejected": retried.rejected}
