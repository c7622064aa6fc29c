"""Partners' files: upload, watch them go in, stop, undo, redo, and see what came of each row."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from carddata.admin.uploading import UploadForm, take_uploads
from carddata.models import Partner, PartnerFile, StaffNotice
from carddata.selectors import open_rejects, undo_forecast
from carddata.services.approving import ROLLING_BACK
from carddata.services.files import cancel
from carddata.services.starting import start
from carddata.services.undoing import redo_import
from funnel_site.access import approvals
from funnel_site.access.approval_admin import tell
from funnel_site.lib.marking import marked
from funnel_site.lib.staff import OwnPageMixin, RecordAdmin, action, display

State = PartnerFile.State
COUNTS = ("read", "loaded", "duplicate", "rejected")
NOTICES_SHOWN = 5


class UndoForm(forms.Form):
    """Why an import is undone."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("It stays with the file, with your name"),
    )


@admin.register(PartnerFile)
class PartnerFileAdmin(OwnPageMixin, RecordAdmin):
    few_rows = True
    list_display = (
        "name",
        "partner",
        "shown_state",
        "shown_read",
        "shown_loaded",
        "shown_duplicate",
        "shown_rejected",
        "way",
        "created_at",
    )
    list_filter = ("state", "partner", "way", ("created_at", RangeDateTimeFilter))
    search_fields = ("name", "=sha256")
    search_help_text = _("File name, or the SHA-256 of its content")
    list_select_related = ("partner",)
    ordering = ("-created_at", "-id")
    actions_list = ("upload",)
    list_before_template = "admin/carddata/partnerfile/before_list.html"

    def has_upload_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("carddata.add_partnerfile")

    def may_change(self, request: HttpRequest) -> bool:
        """Cancel, undo, redo, retry and dismiss."""
        return request.user.has_perm("carddata.change_partnerfile")

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("send/", wrap(self.upload_view), name="carddata_partnerfile_send"),
            path(
                "<int:file_id>/progress/",
                wrap(self.progress_view),
                name="carddata_partnerfile_progress",
            ),
            path(
                "<int:file_id>/cancel/", wrap(self.cancel_view), name="carddata_partnerfile_cancel"
            ),
            path("<int:file_id>/undo/", wrap(self.undo_view), name="carddata_partnerfile_undo"),
            path("<int:file_id>/redo/", wrap(self.redo_view), name="carddata_partnerfile_redo"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        notices = StaffNotice.objects.filter(seen_at=None).select_related("file")
        context = {
            "has_files": PartnerFile.objects.exists(),
            "has_partners": Partner.objects.exists(),
            "notices": notices[:NOTICES_SHOWN],
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)  # type: ignore[no-any-return]

    @action(description=_("Upload files"), permissions=["upload"], icon="upload_file")
    def upload(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:carddata_partnerfile_send")

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_upload_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            files, refusals = take_uploads(form.cleaned_data, user=request.user)
            for refusal in refusals:
                form.add_error("uploads", refusal)
            if files and not refusals:
                if len(files) == 1:
                    return redirect("admin:carddata_partnerfile_change", files[0].pk)
                self.message_user(
                    request,
                    gettext("%(number)s files taken; they go in now.") % {"number": len(files)},
                )
                return redirect("admin:carddata_partnerfile_changelist")
            for file in files:
                self.message_user(request, gettext("%(name)s was taken.") % {"name": file.name})
        return self._page(
            request, "upload.html", title=gettext("Upload partners' files"), form=form,
            partners=Partner.objects.filter(is_active=True),
        )  # fmt: skip

    def own_page(self, request: HttpRequest, row: PartnerFile) -> HttpResponse:
        """One file: how far it is, what became of its rows, and what can be done with it."""
        return self._page(
            request, "file.html", title=row.name, original=row, file=row,
            figures=progress(row), may_change=self.may_change(request),
            rejects=open_rejects(row.pk), notices=row.notices.filter(seen_at=None),
            can_cancel=row.state in (State.WAITING, State.CHECKING, State.LOADING),
            can_redo=row.state in (State.UNDONE, State.CANCELLED, State.FAILED),
            is_withdrawn=row.state == State.UNDONE,
        )  # fmt: skip

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        everywhere = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(
            request, f"admin/carddata/partnerfile/{template}", {**everywhere, **context}
        )

    def progress_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """A file's figures as JSON, for the page that watches it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse(progress(self._file(file_id)), headers={"Cache-Control": "no-store"})

    def cancel_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        file = self._file_to_change(request, file_id)
        if cancel(file_id=file.pk):
            start(file_id=file.pk)
            self.log_change(request, file, marked("Cancelled"))
            self.message_user(request, gettext("Stopping. The rows that went in are taken back."))
        else:
            self.message_user(request, gettext("It had ended already."), level="WARNING")
        return self._to_file(file_id)

    def undo_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """Ask with the numbers, then undo."""
        if not self.may_change(request):
            raise PermissionDenied
        file = self._file(file_id)
        if file.state != State.DONE:
            self.message_user(
                request, gettext("Only an import that is done can be undone."), level="WARNING"
            )
            return self._to_file(file_id)
        form = UndoForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            approval = approvals.ask_or_do(
                kind=ROLLING_BACK,
                user=request.user,
                subject=f"Undo the import of {file.name}"[:200],
                reason=reason,
                payload={"file": file.pk},
            )
            self.log_change(request, file, marked("Undo asked for: %(why)s", why=reason))
            tell(request, approval)
            return self._to_file(file_id)
        return self._page(
            request, "undo.html", title=gettext("Undo %(name)s?") % {"name": file.name}, file=file, form=form,
            forecast=undo_forecast(file.pk),
        )  # fmt: skip

    def redo_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        file = self._file_to_change(request, file_id)
        if redo_import(file_id=file.pk, user=request.user):
            self.log_change(request, file, marked("Imported again"))
        else:
            self.message_user(request, gettext("It is in, or on its way."), level="WARNING")
        return self._to_file(file_id)

    def _file(self, file_id: int) -> PartnerFile:
        file = PartnerFile.objects.select_related("partner").filter(pk=file_id).first()
        if file is None:
            raise Http404
        return file

    def _file_to_change(self, request: HttpRequest, file_id: int) -> PartnerFile:
        if request.method != "POST" or not self.may_change(request):
            raise PermissionDenied
        return self._file(file_id)

    @staticmethod
    def _to_file(file_id: int) -> HttpResponse:
        return redirect("admin:carddata_partnerfile_change", file_id)

    @display(
        description=_("State"),
        ordering="state",
        label={
            "Waiting": "info", "Checking": "info", "Loading": "info", "Done": "success",
            "Failed": "danger", "Cancelling": "warning", "Cancelled": "warning",
            "Undoing": "warning", "Undone": "warning",
        },
    )  # fmt: skip
    def shown_state(self, file: PartnerFile) -> str:
        return file.get_state_display()

    @display(description=_("Read"), ordering="read")
    def shown_read(self, file: PartnerFile) -> str:
        return number_format(file.read, force_grouping=True)

    @display(description=_("Loaded"), ordering="loaded")
    def shown_loaded(self, file: PartnerFile) -> str:
        return number_format(file.loaded, force_grouping=True)

    @display(description=_("Duplicate"), ordering="duplicate")
    def shown_duplicate(self, file: PartnerFile) -> str:
        return number_format(file.duplicate, force_grouping=True)

    @display(description=_("Rejected"), ordering="rejected")
    def shown_rejected(self, file: PartnerFile) -> str:
        if not file.rejected:
            return "0"
        address = reverse("admin:carddata_rejectedrow_workbench", args=[file.pk])
        number = number_format(file.rejected, force_grouping=True)
        return format_html('<a class="fs-rejected" href="{}">{}</a>', address, number)


def progress(file: PartnerFile) -> dict[str, Any]:
    """How far a file is, as the watching page shows it; `percent` is None while rows are counted."""
    counting = file.state in (State.WAITING, State.CHECKING)
    is_back = file.state in (State.UNDOING, State.CANCELLING)
    return {
        "state": file.get_state_display(),
        "percent": None if counting or (is_back and not file.rows_total) else file.percent,
        **{name: number_format(getattr(file, name), force_grouping=True) for name in COUNTS},
        "total": number_format(file.rows_total or 0, force_grouping=True),
        "note": progress_note(file),
        "finished": not file.is_running,
    }


def progress_note(file: PartnerFile) -> str:
    """One sentence on what happens with a file just now."""
    if file.state == State.WAITING:
        return gettext("Waiting for a worker.")
    if file.state == State.CHECKING:
        return gettext("The file is read through and its rows are counted; nothing is applied yet.")
    if file.state == State.LOADING:
        return gettext("%(read)s of %(total)s rows.") % {
            "read": number_format(file.read, force_grouping=True),
            "total": number_format(file.rows_total or 0, force_grouping=True),
        }
    if file.is_running:
        return gettext("The rows that went in are taken back.")
    return ""
