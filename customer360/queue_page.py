"""The queue's page: who waits, whose it is, and the views that staff keep of it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations.composer import duration
from conversations.models import Channel, Label, Room, SavedFilter, Team
from conversations.seen import RoomSeen
from conversations.services.desk import shown_name
from conversations.services.lifecycle import wake_snoozed
from customer360.customer_page import QUEUE_KEY
from customer360.desk_forms import AssignForm, FilterForm
from customer360.finding_page import customer_address
from customer360.selectors.queue import (
    PRIORITIES,
    STATES,
    VIEWS,
    WAITS,
    QueueQuery,
    queue_page,
    waiting_counts,
)
from funnel_site.lib.masking import SEE_CONTACTS

MOST_FILTERS = 30
SHARE = "conversations.share_savedfilter"


def refuse_unless_may_view(request: HttpRequest) -> None:
    if not request.user.has_perms(("conversations.view_room", SEE_CONTACTS)):
        raise PermissionDenied


@require_safe
def queue_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """One page of the queue; the filters stay for the session, for “next” on a customer's page."""
    refuse_unless_may_view(request)
    # The clock wakes them, too; so does who looks, where no clock runs.
    wake_snoozed()
    query = QueueQuery.read(request.GET)
    request.session[QUEUE_KEY] = {**query.pairs(), "state": "open", "over": ""}
    rooms, following = queue_page(query, request.user, cursor=request.GET.get("after", ""))
    moment = now()
    for room in rooms:
        _prepare(room, request.user, moment)
    counts = waiting_counts(request.user)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Queue"),
        "rooms": rooms,
        "query": query,
        "query_text": query.text(),
        "following": following,
        "moment": moment,
        "longest": duration(moment - counts["since"]) if counts["since"] else "",
        "views": [
            (label, query.text(view=key), key == query.view, counts[key]) for key, label in VIEWS
        ],
        "choices": _choices(query),
        "saved": kept_views(request.user)[:MOST_FILTERS],
        "filter_form": FilterForm(),
        "may_share": request.user.has_perm(SHARE),
        "assign_form": AssignForm(),
        "may_change": request.user.has_perm("conversations.change_room"),
        "may_see_text": request.user.has_perm("conversations.view_message"),
    }
    return TemplateResponse(request, "admin/desk/queue.html", context)


def _prepare(shown: Any, user: Any, moment: Any) -> None:
    """What the row of a room shows besides the room's own columns."""
    waits = shown.waiting_since if shown.status == Room.Status.OPEN else None
    shown.waits = duration(max(moment - waits, moment - moment)) if waits else ""
    shown.is_mine = shown.assigned_to_id == user.pk
    shown.holder = shown_name(shown.assigned_to)
    shown.seen = RoomSeen.of(shown).text
    shown.left = duration(shown.window.time_left) if shown.window.is_open else ""
    shown.url = (
        customer_address(shown.customer_id, shown.pk)
        if shown.customer_id
        else reverse("admin:conversations_room_change", args=[shown.pk])
    )


def _choices(query: QueueQuery) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
    """The filters as select boxes: name, label, and the options with whether each is picked."""
    teams = [(str(team.pk), team.name) for team in Team.objects.all()]
    labels = [(str(label.pk), label.name) for label in Label.objects.all()]
    boxes: tuple[tuple[str, str, list[Any]], ...] = (
        ("state", _("Rooms"), list(STATES)),
        ("channel", _("Channel"), [("", _("All")), *Channel.choices]),
        ("over", _("Waiting over"), list(WAITS)),
        ("priority", _("Priority"), list(PRIORITIES)),
        ("team", _("Team"), [("", _("All")), *teams] if teams else []),
        ("label", _("Label"), [("", _("All")), *labels] if labels else []),
    )
    return [
        (name, label, [(key, words, key == getattr(query, name)) for key, words in options])
        for name, label, options in boxes
        if options
    ]


def kept_views(user: Any) -> Any:
    """One's own views of the queue, and those that colleagues show to everybody."""
    views = SavedFilter.objects.filter(Q(owner=user.pk) | Q(is_shared=True))
    return views.select_related("owner").order_by("is_shared", "name", "pk")


def back_to_queue(request: HttpRequest) -> HttpResponse:
    """To the view that a form was posted from."""
    query = QueueQuery.read(request.POST)
    return redirect(f"{reverse('admin:customer360_queue')}?{query.text()}")


@require_POST
def filter_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Keep the present filters under a name, or forget one of one's own."""
    refuse_unless_may_view(request)
    user: Any = request.user
    if forgotten := request.POST.get("forget", ""):
        if forgotten.isdecimal():
            SavedFilter.objects.filter(owner=user, pk=int(forgotten[:18])).delete()
        return back_to_queue(request)
    form = FilterForm(request.POST)
    if form.is_valid():
        share = form.cleaned_data["share"]
        if share and not user.has_perm(SHARE):
            raise PermissionDenied
        SavedFilter.objects.update_or_create(
            owner=user,
            name=form.cleaned_data["name"],
            defaults={"query": QueueQuery.read(request.POST).text(), "is_shared": share},
        )
    else:
        messages.error(request, _("Give the view a name of at most 60 characters."))
    return back_to_queue(request)
