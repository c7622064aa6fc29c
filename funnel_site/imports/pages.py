"""What becomes of a file that is too large for a page: a job, and the way to its page."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from import_export.formats.base_formats import XLSX

from funnel_site.imports.applying import RefusedError
from funnel_site.imports.services import hand_in
from funnel_site.lib.marking import marked

JOB = "admin:imports_job"


def large_import(page: Any, request: HttpRequest, form: Any) -> HttpResponse:
    """Keep the file and have it checked; the caller has looked whether the person may import."""
    kind = page.get_import_formats()[int(form.cleaned_data["format"])]
    try:
        job = hand_in(
            user=request.user,
            report=page.model._meta.label_lower,
            file=form.cleaned_data["import_file"],
            format="xlsx" if kind is XLSX else "csv",
            rows=form.rows,
            language=get_language() or settings.LANGUAGE_CODE,
        )
    except RefusedError as refusal:
        messages.error(request, str(refusal))
        return redirect("admin:imports_mine")
    request.deeds = [marked("Handed in %(name)s", name=job.name)]  # type: ignore[attr-defined] # read by the audit
    messages.success(
        request, _("The file is being checked, row by row. Nothing changes before you confirm.")
    )
    return redirect(JOB, job.token)
