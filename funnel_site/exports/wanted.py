"""What an export is of: its list, asked again as its owner may ask, and what tells of the file."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.http import HttpRequest, QueryDict
from django.utils.text import capfirst, slugify
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from funnel_site.exports.models import ExportJob
from funnel_site.lib.listing import ExportList
from funnel_site.lib.masking import Taking, personal_fields, seen_by
from funnel_site.lib.money import shown_count
from funnel_site.lib.spreadsheet import MACHINE, SpreadsheetResource, model_field

# What of a list's address says where one stands in it, and not which rows it shows.
NOT_A_FILTER = frozenset({"p", "all", "e", "_changelist_filters", "_popup", "_to_field"})


class RefusedError(Exception):
    """The export cannot be made for this person, or not of this filter. The message says why."""


def filters_of(query: QueryDict) -> list[list[str]]:
    """A list's filters and order as pairs, in one order whatever the address had."""
    return sorted(
        [name, value]
        for name, values in query.lists()
        if name not in NOT_A_FILTER
        for value in values
    )


def page_of(report: str) -> Any:
    """The admin's page of a list; raises RefusedError where there is none any more."""
    try:
        page = admin.site._registry.get(apps.get_model(report))
    except (LookupError, ValueError):
        page = None
    if not isinstance(page, ExportList):
        raise RefusedError(_("There is no such list any more."))
    return page


def request_of(user: Any, job: ExportJob) -> HttpRequest:
    """The request with which the owner asked, made again."""
    request = HttpRequest()
    request.method, request.user = "GET", user
    request.path = f"/admin/{job.report.replace('.', '/')}/"
    request.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": ""}
    request.GET = QueryDict(urlencode(job.pairs))
    return request


def check_allowed(user: Any, page: Any, request: HttpRequest) -> None:
    """Raise RefusedError unless the person may export this list at this moment."""
    if user is None or not (user.is_active and user.is_staff):
        raise RefusedError(_("Whoever asked for it is no longer on the staff."))
    if not page.has_export_permission(request):
        raise RefusedError(_("Your role does not export this list any more."))


def rows_of(page: Any, request: HttpRequest, user: Any, picked: Iterable[str] = ()) -> Any:
    """The list's rows in its order; raises RefusedError for a filter that it does not know."""
    with seen_by(SimpleNamespace(user=user)):
        try:
            rows = page.get_export_queryset(request)
            return rows.filter(pk__in=list(picked)) if picked else rows
        except (
            IncorrectLookupParameters,
            SuspiciousOperation,
            ValidationError,
            ValueError,
        ) as error:
            raise RefusedError(_("The list does not know this filter.")) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file to be made. The same values give the same bytes, by whom and wherever it is made."""

    resource: SpreadsheetResource
    rows: Any = field(repr=False)
    viewer: Taking
    job: ExportJob

    @property
    def header(self) -> list[str]:
        return list(self.resource.get_export_headers())


def wanted(job: ExportJob, *, page: Any, request: HttpRequest, rows: Any) -> Wanted:
    """What a job asks for. What its rows are read from is noted with it, as it is at this moment."""
    resource = page.get_export_resource_classes(request)[0]()
    with override(job.language):
        note_told(job, resource)
    viewer = Taking(request.user, is_in_full=not job.is_masked)
    return Wanted(resource=resource, rows=rows, viewer=viewer, job=job)


def note_told(job: ExportJob, resource: SpreadsheetResource) -> bool:
    """Keep with the job what its rows are read from, for the file's description; whether that is new."""
    told = [[str(name), str(value)] for name, value in resource.told()]
    if told == job.told:
        return False
    job.told = told
    ExportJob.objects.filter(pk=job.pk).update(told=told)
    return True


def file_name(job: ExportJob) -> str:
    """Report, hash of the filter and UTC time: as `funnels-3f2a91bc-20250421T100000Z.csv`."""
    name = slugify(str(apps.get_model(job.report)._meta.verbose_name_plural))
    digest = hashlib.sha256(json.dumps([job.query, job.picked]).encode()).hexdigest()[:8]
    made = job.asked_at.strftime("%Y%m%dT%H%M%SZ")
    kind = "-machine" if job.profile == MACHINE else ""
    return f"{name}-{digest}-{made}{kind}.{job.format}"


def about(job: ExportJob, resource: SpreadsheetResource) -> list[tuple[str, str]]:
    """What somebody who finds the file wants to know of it, in its owner's language."""
    with override(job.language):
        options = apps.get_model(job.report)._meta
        zone = str(settings.TIME_ZONE)
        lines = [
            (_("Report"), str(options.verbose_name_plural)),
            (_("File"), job.name),
            (_("Asked for at"), local(job.asked_at)),
            (_("Asked for by"), job.who),
            (_("Times"), _("ISO 8601 with their offset, in the zone %s") % zone),
            (_("Empty cells"), _("Nothing is known (NULL)")),
            (_("Profile"), str(job.get_profile_display())),
            (
                _("People"),
                _("Names and numbers are masked") if job.is_masked else _("Shown in full"),
            ),
        ]
        lines += [(str(name), str(value)) for name, value in job.told]
        if job.picked:
            lines.append((_("Rows"), _("%s rows picked by hand") % shown_count(job.picked)))
        if not job.query:
            lines.append((_("Filter"), _("none: the whole list")))
        lines += [(_("Filter"), f"{name} = {value}") for name, value in job.pairs]
        lines += [(f"{_('Column')} {name}", text) for name, text in meanings(resource)]
    return lines


def local(moment: datetime) -> str:
    return moment.astimezone(get_default_timezone()).isoformat(timespec="seconds")


def meanings(resource: SpreadsheetResource) -> list[tuple[str, str]]:
    """Each column and what it means."""
    told = []
    for one in resource.get_export_fields():
        held = model_field(resource._meta.model, one.attribute or "")
        words = resource.meanings.get(one.column_name) or (
            held and (held.help_text or held.verbose_name)
        )
        told.append((str(one.column_name), str(capfirst(str(words or one.column_name)))))
    return told


def holds_people(page: Any, request: HttpRequest) -> bool:
    """Whether a file of this list could say who somebody is."""
    resource = page.get_export_resource_classes(request)[0]()
    columns = (resource.mask_of(one) for one in resource.get_export_fields())
    return bool(personal_fields(page.model)) or any(columns)
