"""One's own imports, how far they are, their preview and their errors; and the list of all."""

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
from django.utils.formats import number_format
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel_site.imports.applying import RefusedError, page_of
from funnel_site.imports.models import ImportJob
from funnel_site.imports.pages import JOB
from funnel_site.imports.services import cancel, confirm
from funnel_site.lib.import_preview import SHOWN
from funnel_site.lib.marking import marked
from funnel_site.lib.staff import OwnRowsMixin, RecordAdmin, display

EVERYONES = "imports.see_everyones_imports"
MOST = 50


@admin.register(ImportJob)
class ImportJobAdmin(OwnRowsMixin, RecordAdmin):
    told = ("reason",)
    see_everyones = EVERYONES
    list_display = (
        "asked_at",
        "who",
        "report",
        "name",
        "shown_state",
        "rows_new",
        "rows_changed",
        "rows_same",
        "rows_wrong",
        "finished_at",
    )
    export_columns = (*list_display[:4], "state", *list_display[5:])
    list_display_links = None
    list_filter = ("state", "format")
    search_fields = ("=who", "=report", "name")
    ordering = ("-id",)

    def get_urls(self) -> Any:
        wrap = self.admin_site.admin_view
        return [
            path("mine/", wrap(self.mine_view), name="imports_mine"),
            path("mine/live/", wrap(self.live_view), name="imports_live"),
            path("job/<slug:token>/", wrap(self.job_view), name="imports_job"),
            path("errors/<slug:token>/", wrap(self.errors_view), name="imports_errors"),
            path(
                "confirm/<slug:token>/",
                wrap(require_POST(self.confirm_view)),
                name="imports_confirm",
            ),
            path(
                "cancel/<slug:token>/",
                wrap(require_POST(self.cancel_view)),
                name="imports_cancel",
            ),
            *super().get_urls(),
        ]

    def mine_view(self, request: HttpRequest) -> HttpResponse:
        """The newest of one's own imports, each with the way to its page."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("My imports"),
            "jobs": self._own(request).defer("tally")[:MOST],
            "may_see_all": request.user.has_perm(EVERYONES),
        }
        return TemplateResponse(request, "admin/imports/mine.html", context)

    def live_view(self, request: HttpRequest) -> HttpResponse:
        """How far the newest are, for the pages that show them."""
        return JsonResponse(
            {
                job.pk: {
                    "percent": job.percent,
                    "done": number_format(job.rows_done, force_grouping=True),
                    "state": job.state,
                    "rows_shown": job.state == ImportJob.State.CHECKING and job.rows_done > 0,
                }
                for job in self._own(request).defer("tally")[:MOST]
            }
        )

    def job_view(self, request: HttpRequest, token: str) -> HttpResponse:
        """How far one import is, what it would change or has changed, and what is wrong with it."""
        job = self._job(request, token)
        self._check_still_allowed(request, job)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import %s") % job.title,
            "opts": job.model._meta,
            "job": job,
            "result": job.result if job.tally else None,
            "shown": SHOWN,
        }
        return TemplateResponse(request, "admin/imports/job.html", context)

    def errors_view(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """Row, column and reason of every error, as CSV."""
        job = self._job(request, token)
        self._check_still_allowed(request, job)
        if not job.errors_file or job.is_expired:
            raise Http404
        response = FileResponse(
            default_storage.open(job.errors_file), content_type="text/csv; charset=utf-8"
        )
        name = f"{slugify(job.name.rpartition('.')[0]) or 'import'}-errors.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        return response

    def confirm_view(self, request: HttpRequest, token: str) -> HttpResponse:
        job = self._job(request, token)
        self._check_still_allowed(request, job)
        if confirm(job=job):
            messages.success(request, _("It is being applied: the whole file, or nothing of it."))
        else:
            messages.error(request, _("It cannot be confirmed any more. Hand the file in again."))
        self.log_change(request, job, marked("Confirmed the import of %(name)s", name=job.name))
        return redirect(JOB, token)

    def cancel_view(self, request: HttpRequest, token: str) -> HttpResponse:
        job = self._job(request, token)
        if cancel(job=job):
            messages.success(request, _("Cancelled. Nothing was changed."))
        else:
            messages.warning(request, _("It was finished already."))
        self.log_change(request, job, marked("Cancelled the import of %(name)s", name=job.name))
        return redirect("admin:imports_mine")

    def _own(self, request: HttpRequest) -> QuerySet[ImportJob]:
        return ImportJob.objects.filter(user=request.user.pk).order_by("-pk")

    def _job(self, request: HttpRequest, token: str) -> ImportJob:
        """One's own import by its token. Another's is refused as one that never was."""
        job = self._own(request).filter(token=token).first()
        if job is None:
            raise Http404
        return job

    def _check_still_allowed(self, request: HttpRequest, job: ImportJob) -> None:
        """Who may no longer import into the list sees nothing of the file any more."""
        try:
            page = page_of(job.report)
        except RefusedError as refusal:
            raise Http404 from refusal
        if not page.has_import_permission(request):
            raise PermissionDenied(_("Your role does not import into this list any more."))

    @display(
        description="State",
        ordering="state",
        label={
            "waiting": "info",
            "checking": "info",
            "checked": "warning",
            "confirmed": "info",
            "applying": "info",
            "done": "success",
            "wrong": "danger",
            "failed": "danger",
        },
    )
    def shown_state(self, job: ImportJob) -> tuple[str, str]:
        return job.state, str(job.get_state_display())
