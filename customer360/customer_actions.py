"""What an agent does on a customer's page: answer, take, hand over, close, open again, note."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, gettext_noop
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
        return gettext("Fill in %(lacking)s first: the customer would read it as it stands.") % {
            "lacking": ", ".join(lacking)
        }
    if request.POST.get("although") or take_room(room=room, user=request.user):
        return ""
    holder = shown_name(_fresh(room).assigned_to) or gettext("Somebody")
    return gettext("%(holder)s has this room. Tick the box below to answer all the same.") % {
        "holder": holder
    }


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
    outcome = action(request, changed)
    if outcome.is_done:
        log_room_changes(request, [changed.pk], outcome.english)
    level = messages.SUCCESS if outcome.is_done else messages.WARNING
    messages.add_message(request, level, outcome.words)
    return redirect(customer_address(key, room))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a button did, as words for the agent and, in English, for the room's history."""

    is_done: bool
    sentence: str
    name: str = ""

    @property
    def english(self) -> str:
        return self.sentence % {"name": self.name or "nobody"}

    @property
    def words(self) -> str:
        return gettext(self.sentence) % {"name": self.name or gettext("nobody")}


def _take(request: HttpRequest, room: Room) -> Outcome:
    if take_room(room=room, user=request.user):
        return Outcome(is_done=True, sentence=gettext_noop("The room is yours."))
    return _refused(room, gettext_noop("%(name)s was quicker: the room is theirs."))


def _assign(request: HttpRequest, room: Room) -> Outcome:
    form = AssignForm(request.POST)
    seen = request.POST.get("seen", "")
    if not form.is_valid():
        return Outcome(is_done=False, sentence=gettext_noop("Choose a colleague of the list."))
    to = form.cleaned_data["to"]
    if assign_rooms(seen={room.pk: int(seen) if seen.isdecimal() else None}, to=to):
        return Outcome(
            is_done=True,
            sentence=gettext_noop("The room belongs to %(name)s now."),
            name=shown_name(to),
        )
    return _refused(
        room, gettext_noop("Not changed: the room belongs to %(name)s since you looked.")
    )


def _refused(room: Room, sentence: str) -> Outcome:
    return Outcome(is_done=False, sentence=sentence, name=shown_name(_fresh(room).assigned_to))


def _close(request: HttpRequest, room: Room) -> Outcome:
    if close_rooms(keys=[room.pk], user=request.user):
        return Outcome(
            is_done=True, sentence=gettext_noop("Closed. It opens again when the customer writes.")
        )
    return Outcome(is_done=False, sentence=gettext_noop("The room was closed already."))


def _reopen(request: HttpRequest, room: Room) -> Outcome:
    if reopen_room(room=room):
        return Outcome(is_done=True, sentence=gettext_noop("Open again."))
    return Outcome(
        is_done=False,
        sentence=gettext_noop("The customer has a newer open room on this channel: answer there."),
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
    add_note(customer=customer, room=room, text=form.cleaned_data["note"], author=request.user)
    messages.success(request, gettext("Noted, for colleagues only."))
    return redirect(customer_address(key, room.pk if room else None))
