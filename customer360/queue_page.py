"""The queue's page: who waits, whose it is, and what is done with many rooms at once."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from conversations.composer import duration
from conversations.models import Channel, Room, SavedFilter
from conversations.services.desk import assign_rooms, close_rooms, shown_name
from customer360.customer_page import QUEUE_KEY, log_room_changes
from customer360.desk_forms import AssignForm, FilterForm
from customer360.finding_page import customer_address
from customer360.selectors.queue import (
    STATES,
    VIEWS,
    WAITS,
    QueueQuery,
    queue_page,
    waiting_counts,
)
from funnel_site.lib.masking import SEE_CONTACTS

MOST_AT_ONCE = 200
MOST_FILTERS = 30


def _may_view(request: HttpRequest) -> None:
    if not request.user.has_perms(("conversations.view_room", SEE_CONTACTS)):
        raise PermissionDenied


@require_safe
def queue_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """One page of the queue; the filters stay for the session, for “next” on a customer's page."""
    _may_view(request)
    query = QueueQuery.read(request.GET)
    request.session[QUEUE_KEY] = {"view": query.view, "channel": query.channel}
    rooms, following = queue_page(query, request.user, cursor=request.GET.get("after", ""))
    moment = now()
    shown: Any
    for shown in rooms:
        waits = shown.waiting_since if shown.status == Room.Status.OPEN else None
        shown.waits = duration(max(moment - waits, moment - moment)) if waits else ""
        shown.is_mine = shown.assigned_to_id == request.user.pk
        shown.holder = shown_name(shown.assigned_to)
        shown.url = (
            customer_address(shown.customer_id, shown.pk)
            if shown.customer_id
            else reverse("admin:conversations_room_change", args=[shown.pk])
        )
    counts = waiting_counts(request.user)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Queue"),
        "rooms": rooms,
        "query": query,
        "query_text": query.text(),
        "following": following,
        "moment": moment,
        "longest": duration(moment - counts["since"]) if counts["since"] else "",
        "views": [
            (label, query.text(view=key), key == query.view, counts[key]) for key, label in VIEWS
        ],
        "states": STATES,
        "waits": WAITS,
        "channels": Channel.choices,
        "saved": SavedFilter.objects.filter(owner=request.user.pk)[:MOST_FILTERS],
        "filter_form": FilterForm(),
        "assign_form": AssignForm(),
        "may_change": request.user.has_perm("conversations.change_room"),
        "may_see_text": request.user.has_perm("conversations.view_message"),
    }
    return TemplateResponse(request, "admin/desk/queue.html", context)


def _back(request: HttpRequest) -> HttpResponse:
    query = QueueQuery.read(request.POST)
    return redirect(f"{reverse('admin:customer360_queue')}?{query.text()}")


@require_POST
def change_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Take, assign or close the picked rooms, as the pressed button says."""
    _may_view(request)
    if not request.user.has_perm("conversations.change_room"):
        raise PermissionDenied
    seen = _picked(request.POST.getlist("room"))
    if not seen:
        messages.warning(request, gettext("Pick some rooms first."))
    elif request.POST.get("do") == "close":
        closed = close_rooms(keys=list(seen), user=request.user)
        log_room_changes(request, closed, "Closed")
        words = ngettext("%(number)s room closed.", "%(number)s rooms closed.", len(closed))
        _tell(request, closed, len(seen), words % {"number": len(closed)})
    else:
        _assign(request, seen)
    return _back(request)


def _assign(request: HttpRequest, seen: dict[int, int | None]) -> None:
    form = AssignForm(request.POST)
    is_take = request.POST.get("do") == "take"
    if not is_take and not form.is_valid():
        messages.error(request, gettext("Choose a colleague of the list."))
        return
    picked = len(seen)
    to = request.user if is_take else form.cleaned_data["to"]
    if is_take:
        # Only what nobody has: a colleague's room is handed over on purpose, never taken.
        seen = {room: None for room, holder in seen.items() if holder is None}
    given = assign_rooms(seen=seen, to=to)
    holder = shown_name(to)
    log_room_changes(request, given, f"Given to {holder or 'nobody'}")
    words = ngettext(
        "%(number)s room given to %(name)s.", "%(number)s rooms given to %(name)s.", len(given)
    )
    _tell(
        request, given, picked, words % {"number": len(given), "name": holder or gettext("nobody")}
    )


def _tell(request: HttpRequest, changed: list[int], picked: int, words: str) -> None:
    left = picked - len(changed)
    if left:
        kept = gettext("%(number)s left as they are: somebody has or had them meanwhile.")
        words = f"{words} {kept % {'number': left}}"
    messages.add_message(request, messages.WARNING if left else messages.SUCCESS, words)


def _picked(values: list[str]) -> dict[int, int | None]:
    """The ticked rooms, each with the assignee that was on the screen: `room:assignee`."""
    picked: dict[int, int | None] = {}
    for value in values[:MOST_AT_ONCE]:
        room, _, holder = value.partition(":")
        if room.isdecimal() and len(room) <= 18:
            picked[int(room)] = int(holder) if holder.isdecimal() and len(holder) <= 18 else None
    return picked


@require_POST
def filter_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Keep the present filters under a name, or forget one of one's own."""
    _may_view(request)
    user: Any = request.user
    if forgotten := request.POST.get("forget", ""):
        if forgotten.isdecimal():
            SavedFilter.objects.filter(owner=user, pk=int(forgotten[:18])).delete()
        return _back(request)
    form = FilterForm(request.POST)
    if form.is_valid():
        text = QueueQuery.read(request.POST).text()
        SavedFilter.objects.update_or_create(
            owner=user, name=form.cleaned_data["name"], defaults={"query": text}
        )
    else:
        messages.error(request, gettext("Give the filter a name of at most 60 characters."))
    return _back(request)
