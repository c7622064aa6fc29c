"""Rooms and messages: the transcript with the facts that each message gave."""

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter

from conversations.composer import composer_of, may_answer, posted_answer
from conversations.models import Message, Referral, Room
from conversations.resources import MessageResource, MessageUploadResource
from conversations.selectors import (
    of_rooms_open_to,
    rooms_open_to,
    transcript_part,
    with_delivery,
    with_words,
)
from conversations.services.attention import lower_priority
from conversations.services.sending import SendingRefusedError, retry_sending
from conversations.services.takeover import pause_bot, resume_bot
from funnel_site.lib.importing import ImportList
from funnel_site.lib.masking import shown_phone, shown_words
from funnel_site.lib.staff import OwnPageMixin, RecordAdmin, display
from funnel_site.lib.words import translated

TRANSCRIPT_LENGTH = 200
SOURCES = ("crm", Room.SESSION_SOURCE, "twilio")
"""Where rooms and messages can be from; the index of their ids begins with it."""


@admin.register(Room)
class RoomAdmin(OwnPageMixin, RecordAdmin):
    list_display = (
        "shown_customer",
        "phone",
        "shown_channel",
        "shown_status",
        "shown_priority",
        "assigned_to",
        "team",
        "shown_labels",
        "last_message_at",
    )
    list_filter = (
        "status",
        "priority",
        "team",
        "labels",
        "assigned_to",
        "channel",
        ("last_message_at", RangeDateTimeFilter),
    )
    search_fields = ("=external_id", "customer__name")
    search_help_text = _("Room id, name, or phone number in any format")
    phone_path = "customer__phone_number"
    id_scopes = {"external_id": {"source__in": SOURCES}}
    list_select_related = ("customer", "assigned_to", "team")
    ordering = ("-last_message_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        return cast(
            "QuerySet[Room]",
            super()
            .get_queryset(request)
            .filter(rooms_open_to(request.user))
            .prefetch_related("labels"),
        )

    def own_page(self, request: HttpRequest, row: Room) -> HttpResponse:
        """The transcript, oldest first, with the facts that each message gave."""
        return self._page(request, row)

    def _page(self, request: HttpRequest, room: Room, form: Form | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": room,
            "title": gettext("Conversation with %(customer)s")
            % {"customer": room.customer or gettext("an unidentified customer")},
            "live_url": _live_url(request, room),
            "funnels": room.funnels.order_by("cycle").select_related("keyword"),
            "participants": room.participants.all(),
            "referrals": Referral.objects.filter(message__room=room).order_by("at")[:5],
            **self._shown(request, room, form),
        }
        return TemplateResponse(request, "admin/conversations/room/transcript.html", context)

    def _shown(self, request: HttpRequest, room: Room, form: Form | None = None) -> dict[str, Any]:
        """The transcript's newest messages, or those before the one that the address names."""
        before = request.GET.get("before", "")
        messages = transcript_part(
            room,
            before=int(before[:18]) if before.isdecimal() else None,
            length=TRANSCRIPT_LENGTH,
        )
        is_full = len(messages) == TRANSCRIPT_LENGTH
        return {
            "room": room,
            "may_answer": may_answer(request.user),
            "is_bot_paused": bool(room.bot_paused_until and room.bot_paused_until > now()),
            "transcript": with_delivery(messages),
            "earlier_url": f"?before={messages[0].pk}" if is_full else "",
            "answering": composer_of(
                room,
                request.user,
                url=reverse("admin:conversations_room_answer", args=[room.pk]),
                form=form,
            ),
        }

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/answer/", wrap(self.answer_view), name="conversations_room_answer"),
            path(
                "<int:key>/retry/<int:message>/",
                wrap(self.retry_view),
                name="conversations_room_retry",
            ),
            path("<int:key>/bot/", wrap(self.bot_view), name="conversations_room_bot"),
            path(
                "<int:key>/priority/", wrap(self.priority_view), name="conversations_room_priority"
            ),
            path("<int:key>/live/", wrap(self.live_view), name="conversations_room_live"),
            *super().get_urls(),
        ]

    def live_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The parts of the page that change while it is open."""
        room = self.get_object(request, str(key))
        if room is None or not self.has_view_permission(request, room):
            raise PermissionDenied
        context = self._shown(request, room)
        return TemplateResponse(request, "admin/conversations/room/live.html", context)

    def answer_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Keep an agent's answer and have it sent."""
        room = self._posted_to(request, key)
        outcome = posted_answer(request, room)
        if outcome.message is None:
            return self._page(request, room, outcome.form)
        self.log_change(request, room, "Answered")
        address = reverse("admin:conversations_room_change", args=[key])
        return redirect(f"{address}#message-{outcome.message.pk}")

    def retry_view(self, request: HttpRequest, key: int, message: int) -> HttpResponse:
        """Make another attempt at an answer that failed."""
        room = self._posted_to(request, key)
        failed = room.messages.filter(pk=message).select_related("room__customer").first()
        if failed is None or not may_answer(request.user):
            raise PermissionDenied
        try:
            retry_sending(
                message=failed, author=request.user, token=request.POST.get("token", "")[:64]
            )
        except SendingRefusedError as refusal:
            self.message_user(request, translated(refusal.words), level="ERROR")
        else:
            self.log_change(request, room, "Sent an answer again")
        if request.POST.get("to") == "desk" and room.customer_id is not None:
            desk = reverse("admin:customer360_customer", args=[room.customer_id])
            return redirect(f"{desk}?room={key}#message-{message}")
        return redirect("admin:conversations_room_change", key)

    def bot_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Take over from the bot, or let it answer again."""
        room = self._posted_to(request, key)
        if not may_answer(request.user):
            raise PermissionDenied
        if "pause" in request.POST:
            pause_bot(room=room)
            words = gettext("You have taken over: the bot is silent here.")
        else:
            resume_bot(room=room)
            words = gettext("The bot answers again.")
        self.log_change(request, room, words)
        self.message_user(request, words)
        return redirect("admin:conversations_room_change", key)

    def priority_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Let a room wait with the others again, once somebody has seen to it."""
        room = self._posted_to(request, key)
        if not may_answer(request.user):
            raise PermissionDenied
        lower_priority(room=room)
        self.log_change(request, room, "Priority back to normal")
        self.message_user(request, gettext("Priority back to normal."))
        return redirect("admin:conversations_room_change", key)

    def _posted_to(self, request: HttpRequest, key: int) -> Room:
        room = self.get_object(request, str(key))
        if room is None or request.method != "POST" or not self.has_view_permission(request, room):
            raise PermissionDenied
        return cast("Room", room)

    @display(description=_("Customer"), ordering="customer__name")
    def shown_customer(self, room: Room) -> str:
        return str(room.customer or gettext("Unidentified"))

    @display(description=_("Phone"))
    def phone(self, room: Room) -> str:
        return shown_phone(room.customer.phone_number) if room.customer else ""

    @display(description=_("Channel"), ordering="channel")
    def shown_channel(self, room: Room) -> str:
        return room.get_channel_display()

    @display(description=_("Priority"), ordering="priority")
    def shown_priority(self, room: Room) -> str:
        if not room.priority:
            return ""
        return format_html(
            '<span class="fs-status fs-priority-{}">{}</span>',
            room.priority,
            room.get_priority_display(),
        )

    @display(description=_("Labels"))
    def shown_labels(self, room: Room) -> str:
        return format_html_join(
            " ",
            '<span class="fs-label fs-label-{}">{}</span>',
            ((label.colour, label.name) for label in room.labels.all()),
        )

    @display(description=_("Status"), ordering="status")
    def shown_status(self, room: Room) -> str:
        return format_html(
            '<span class="fs-status{}">{}</span>',
            " fs-status-delivered" if room.status == Room.Status.OPEN else "",
            room.get_status_display(),
        )


@admin.register(Message)
class MessageAdmin(ImportList, RecordAdmin):
    resource_classes = [MessageResource]
    way_for_large_files = _("Hand in a large one with the command ingest_messages.")
    skip_admin_log = True
    list_display = ("sent_at", "sender", "snippet", "shown_customer", "room_link", "flags")
    list_filter = ("sender", ("sent_at", RangeDateTimeFilter))
    search_fields = ("=external_id", "=room__external_id", "body")
    search_help_text = _("Words of a message, its id, a room id, or a phone number in any format")
    phone_path = "customer__phone_number"
    id_scopes = {
        "external_id": {"source__in": SOURCES},
        "room__external_id": {"room__source__in": SOURCES},
    }
    list_select_related = ("customer", "room")
    ordering = ("-sent_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        theirs = of_rooms_open_to(request.user, "room")
        return cast("QuerySet[Message]", super().get_queryset(request).filter(theirs))

    def is_part_for(self, request: HttpRequest) -> bool:
        return bool(of_rooms_open_to(request.user, "room"))

    def by_words(
        self, queryset: QuerySet[Message], fields: list[str], words: list[str]
    ) -> QuerySet[Message]:
        """Whole words, by the full-text index where the database has one."""
        if connection.vendor != "postgresql":
            return super().by_words(queryset, fields, words)
        return with_words(queryset, " ".join(words))

    def get_import_resource_classes(self, request: HttpRequest) -> list[type[Any]]:
        return [MessageUploadResource]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.change_inboundevent")

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """After an import: say what went in, and leave a line of who did it."""
        new, known = result.totals["new"], result.totals["skip"]
        upload = Message(sender="Upload", sent_at=now())
        self.log_change(request, upload, f"Uploaded {new} messages; {known} were there")
        self.message_user(
            request,
            gettext("%(new)s messages went into the inbox; %(known)s were there already.")
            % {"new": new, "known": known},
        )
        return redirect("admin:conversations_message_changelist")

    @display(description=_("Message"))
    def snippet(self, message: Message) -> str:
        return shown_words(message.body[:80]) or gettext("%(number)s attachments") % {
            "number": len(message.media)
        }

    @display(description=_("Customer"))
    def shown_customer(self, message: Message) -> str:
        return str(message.customer or gettext("Unidentified"))

    @display(description=_("Room"))
    def room_link(self, message: Message) -> str:
        address = reverse("admin:conversations_room_change", args=[message.room_id])
        return format_html('<a href="{}">{}</a>', address, gettext("Transcript"))


def _live_url(request: HttpRequest, room: Room) -> str:
    """Where the page asks for news; an earlier part of a transcript has none."""
    if request.GET.get("before"):
        return ""
    return reverse("admin:conversations_room_live", args=[room.pk])
