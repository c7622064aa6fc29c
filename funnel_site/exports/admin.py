"""One's own exports, how far they are and where to get them; and the list of all, for who watches."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST

from funnel_site.exports import wanted as asked
from funnel_site.exports.models import ExportJob
from funnel_site.exports.pages import EXPORTED, MINE, file_answer
from funnel_site.exports.services import cancel, note_download, repeat
from funnel_site.exports.writing import side_file
from funnel_site.lib.marking import marked
from funnel_site.lib.masking import may_export_unmasked
from funnel_site.lib.money import shown_count
from funnel_site.lib.staff import OwnRowsMixin, RecordAdmin, display

EVERYONES = "exports.see_everyones_exports"
SHOWN = 50


@admin.register(ExportJob)
class ExportJobAdmin(OwnRowsMixin, RecordAdmin):
    told = ("reason",)
    see_everyones = EVERYONES
    list_display = (
        "asked_at",
        "who",
        "shown_report",
        "name",
        "shown_state",
        "rows_done",
        "is_masked",
        "downloads",
        "expires_at",
    )
    list_display_links = None
    list_filter = ("state", "format", "profile", "is_masked")
    search_fields = ("=who", "=report", "name")
    ordering = ("-id",)
    show_full_result_count = False

    def get_urls(self) -> Any:
        wrap = self.admin_site.admin_view
        return [
            path("mine/", wrap(self.mine_view), name="exports_mine"),
            path("mine/live/", wrap(self.live_view), name="exports_live"),
            path("file/<slug:token>/", wrap(self.file_view), name="exports_file"),
            path("about/<slug:token>/", wrap(self.about_view), name="exports_about"),
            path(
                "cancel/<slug:token>/",
                wrap(require_POST(self.cancel_view)),
                name="exports_cancel",
            ),
            path("again/<slug:token>/", wrap(require_POST(self.again_view)), name="exports_again"),
            *super().get_urls(),
        ]

    def mine_view(self, request: HttpRequest) -> HttpResponse:
        """The newest of one's own exports, each with what can be done with it."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("My exports"),
            "jobs": self._own(request).select_related("approval")[:SHOWN],
            "may_see_all": request.user.has_perm(EVERYONES),
        }
        return TemplateResponse(request, "admin/exports/mine.html", context)

    def live_view(self, request: HttpRequest) -> HttpResponse:
        """How far the newest are, for the page that shows them."""
        return JsonResponse(
            {
                job.pk: {
                    "percent": job.percent,
                    "done": shown_count(job.rows_done),
                    "state": job.state,
                }
                for job in self._own(request)[:SHOWN]
            }
        )

    def file_view(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """The file, for whom it was made and as long as it lies there."""
        job = self._job(request, token)
        if not job.can_download:
            messages.error(request, _("This file has expired. Have it made again."))
            return redirect(MINE)
        self._check_still_allowed(request, job)
        try:
            file = default_storage.open(job.file)
        except FileNotFoundError:
            messages.error(request, _("The file is gone. Have it made again."))
            return redirect(MINE)
        note_download(job=job)
        request.kind_of_deed = EXPORTED  # type: ignore[attr-defined] # read by the audit
        return file_answer(job, FileResponse(file))

    def about_view(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """What goes with a file: its columns, its filter and its zone."""
        job = self._job(request, token)
        page = asked.page_of(job.report)
        resource = page.get_export_resource_classes(request)[0]()
        response = HttpResponse(side_file(job, resource), content_type="text/csv; charset=utf-8")
        stem = job.name.rpartition(".")[0]
        response["Content-Disposition"] = f'attachment; filename="{stem}-about.csv"'
        return response

    def cancel_view(self, request: HttpRequest, token: str) -> HttpResponse:
        job = self._job(request, token)
        if cancel(job=job):
            messages.success(request, _("Cancelled."))
        else:
            messages.warning(request, _("It was finished already."))
        self.log_change(request, job, marked("Cancelled %(name)s", name=job.name))
        return redirect(MINE)

    def again_view(self, request: HttpRequest, token: str) -> HttpResponse:
        """The same filter once more, in the background."""
        job = self._job(request, token)
        try:
            self._check_still_allowed(request, job)
            fresh = repeat(job=job)
        except asked.RefusedError as refusal:
            messages.error(request, str(refusal))
        else:
            request.kind_of_deed = EXPORTED  # type: ignore[attr-defined]
            self.log_change(request, fresh, marked("Asked again for %(name)s", name=fresh.name))
            messages.success(request, _("It is being made again."))
        return redirect(MINE)

    def _own(self, request: HttpRequest) -> QuerySet[ExportJob]:
        """Everybody sees what they took out themselves; more takes the permission to view."""
        return ExportJob.objects.filter(user=request.user.pk).order_by("-pk")

    def _job(self, request: HttpRequest, token: str) -> ExportJob:
        """One's own export by its token. Another's is refused as one that never was."""
        job = self._own(request).filter(token=token).first()
        if job is None:
            raise Http404
        job.user = request.user  # type: ignore[assignment] # whose it is, read already
        return job

    def _check_still_allowed(self, request: HttpRequest, job: ExportJob) -> None:
        """Who may no longer export the list, or see people in it, gets its old files no more."""
        try:
            asked.check_allowed(request.user, asked.page_of(job.report), request)
        except asked.RefusedError as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        if not job.is_masked and not may_export_unmasked(request.user):
            raise PermissionDenied(_("Your role no longer exports names and numbers in full."))

    @display(
        description=_lazy("State"),
        ordering="state",
        label={
            "asked": "warning",
            "ready": "success",
            "failed": "danger",
            "running": "info",
            "waiting": "info",
        },
    )
    def shown_state(self, job: ExportJob) -> tuple[str, str]:
        return job.state, str(job.get_state_display())

    @display(description=_lazy("Report"), ordering="report")
    def shown_report(self, job: ExportJob) -> str:
        return job.title
