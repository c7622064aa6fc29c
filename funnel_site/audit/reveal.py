"""One masked field of one row, in full, for 30 seconds: with a reason that stays in the trail.

An app says once what can be shown so (`register`). Who may open the row's own page and holds the
permission gets it; a page of many rows shows none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from funnel_site.audit.models import AuditEntry
from funnel_site.audit.trail import note

SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealable:
    """What of a model's row can be shown, under which permission; `read` gives the text."""

    label: str
    title: Any
    permission: str
    read: Callable[[Any], str]


_known: dict[str, Revealable] = {}


class WhyForm(forms.Form):
    """The reason: kept for good, so without names."""

    reason = forms.CharField(
        label=_("What you need it for"),
        max_length=200,
        help_text=_(
            "A ticket or a sentence. Kept in the audit trail for good: no names, no numbers."
        ),
    )


def register(revealable: Revealable) -> None:
    """Make a field of a model revealable; `label` is the model's, as conversations.customer."""
    _known[revealable.label] = revealable


def known() -> list[Revealable]:
    return list(_known.values())


def may_reveal(user: Any, label: str) -> bool:
    """Whether this person may have this model's field shown."""
    found = _known.get(label)
    return found is not None and bool(user.has_perm(found.permission))


@sensitive_variables("text")
def reveal_view(request: HttpRequest, label: str, key: int) -> HttpResponse:
    """Ask why; then show it, and lead back when the time is over."""
    if label not in _known:
        raise Http404
    what = _known[label]
    if not may_reveal(request.user, label):
        raise PermissionDenied
    row = _row(request, label, key)
    form = WhyForm(request.POST or None)
    text, back = "", _way_back(request, label, key)
    if request.method == "POST" and form.is_valid():
        text = what.read(row)
        note(
            AuditEntry.Kind.REVEALED,
            type(row),
            key=row.pk,
            words=form.cleaned_data["reason"],
            facts={"what": str(what.title)},
        )
    context = {
        **admin.site.each_context(request),
        "title": what.title,
        "form": form,
        "text": text,
        "is_shown": request.method == "POST" and form.is_valid(),
        "seconds": SECONDS,
        "back": back,
    }
    response = TemplateResponse(request, "admin/audit/reveal.html", context)
    response["Cache-Control"] = "no-store"
    if context["is_shown"]:
        response["Refresh"] = f"{SECONDS}; url={back}"
    return response


def _row(request: HttpRequest, label: str, key: int) -> models.Model:
    """The row, as far as its own page shows it to this person."""
    page: Any = admin.site._registry[apps.get_model(label)]
    row: models.Model | None = page.get_queryset(request).filter(pk=key).first()
    if row is None:
        raise Http404
    if not page.has_view_permission(request, row):
        raise PermissionDenied
    return row


def _way_back(request: HttpRequest, label: str, key: int) -> str:
    given = request.POST.get("next") or request.GET.get("next") or ""
    if given and url_has_allowed_host_and_scheme(given, allowed_hosts={request.get_host()}):
        return given
    return reverse(f"admin:{label.replace('.', '_')}_change", args=[key])
