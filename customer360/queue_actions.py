"""What is done with many rooms of the queue at once; before rooms are resolved, it is asked."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from conversations.models import Room
from conversations.seen import RoomSeen
from conversations.selectors import rooms_open_to
from conversations.services.desk import assign_rooms, shown_name
from conversations.services.lifecycle import move_rooms
from customer360.customer_page import log_room_changes
from customer360.desk_forms import AssignForm
from customer360.queue_page import back_to_queue, refuse_unless_may_view
from customer360.selectors.queue import QueueQuery

MOST_AT_ONCE = 200


@require_POST
def change_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Take, assign or resolve the picked rooms, as the pressed button says."""
    refuse_unless_may_view(request)
    if not request.user.has_perm("conversations.change_room"):
        raise PermissionDenied
    seen = _picked(request)
    do = request.POST.get("do")
    if not seen:
        messages.warning(request, _("Pick some rooms first."))
    elif do == "close" and "sure" not in request.POST:
        return _question(request, seen, model_admin)
    elif do == "close":
        done = move_rooms(seen=seen, to=Room.Status.RESOLVED, user=request.user).done
        log_room_changes(request, done, "Resolved")
        words = ngettext("%(number)s room resolved.", "%(number)s rooms resolved.", len(done))
        _tell(request, done, len(seen), words % {"number": len(done)})
    else:
        _assign(request, seen)
    return back_to_queue(request)


def _picked(request: HttpRequest) -> list[RoomSeen]:
    """The ticked rooms as they were on the screen; those that are not open to the person left out."""
    ticks = [RoomSeen.read(text) for text in request.POST.getlist("room")[:MOST_AT_ONCE]]
    seen = {one.room: one for one in ticks if one is not None}
    rooms = Room.objects.filter(rooms_open_to(request.user), pk__in=seen)
    return [seen[key] for key in rooms.order_by("pk").values_list("pk", flat=True)]


def _question(request: HttpRequest, seen: list[RoomSeen], model_admin: Any) -> HttpResponse:
    """How many rooms would be resolved, and how many of them still wait for an answer."""
    rooms = Room.objects.filter(pk__in=[one.room for one in seen])
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Resolve rooms"),
        "seen": seen,
        "count": len(seen),
        "waiting": rooms.filter(status=Room.Status.OPEN, waiting_since__isnull=False).count(),
        "query": QueueQuery.read(request.POST),
    }
    return TemplateResponse(request, "admin/desk/sure.html", context)


def _assign(request: HttpRequest, seen: list[RoomSeen]) -> None:
    form = AssignForm(request.POST)
    is_take = request.POST.get("do") == "take"
    if not is_take and not form.is_valid():
        messages.error(request, _("Choose a colleague of the list."))
        return
    to = request.user if is_take else form.cleaned_data["to"]
    # Only what nobody has: a colleague's room is handed over on purpose, never taken.
    holders = {one.room: one.holder for one in seen if one.holder is None or not is_take}
    given = assign_rooms(seen=holders, to=to, user=request.user)
    holder = shown_name(to)
    log_room_changes(request, given, f"Given to {holder or 'nobody'}")
    words = ngettext(
        "%(number)s room given to %(name)s.", "%(number)s rooms given to %(name)s.", len(given)
    )
    named = {"number": len(given), "name": holder or _("nobody")}
    _tell(request, given, len(seen), words % named)


def _tell(request: HttpRequest, changed: list[int], picked: int, words: str) -> None:
    left = picked - len(changed)
    if left:
        kept = _("%(number)s left as they are: changed or written to meanwhile.")
        words = f"{words} {kept % {'number': left}}"
    messages.add_message(request, messages.WARNING if left else messages.SUCCESS, words)
