"""What an agent does on a customer's page: answer, take, hand over, close, open again, note."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from conversations.composer import AnswerForm, may_answer, posted_answer
from conversations.models import Customer, Room
from conversations.services.desk import (
    add_note,
    assign_rooms,
    close_rooms,
    reopen_room,
    shown_name,
    take_room,
)
from customer360.customer_page import (
    customer_or_404,
    log_room_changes,
    room_or_refused,
    shown_page,
)
from customer360.desk_forms import AssignForm, NoteForm, unfilled
from customer360.finding_page import customer_address


@require_POST
def answer_view(request: HttpRequest, key: int, room: int, model_admin: Any) -> HttpResponse:
    """Take the room, keep the answer and have it sent; refused in a colleague's room without a tick."""
    customer = customer_or_404(request, key)
    answered = room_or_refused(request, customer, room)
    if not may_answer(request.user):
        raise PermissionDenied
    refusal = _refusal(request, answered)
    if refusal:
        form = AnswerForm(request.POST)
        form.add_error(None, refusal)
        return shown_page(request, customer, model_admin, room=_fresh(answered), form=form)
    outcome = posted_answer(request, answered)
    if outcome.message is None:
        return shown_page(request, customer, model_admin, room=answered, form=outcome.form)
    log_room_changes(request, [answered.pk], "Answered")
    return redirect(f"{customer_address(key, room)}#message-{outcome.message.pk}")


def _refusal(request: HttpRequest, room: Room) -> str:
    """Why an answer is not taken: places that nobody filled, or a room that is a colleague's."""
    lacking = unfilled(request.POST.get("body", ""))
    if lacking:
        return f"Fill in {', '.join(lacking)} first: the customer would read it as it stands."
    if request.POST.get("although") or take_room(room=room, user=request.user):
        return ""
    holder = shown_name(_fresh(room).assigned_to) or "Somebody"
    return f"{holder} has this room. Tick the box below to answer all the same."


def _fresh(room: Room) -> Room:
    return Room.objects.select_related("customer", "assigned_to").get(pk=room.pk)


@require_POST
def room_view(request: HttpRequest, key: int, room: int, model_admin: Any) -> HttpResponse:
    """Take, assign, close or reopen: what the pressed button says."""
    customer = customer_or_404(request, key)
    changed = room_or_refused(request, customer, room)
    if not request.user.has_perm("conversations.change_room"):
        raise PermissionDenied
    actions = {"take": _take, "assign": _assign, "close": _close, "reopen": _reopen}
    action = actions.get(request.POST.get("do", ""))
    if action is None:
        raise PermissionDenied
    words, is_done = action(request, changed)
    if is_done:
        log_room_changes(request, [changed.pk], words)
    messages.add_message(request, messages.SUCCESS if is_done else messages.WARNING, words)
    return redirect(customer_address(key, room))


def _take(request: HttpRequest, room: Room) -> tuple[str, bool]:
    if take_room(room=room, user=request.user):
        return "The room is yours.", True
    return f"{shown_name(_fresh(room).assigned_to)} was quicker: the room is theirs.", False


def _assign(request: HttpRequest, room: Room) -> tuple[str, bool]:
    form = AssignForm(request.POST)
    seen = request.POST.get("seen", "")
    if not form.is_valid():
        return "Choose a colleague of the list.", False
    to = form.cleaned_data["to"]
    if assign_rooms(seen={room.pk: int(seen) if seen.isdecimal() else None}, to=to):
        return f"The room belongs to {shown_name(to) or 'nobody'} now.", True
    holder = shown_name(_fresh(room).assigned_to) or "nobody"
    return f"Not changed: the room belongs to {holder} since you looked.", False


def _close(request: HttpRequest, room: Room) -> tuple[str, bool]:
    if close_rooms(keys=[room.pk], user=request.user):
        return "Closed. It opens again when the customer writes.", True
    return "The room was closed already.", False


def _reopen(request: HttpRequest, room: Room) -> tuple[str, bool]:
    if reopen_room(room=room):
        return "Open again.", True
    return "The customer has a newer open room on this channel: answer there.", False


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
    add_note(customer=customer, room=room, text=form.cleaned_data["note"], author=request.user)
    messages.success(request, "Noted, for colleagues only.")
    return redirect(customer_address(key, room.pk if room else None))
