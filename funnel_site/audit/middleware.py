"""What staff do is noted for every address alike, so that no page can forget to.

A request leaves at most one entry: that it saw a person's page, changed something (also many rows at
once, with their numbers), took out a file, replayed, or was refused.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import models
from django.http import HttpRequest, HttpResponse

from funnel_site.audit.models import AuditEntry
from funnel_site.audit.trail import note
from funnel_site.lib.masking import PERSONAL, masked_name, seen_by, viewer

Next = Callable[[HttpRequest], Any]
Kind = AuditEntry.Kind
# Their pages show people, beside the models that hold personal fields themselves.
PERSONS_PAGES = {*PERSONAL, "conversations.room", "customer360.customerprofile", "funnels.funnel"}
AGAIN = ("replay", "retry", "redo")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
BUTTONS = ("actions_list", "actions_detail", "actions_row", "actions_submit_line")
MOST_KEYS = 1_000
FORBIDDEN, REDIRECTS, TROUBLE = 403, range(300, 400), 400
POLLED = "/live/"


@dataclass(frozen=True, slots=True)
class Place:
    """What an address is about: a model, and the key of one row where it has one."""

    model: type[models.Model]
    key: str = ""


class TrailMiddleware:
    """Knows the viewer while a request is answered, and leaves the entry when it is."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with seen_by(request):
            response: HttpResponse = self.get_response(request)
            if getattr(response, "streaming", False) and not getattr(response, "is_async", False):
                streamed: Any = response
                streamed.streaming_content = seen_parts(request, streamed.streaming_content)
            # A page that was opened long ago by nobody is nobody's deed.
            if viewer() is not None and (kind := kind_of(request, response)):
                leave_entry(kind, request, response)
        return response


def seen_parts(request: HttpRequest, parts: Iterable[bytes]) -> Iterator[bytes]:
    """A streamed answer is made after the middleware is done: each part for the same viewer."""
    iterator = iter(parts)
    while True:
        with seen_by(request):
            try:
                part = next(iterator)
            except StopIteration:
                return
        yield part


def kind_of(request: HttpRequest, response: HttpResponse) -> str:
    """What a request amounts to; empty where it is not to be noted."""
    if response.status_code == FORBIDDEN:
        return Kind.REFUSED
    if response.status_code >= TROUBLE or request.resolver_match is None:
        return ""
    if kind := getattr(request, "kind_of_deed", ""):
        return str(kind)
    if response.get("Content-Disposition", "").startswith("attachment"):
        return Kind.EXPORTED
    if _is_deed(request, response):
        asked = f"{request.path} {request.POST.get('action', '')}"
        return Kind.REPLAYED if any(word in asked for word in AGAIN) else Kind.CHANGED
    return Kind.SAW if _is_persons_page(request, response) else ""


def _is_deed(request: HttpRequest, response: HttpResponse) -> bool:
    """A form that was taken, not one that came back with what is wrong; or a button's link."""
    is_admin = request.path.startswith("/admin/")
    if request.method in UNSAFE:
        return response.status_code in REDIRECTS or not is_admin
    if not is_admin or response.status_code not in REDIRECTS:
        return False
    page: Any = admin.site._registry.get(place_of(request).model)
    buttons = [name for kind in BUTTONS for name in getattr(page, kind, None) or ()]
    name = (request.resolver_match and request.resolver_match.url_name) or ""
    return any(name.endswith(f"_{button}") for button in buttons)


def _is_persons_page(request: HttpRequest, response: HttpResponse) -> bool:
    place = place_of(request)
    return bool(
        response.status_code not in REDIRECTS
        and place.key
        and place.model._meta.label_lower in PERSONS_PAGES
        and not request.path.endswith(POLLED)
    )


def place_of(request: HttpRequest) -> Place:
    """What the address is about; the viewer's own account where it is about no model."""
    parts = request.path.strip("/").split("/")
    if len(parts) > 2 and parts[0] == "admin":
        try:
            model = apps.get_model(parts[1], parts[2])
        except (LookupError, ValueError):
            return _own_account()
        key = parts[3] if len(parts) > 3 and parts[3].isdecimal() else ""
        return Place(model, key)
    match = request.resolver_match
    permission = getattr(getattr(match and match.func, "cls", None), "staff_permission", "")
    if match is None or not permission:
        return _own_account()
    app, _, codename = permission.partition(".")
    key = match.kwargs.get("card_id") or match.kwargs.get("customer_id") or ""
    return Place(apps.get_model(app, codename.partition("_")[2]), str(key))


def _own_account() -> Place:
    return Place(get_user_model(), str(viewer().pk))


def leave_entry(kind: str, request: HttpRequest, response: HttpResponse) -> None:
    place = place_of(request)
    words = list(dict.fromkeys(getattr(request, "deeds", ())))
    if kind == Kind.EXPORTED and "Content-Disposition" in response:
        words.append(response["Content-Disposition"].partition("filename=")[2].strip('"'))
    if kind == Kind.REFUSED:
        words.append(request.path)
    note(kind, place.model, key=place.key, words="; ".join(words), facts=facts_of(request))


def facts_of(request: HttpRequest) -> dict[str, Any]:
    """The action, the rows it was given and the filter of the list; numbers and names masked."""
    picked = request.POST.getlist("_selected_action") or request.POST.getlist("export_items")
    facts: dict[str, Any] = {
        "method": request.method,
        "action": request.POST.get("action", "")[:100],
        "rows": [text[:40] for text in picked[:MOST_KEYS]],
        "number": len(picked),
        "all_of_the_filter": request.POST.get("select_across") == "1",
        "filter": {name: _told(str(value)) for name, value in request.GET.items()},
    }
    return {name: value for name, value in facts.items() if value}


def _told(value: str) -> str:
    """A filter's value; a number or a search as it may be told to an auditor."""
    digits = sum(letter.isdigit() for letter in value)
    return masked_name(value) if digits > 6 and "-" not in value else value[:100]
