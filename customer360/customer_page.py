"""A customer's page, the agent's one screen: who it is, what happened, and the room to answer in."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext

from carddata.models import CardAccess
from carddata.services.lookups import note_cards
from conversations.composer import AnswerForm, composer_of, may_answer
from conversations.models import Customer, Room
from conversations.room_states import may_move
from conversations.seen import RoomSeen
from conversations.selectors import rooms_open_to, transcript_part, with_delivery
from conversations.services.desk import CHANGEABLE_FOR, note_presence, shown_name
from customer360.canned import canned_answers, macros_for
from customer360.card_lookup import looked_up
from customer360.desk_forms import AssignForm, NoteForm, RoomForm, SnoozeForm
from customer360.finding_page import caller_of, refuse_unless_may_find
from customer360.selectors.answers import current_build
from customer360.selectors.customers import profile_of
from customer360.selectors.queue import QueueQuery, neighbours
from customer360.selectors.timeline import KINDS, SOURCES, cards_of_customer, timeline
from customer360.wording import churn_words, score_words

SHOWN_MESSAGES = 40
SHOWN_ROOMS = 20
QUEUE_KEY = "queue"
SHOWN_WITH = ("customer", "assigned_to", "team", "changed_by", "resolved_by")


def customer_or_404(request: HttpRequest, key: int) -> Customer:
    refuse_unless_may_find(request)
    customer = Customer.objects.filter(pk=key).first()
    if customer is None:
        raise Http404(gettext("There is no such customer: they may have been joined with another."))
    return customer


def customer_page(request: HttpRequest, key: int, model_admin: Any) -> HttpResponse:
    """The whole page; `room` names the one to open, `kind` filters the timeline, `before` is older."""
    return shown_page(request, customer_or_404(request, key), model_admin)


def live_view(request: HttpRequest, key: int, model_admin: Any) -> HttpResponse:
    """The parts of the page that change while it is open."""
    customer = customer_or_404(request, key)
    room = _room_of(request, customer)
    context = {**_conversation(request, customer, room), **_timeline(request, customer)}
    return TemplateResponse(request, "admin/desk/customer_live.html", context)


def shown_page(
    request: HttpRequest,
    customer: Customer,
    model_admin: Any,
    *,
    room: Room | None = None,
    status: int = 200,
    **given: Any,
) -> HttpResponse:
    """The page with what is `given`: a form that could not be taken, as `form`, `note_form` or
    `room_form`, or `unsent`, a text that could not be sent.
    """
    room = room or _room_of(request, customer)
    query = QueueQuery.read(request.session.get(QUEUE_KEY, {}))
    previous, following = neighbours(room, query, request.user)
    may = request.user.has_perm
    form = given.get("form")
    canned = canned_answers(customer, request.user) if may_answer(request.user) else []
    preview = next((one for one in canned if one["shortcut"] == request.GET.get("canned")), None)
    if preview and form is None:
        form = AnswerForm(initial={"body": preview["text"]})
    context = {
        **model_admin.admin_site.each_context(request),
        # Names and numbers do not belong into the title: browsers keep it in their history.
        "title": gettext("Customer"),
        "live_url": _live_url(request, customer, room),
        "previous": previous,
        "following": following,
        "rooms": _rooms(customer, request.user) if may("conversations.view_room") else [],
        "identities": customer.identities.order_by("kind", "-first_seen_at")[:20],
        "cards": _cards(request, customer),
        "note_form": given.get("note_form") or NoteForm()
        if may("conversations.add_note")
        else None,
        "unsent": given.get("unsent", ""),
        "canned": canned,
        "preview": preview,
        "may_handle_data": may("privacy.export_customer") or may("privacy.erase_customer"),
        **looked_up(request),
        **_changing(customer, room, request.user, given.get("room_form")),
        **_profile(request, customer),
        **_conversation(request, customer, room, form),
        **_timeline(request, customer),
    }
    return TemplateResponse(request, "admin/desk/customer.html", context, status=status)


def _changing(
    customer: Customer, room: Room | None, user: Any, room_form: RoomForm | None
) -> dict[str, Any]:
    """The forms that change the open room."""
    if room is None or not user.has_perm("conversations.change_room"):
        return {"may_change_rooms": False}
    return {
        "may_change_rooms": True,
        "assign_form": AssignForm(initial={"to": room.assigned_to_id}),
        "snooze_form": SnoozeForm(),
        "room_form": room_form or RoomForm.of(room),
        "may": {state: may_move(room.status, state) for state in Room.Status.values},
        "macros": macros_for(customer, user),
        "macro_token": uuid4().hex,
    }


def _rooms(customer: Customer, user: Any) -> list[Room]:
    rooms = Room.objects.filter(rooms_open_to(user), customer=customer)
    rooms = rooms.select_related("assigned_to")
    return list(rooms.order_by(F("last_message_at").desc(nulls_last=True), "-pk")[:SHOWN_ROOMS])


def _room_of(request: HttpRequest, customer: Customer) -> Room | None:
    """The room that the address names; else the one that waits, an open one, the latest."""
    if not request.user.has_perm("conversations.view_room"):
        return None
    rooms = Room.objects.filter(rooms_open_to(request.user), customer=customer)
    rooms = rooms.select_related(*SHOWN_WITH).prefetch_related("labels")
    wanted = request.GET.get("room", "")
    if wanted.isdecimal() and (room := rooms.filter(pk=int(wanted[:18])).first()):
        return room
    found = rooms.order_by(F("last_message_at").desc(nulls_last=True), "-pk")
    return (
        rooms.filter(status=Room.Status.OPEN, waiting_since__isnull=False)
        .order_by("waiting_since", "pk")
        .first()
        or found.exclude(status=Room.Status.RESOLVED).first()
        or found.first()
    )


def _conversation(
    request: HttpRequest, customer: Customer, room: Room | None, form: forms.Form | None = None
) -> dict[str, Any]:
    """The open room: its newest messages, who has it, and what may be sent."""
    shown: dict[str, Any] = {
        "customer": customer,
        "room": room,
        "may_answer": may_answer(request.user),
    }
    if room is None:
        return shown
    messages = []
    if request.user.has_perm("conversations.view_message"):
        messages = transcript_part(room, before=None, length=SHOWN_MESSAGES)
    transcript = reverse("admin:conversations_room_change", args=[room.pk])
    is_full = len(messages) == SHOWN_MESSAGES
    address = reverse("admin:customer360_customer_answer", args=[customer.pk, room.pk])
    answering = composer_of(room, request.user, url=address, form=form)
    holder = room.assigned_to
    if answering and holder and holder != request.user:
        for asked in filter(None, (answering["form"], answering["picker"])):
            asked.fields["although"] = forms.BooleanField(
                required=False,
                label=gettext("Answer although this is %(holder)s’s")
                % {"holder": shown_name(holder)},
            )
    return {
        **shown,
        "transcript": with_delivery(messages),
        "earlier_url": f"{transcript}?before={messages[0].pk}" if is_full else "",
        "present": note_presence(room=room, user=request.user),
        "holder": shown_name(holder),
        "seen": RoomSeen.of(room).text,
        "changed_by": shown_name(room.changed_by),
        "resolved_by": shown_name(room.resolved_by),
        "is_mine": bool(holder and holder == request.user),
        "waits": bool(room.waiting_since and room.status == Room.Status.OPEN),
        "answering": answering,
        "now": now(),
    }


def _timeline(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    known = {name for name, _ in KINDS}
    picked = [kind for kind in request.GET.getlist("kind") if kind in known]
    cursor = request.GET.get("before", "")
    may = request.user.has_perm
    entries, older = timeline(customer.pk, user=request.user, kinds=picked, cursor=cursor)
    room = request.GET.get("room", "")
    room = room if room.isdecimal() else ""
    visible = {source.kind for source in SOURCES.values() if may(source.permission)}
    return {
        "entries": entries,
        "older": older,
        "changeable_since": now() - CHANGEABLE_FOR,
        "picked": picked,
        "is_older_page": bool(cursor),
        "kinds": [(name, label, name in picked) for name, label in KINDS if name in visible],
        "room_parameter": f"room={room}&" if room else "",
        "kind_parameters": "".join(f"kind={kind}&" for kind in picked),
    }


def _live_url(request: HttpRequest, customer: Customer, room: Room | None) -> str:
    """Where the page asks for news; an older part of the timeline has none."""
    address = reverse("admin:customer360_customer_live", args=[customer.pk])
    given = request.GET.copy()
    if room is not None:
        given["room"] = str(room.pk)
    return f"{address}?{given.urlencode()}"


def _cards(request: HttpRequest, customer: Customer) -> list[Any]:
    if not request.user.has_perm("carddata.view_cardstatus"):
        return []
    cards = cards_of_customer(customer.pk)
    if cards:
        note_cards(caller_of(request), CardAccess.Kind.PAGE, cards)
    return cards


def _profile(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    if not request.user.has_perm("customer360.view_customerprofile"):
        return {"profile": None}
    profile = profile_of(customer.pk)
    if profile is None:
        return {"profile": None}
    built = current_build()
    return {
        "profile": profile,
        "score_words": score_words(profile),
        "churn_words": churn_words(profile, built.as_of),
    }


def log_room_changes(request: HttpRequest, keys: list[int], words: str) -> None:
    """A line of the admin's history for each room, in one statement."""
    user: Any = request.user
    if keys:
        LogEntry.objects.log_actions(
            user_id=user.pk,
            queryset=list(Room.objects.filter(pk__in=keys)),
            action_flag=CHANGE,
            change_message=words,
        )


def room_or_refused(request: HttpRequest, customer: Customer, key: int) -> Room:
    """The customer's room that something is posted to."""
    rooms = Room.objects.filter(rooms_open_to(request.user), customer=customer)
    rooms = rooms.select_related(*SHOWN_WITH).prefetch_related("labels")
    room = rooms.filter(pk=key).first()
    may_see = request.user.has_perm("conversations.view_room")
    if room is None or request.method != "POST" or not may_see:
        raise PermissionDenied
    return room
