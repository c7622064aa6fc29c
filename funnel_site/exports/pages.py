"""The export form of every list, and what becomes of it: the file at once, or a job."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from funnel_site.access.full_phones import most_rows
from funnel_site.exports import wanted as asked
from funnel_site.exports.forms import ListExportForm
from funnel_site.exports.in_full import ask_in_full
from funnel_site.exports.models import ExportJob, filters_in_words
from funnel_site.exports.services import ask
from funnel_site.exports.writing import CONTENT_TYPES, parts_of
from funnel_site.lib.marking import marked
from funnel_site.lib.masking import may_export_unmasked
from funnel_site.lib.money import shown_count
from funnel_site.lib.paging import COUNTED, CappedPaginator

MINE = "admin:exports_mine"
EXPORTED = "exported"
PICKED = "_selected_action"


def export_page(page: Any, request: HttpRequest) -> HttpResponseBase:
    """The form; and where it was sent, the file or the way to the job that makes it."""
    if not page.has_export_permission(request):
        raise PermissionDenied
    address = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
    picked = [] if request.POST.get("select_across") == "1" else request.POST.getlist(PICKED)
    is_sent = request.method == "POST" and "format" in request.POST
    form = ListExportForm(
        page.get_export_formats(),
        page.get_export_resource_classes(request),
        may_be_full=may_be_full(page, request),
        data=request.POST if is_sent else None,
        initial={"export_items": picked},
    )
    try:
        if is_sent and form.is_valid():
            return _answer(page, request, form)
        rows = asked.rows_of(page, request, request.user, picked)
        return _form(page, request, form, rows=rows, picked=picked)
    except asked.RefusedError as refusal:
        messages.error(request, str(refusal))
        return redirect(address)


def _answer(page: Any, request: HttpRequest, form: ListExportForm) -> HttpResponseBase:
    picked = form.cleaned_data["export_items"]
    rows = asked.rows_of(page, request, request.user, picked)
    number = rows.order_by().count()
    if form.cleaned_data.get("in_full"):
        return _ask_in_full(request, page, form, picked=picked, number=number)
    is_given = bool(picked) or number <= settings.EXPORT_ROWS_AT_ONCE
    job = ask(
        user=request.user,
        report=page.model._meta.label_lower,
        query=asked.filters_of(request.GET),
        format=form.kind,
        profile=form.cleaned_data["profile"],
        language=get_language() or settings.LANGUAGE_CODE,
        picked=len(picked),
        is_given=is_given,
        rows_total=number,
    )
    request.kind_of_deed = EXPORTED  # type: ignore[attr-defined] # read by the audit
    if not is_given:
        request.deeds = [marked("Asked for %(name)s", name=job.name)]  # type: ignore[attr-defined]
        words = _("%s rows are being made into a file. It appears here when it is ready.")
        messages.success(request, words % shown_count(number))
        return redirect(MINE)
    page.note_export(request, rows=number)
    want = asked.wanted(job, page=page, request=request, rows=rows)
    return file_answer(job, StreamingHttpResponse(parts_of(want)))


def may_be_full(page: Any, request: HttpRequest) -> bool:
    """Whether this person may ask for this list with people in full."""
    return may_export_unmasked(request.user) and asked.holds_people(page, request)


def _ask_in_full(
    request: HttpRequest, page: Any, form: ListExportForm, *, picked: list[str], number: int
) -> HttpResponse:
    reason = form.cleaned_data["reason"].strip()
    job = ask_in_full(
        user=request.user,
        report=page.model._meta.label_lower,
        query=asked.filters_of(request.GET),
        keys=picked,
        rows=number,
        reason=reason,
        format=form.kind,
        profile=form.cleaned_data["profile"],
        language=get_language() or settings.LANGUAGE_CODE,
    )
    request.kind_of_deed = EXPORTED  # type: ignore[attr-defined] # read by the audit
    request.deeds = [marked("Asked for %(name)s in full: %(reason)s", name=job.name, reason=reason)]  # type: ignore[attr-defined]
    if job.is_asked:
        messages.warning(
            request,
            _("It waits for a second person under Approvals, and is made when they confirm."),
        )
    else:
        messages.success(request, _("The file with names and numbers in full is being made."))
    return redirect(MINE)


def file_answer(job: ExportJob, response: Any) -> HttpResponseBase:
    """A response that a browser keeps as the job's file, and nobody in between keeps at all."""
    response["Content-Type"] = CONTENT_TYPES[ExportJob.Format(job.format)]
    response["Content-Disposition"] = f'attachment; filename="{job.name}"'
    response["Cache-Control"] = "no-store"
    answer: HttpResponseBase = response
    return answer


def _form(
    page: Any, request: HttpRequest, form: ListExportForm, *, rows: QuerySet[Any], picked: list[str]
) -> HttpResponse:
    most = most_rows(request.user)
    counted = CappedPaginator(rows, 1)
    # As far as the limits of this page ask.
    counted.counted = max(COUNTED, settings.EXPORT_ROWS_AT_ONCE, most or 0)
    resource = page.get_export_resource_classes(request)[0]()
    address = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_export")
    query = urlencode(request.GET, doseq=True)
    context = {
        **page.admin_site.each_context(request),
        "title": _("Export %s") % page.opts.verbose_name_plural,
        "opts": page.opts,
        "form": form,
        "number": counted.count,
        "counted": counted,
        "picked": len(picked),
        "filters": filters_in_words(asked.filters_of(request.GET)),
        "columns": asked.meanings(resource),
        "holds_people": asked.holds_people(page, request),
        "may_be_full": "in_full" in form.fields,
        "most_rows": most,
        "is_background": not picked
        and (counted.is_more or counted.count > settings.EXPORT_ROWS_AT_ONCE),
        "keep_hours": settings.EXPORT_KEEP_HOURS,
        "export_url": f"{address}?{query}" if query else address,
    }
    return TemplateResponse(request, "admin/exports/form.html", context)
