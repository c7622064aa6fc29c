"""Rooms and messages: the transcript with the facts that each message gave."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from import_export.admin import ExportActionModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from conversations.models import Message, Room
from conversations.resources import MessageResource
from conversations.selectors import room_transcript
from funnel_site.lib.staff import RecordAdmin, display

TRANSCRIPT_LENGTH = 500


@admin.register(Room)
class RoomAdmin(RecordAdmin):
    list_display = (
        "shown_customer",
        "phone",
        "shown_channel",
        "shown_status",
        "started_at",
        "last_message_at",
        "external_id",
    )
    list_filter = ("status", "channel", ("last_message_at", RangeDateTimeFilter))
    search_fields = ("=external_id", "customer__name", "customer__phone_number")
    search_help_text = "Room id, name or phone number"
    list_select_related = ("customer",)
    ordering = ("-last_message_at", "-id")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The transcript, oldest first, with the facts that each message gave."""
        room = self.get_object(request, object_id)
        if room is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        if not self.has_view_permission(request, room):
            return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]
        messages = list(room_transcript(room).prefetch_related("evidence")[:TRANSCRIPT_LENGTH])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": room,
            "title": f"Conversation with {room.customer or 'an unidentified customer'}",
            "room": room,
            "transcript": messages,
            "is_cut": len(messages) == TRANSCRIPT_LENGTH,
            "funnels": room.funnels.order_by("cycle").select_related("keyword"),
            "participants": room.participants.all(),
        }
        return TemplateResponse(request, "admin/conversations/room/transcript.html", context)

    @display(description="Customer", ordering="customer__name")
    def shown_customer(self, room: Room) -> str:
        return str(room.customer or "Unidentified")

    @display(description="Phone")
    def phone(self, room: Room) -> str:
        return room.customer.phone_number if room.customer else ""

    @display(description="Channel", ordering="channel")
    def shown_channel(self, room: Room) -> str:
        return room.get_channel_display()

    @display(description="Status", label={"Open": "success", "Closed": "info"})
    def shown_status(self, room: Room) -> str:
        return room.get_status_display()


@admin.register(Message)
class MessageAdmin(ExportActionModelAdmin, RecordAdmin):
    resource_classes = [MessageResource]
    list_display = ("sent_at", "sender", "snippet", "shown_customer", "room_link", "flags")
    list_filter = ("sender", ("sent_at", RangeDateTimeFilter))
    search_fields = ("=external_id", "=room__external_id")
    search_help_text = "Message id or room id"
    list_select_related = ("customer", "room")
    ordering = ("-id",)

    @display(description="Message")
    def snippet(self, message: Message) -> str:
        return message.body[:80] or f"{len(message.media)} attachments"

    @display(description="Customer")
    def shown_customer(self, message: Message) -> str:
        return str(message.customer or "Unidentified")

    @display(description="Room")
    def room_link(self, message: Message) -> str:
        address = reverse("admin:conversations_room_change", args=[message.room_id])
        return format_html('<a href="{}">Transcript</a>', address)
