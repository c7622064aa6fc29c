"""What an agent does on a customer's page: answer, and change the room that is open there."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations.composer import may_answer, posted_answer, posted_form
from conversations.models import Customer, Room
from conversations.room_states import wakes_at
from conversations.seen import RoomSeen
from conversations.selectors import sees_room
from conversations.services.desk import (
    add_note,
    assign_rooms,
    describe_room,
    shown_name,
    take_room,
)
from conversations.services.lifecycle import move_rooms
from customer360.canned import unfilled
from customer360.customer_page import (
    SHOWN_WITH,
    customer_or_404,
    log_room_changes,
    room_or_refused,
    shown_page,
)
from customer360.desk_forms import AssignForm, NoteForm, RoomForm, SnoozeForm
from customer360.finding_page import customer_address

CONFLICT = 409
MOVES = {"resolve": "resolved", "snooze": "snoozed", "pending": "pending", "reopen": "open"}
# What the room's history says, in English whoever reads the page.
HISTORY = {
    "take": "Taken",
    "assign": "Given to {name}",
    "resolve": "Resolved",
    "snooze": "Snoozed",
    "pending": "Set pending",
    "reopen": "Opened again",
}


@require_POST
def answer_view(request: HttpRequest, key: int, room: int, model_admin: Any) -> HttpResponse:
    """Take the room, keep the answer and have it sent; refused in a colleague's room without a tick."""
    customer = customer_or_404(request, key)
    if not may_answer(request.user):
        raise PermissionDenied
    if (gone := _gone_to_a_colleague(request, customer, room, model_admin)) is not None:
        return gone
    answered = room_or_refused(request, customer, room)
    refusal = _refusal(request, answered)
    if refusal:
        form = posted_form(request)
        form.add_error(None, refusal)
        return shown_page(request, customer, model_admin, room=fresh(answered), form=form)
    outcome = posted_answer(request, answered)
    if outcome.message is None:
        return shown_page(request, customer, model_admin, room=answered, form=outcome.form)
    log_room_changes(request, [answered.pk], "Answered")
    return redirect(f"{customer_address(key, room)}#message-{outcome.message.pk}")


def _gone_to_a_colleague(
    request: HttpRequest, customer: Customer, key: int, model_admin: Any
) -> HttpResponse | None:
    """The page with the text that was typed, where a colleague took the room meanwhile.

    Of the room itself it shows whose it is, which the agent was about to be told anyway.
    """
    room = Room.objects.filter(customer=customer, pk=key).select_related("assigned_to").first()
    if room is None or sees_room(request.user, room):
        return None
    words = _("%(holder)s has taken this room meanwhile: nothing was sent or changed.")
    messages.warning(request, words % {"holder": shown_name(room.assigned_to)})
    unsent = request.POST.get("body", "")
    return shown_page(request, customer, model_admin, status=CONFLICT, unsent=unsent)


def _refusal(request: HttpRequest, room: Room) -> str:
    """Why an answer is not taken: places that nobody filled, or a room that is a colleague's."""
    lacking = unfilled(request.POST.get("body", ""))
    if lacking:
        return _("Fill in %(lacking)s first: the customer would read it as it stands.") % {
            "lacking": ", ".join(lacking)
        }
    if request.POST.get("although") or take_room(room=room, user=request.user):
        return ""
    holder = shown_name(fresh(room).assigned_to) or _("Somebody")
    return _("%(holder)s has this room. Tick the box below to answer all the same.") % {
        "holder": holder
    }


def fresh(room: Room) -> Room:
    """The room as it is now, with what the page shows of it."""
    rooms = Room.objects.select_related(*SHOWN_WITH).prefetch_related("labels")
    return rooms.get(pk=room.pk)


@require_POST
def room_view(request: HttpRequest, key: int, room: int, model_admin: Any) -> HttpResponse:
    """Take, assign, describe, or bring into another state: what the pressed button says.

    What can no longer be done is answered by 409 and the page as it is now.
    """
    customer = customer_or_404(request, key)
    if not request.user.has_perm("conversations.change_room"):
        raise PermissionDenied
    if (gone := _gone_to_a_colleague(request, customer, room, model_admin)) is not None:
        return gone
    changed = room_or_refused(request, customer, room)
    actions = {"take": _take, "assign": _assign, **dict.fromkeys(MOVES, _move)}
    do = request.POST.get("do", "")
    if do == "describe":
        return _describe(request, customer, changed, model_admin)
    if do not in actions:
        raise PermissionDenied
    words, is_done = actions[do](request, changed)
    messages.add_message(request, messages.SUCCESS if is_done else messages.WARNING, words)
    if not is_done:
        return shown_page(
            request, customer, model_admin, room=still_open(request, changed), status=CONFLICT
        )
    holder = shown_name(fresh(changed).assigned_to) or "nobody"
    log_room_changes(request, [changed.pk], HISTORY[do].format(name=holder))
    return redirect(customer_address(key, room))


def still_open(request: HttpRequest, room: Room) -> Room | None:
    """The room as it is now; None where it has become a colleague's who does not share it."""
    current = fresh(room)
    return current if sees_room(request.user, current) else None


def changed_words(room: Room) -> str:
    """Who changed a room last and when, for somebody who looked before that."""
    current = fresh(room)
    at = current.changed_at
    if at is None:
        return _("Not changed: the customer has written since you looked.")
    return _("Not changed: changed by %(who)s at %(at)s since you looked.") % {
        "who": shown_name(current.changed_by) or _("somebody"),
        "at": date_format(localtime(at), "H:i:s"),
    }


def _take(request: HttpRequest, room: Room) -> tuple[str, bool]:
    if take_room(room=room, user=request.user):
        return _("The room is yours."), True
    holder = shown_name(fresh(room).assigned_to)
    return _("%(name)s was quicker: the room is theirs.") % {"name": holder}, False


def _assign(request: HttpRequest, room: Room) -> tuple[str, bool]:
    form = AssignForm(request.POST)
    if not form.is_valid():
        return _("Choose a colleague of the list."), False
    to, seen = form.cleaned_data["to"], _seen(request, room)
    if assign_rooms(seen={room.pk: seen.holder}, to=to, user=request.user):
        name = shown_name(to) or _("nobody")
        return _("The room belongs to %(name)s now.") % {"name": name}, True
    holder = shown_name(fresh(room).assigned_to) or _("nobody")
    words = _("Not changed: the room belongs to %(name)s since you looked.")
    return words % {"name": holder}, False


def _seen(request: HttpRequest, room: Room) -> RoomSeen:
    seen = RoomSeen.read(request.POST.get("seen", ""))
    return seen if seen and seen.room == room.pk else RoomSeen(room=room.pk)


def _move(request: HttpRequest, room: Room) -> tuple[str, bool]:
    """Into the state that the button names."""
    to = MOVES[request.POST["do"]]
    until = None
    if to == Room.Status.SNOOZED:
        form = SnoozeForm(request.POST)
        if not form.is_valid():
            return _("Choose until when."), False
        until = wakes_at(form.cleaned_data["until"], localtime())
    moved = move_rooms(seen=[_seen(request, room)], to=to, user=request.user, until=until)
    if moved.done:
        return _moved_words(to, until), True
    if moved.stale:
        return changed_words(room), False
    if to == Room.Status.OPEN and room.status == Room.Status.RESOLVED:
        return _("The customer has a newer open room on this channel: answer there."), False
    return _("Not changed: the room is %(state)s already.") % {
        "state": fresh(room).get_status_display().lower()
    }, False


def _moved_words(to: str, until: Any) -> str:
    if to == Room.Status.RESOLVED:
        return _("Resolved. It opens again when the customer writes.")
    if to == Room.Status.SNOOZED:
        if until is None:
            return _("Snoozed until the customer writes.")
        return _("Snoozed until %(at)s, or until the customer writes.") % {
            "at": date_format(until, "j M, H:i")
        }
    return _("Pending: it leaves the queue.") if to == Room.Status.PENDING else _("Open again.")


def _describe(
    request: HttpRequest, customer: Customer, room: Room, model_admin: Any
) -> HttpResponse:
    """Priority, team and labels; where somebody was quicker the picks stay, to be saved again."""
    form = RoomForm(request.POST)
    if not form.is_valid():
        form.is_open = True
        return shown_page(request, customer, model_admin, room=room, room_form=form)
    picked = form.cleaned_data
    if describe_room(
        room=room,
        version=picked["version"],
        user=request.user,
        team=picked["team"],
        priority=picked["priority"],
        labels=picked["labels"],
    ):
        log_room_changes(request, [room.pk], "Changed priority, team or labels")
        messages.success(request, _("Saved."))
        return redirect(customer_address(customer.pk, room.pk))
    current = fresh(room)
    words = _("%(changed)s Your picks are below: save them again to overrule.") % {
        "changed": changed_words(room)
    }
    messages.warning(request, words)
    return shown_page(
        request,
        customer,
        model_admin,
        room=still_open(request, current),
        status=CONFLICT,
        room_form=form.again(current),
    )


@require_POST
def note_view(request: HttpRequest, key: int, model_admin: Any) -> HttpResponse:
    """Keep an internal note."""
    customer: Customer = customer_or_404(request, key)
    if not request.user.has_perm("conversations.add_note"):
        raise PermissionDenied
    form = NoteForm(request.POST)
    if not form.is_valid():
        return shown_page(request, customer, model_admin, note_form=form)
    wanted = request.POST.get("room", "")
    room = (
        Room.objects.filter(customer=customer, pk=int(wanted[:18])).first()
        if wanted.isdecimal()
        else None
    )
    if room is not None and not sees_room(request.user, room):
        room = None
    add_note(customer=customer, room=room, text=form.cleaned_data["note"], author=request.user)
    messages.success(request, _("Noted, for colleagues only."))
    return redirect(customer_address(key, room.pk if room else None))
