"""Running a macro on the room that is open on a customer's page."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations.models import Macro, Room
from conversations.seen import RoomSeen
from conversations.services.desk import shown_name
from conversations.services.macros import MacroRefusedError, run_macro
from conversations.services.sending import SendingRefusedError
from customer360.canned import filled_text, may_run, own_and_shared, places_of, unfilled
from customer360.customer_actions import CONFLICT, changed_words, still_open
from customer360.customer_page import (
    customer_or_404,
    log_room_changes,
    room_or_refused,
    shown_page,
)
from customer360.finding_page import customer_address
from funnel_site.lib.words import translated


@require_POST
def macro_view(request: HttpRequest, key: int, room: int, model_admin: Any) -> HttpResponse:
    """All of a macro's steps, or none and the reason why."""
    customer = customer_or_404(request, key)
    changed = room_or_refused(request, customer, room)
    macro = _picked(request)
    if macro is not None and not may_run(macro, request.user):
        raise PermissionDenied
    words = _("Choose a macro.") if macro is None else _trouble(request, macro, changed)
    if words:
        messages.error(request, words)
        room_now = still_open(request, changed)
        return shown_page(request, customer, model_admin, room=room_now, status=CONFLICT)
    log_room_changes(request, [changed.pk], f"Ran the macro “{macro}”")
    messages.success(request, _("Done: %(macro)s.") % {"macro": macro})
    return redirect(customer_address(key, room))


def _picked(request: HttpRequest) -> Macro | None:
    wanted = request.POST.get("macro", "")
    macros = own_and_shared(Macro, request.user)
    return macros.filter(pk=int(wanted[:18])).first() if wanted.isdecimal() else None


def _trouble(request: HttpRequest, macro: Macro, room: Room) -> str:
    """Run it; what stood in the way, empty where it is done."""
    reply = filled_text(macro.reply, places_of(room.customer, request.user))
    if lacking := unfilled(reply):
        return _("Nothing done: nobody knows %(places)s of this customer.") % {
            "places": ", ".join(lacking)
        }
    holder = room.assigned_to
    if reply and holder is not None and holder != request.user:
        return _("Nothing done: %(holder)s has this room.") % {"holder": shown_name(holder)}
    seen = RoomSeen.read(request.POST.get("seen", ""))
    if seen is None or seen.room != room.pk:
        return _("Nothing done: open the room first.")
    token = request.POST.get("token", "")[:64]
    try:
        run_macro(macro=macro, room=room, seen=seen, reply=reply, user=request.user, token=token)
    except SendingRefusedError as refusal:
        return _("Nothing done: %(reason)s") % {"reason": translated(refusal.words)}
    except MacroRefusedError as refusal:
        if refusal.is_stale:
            return changed_words(room)
        return _("Nothing done: the room's state does not allow it.")
    return ""
