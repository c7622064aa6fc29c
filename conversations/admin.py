"""The staff screens of conversations: look, search, export, press a button that calls a service."""

from contextlib import suppress
from typing import Any

import orjson
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timezone import now
from import_export.admin import ExportActionModelAdmin, ImportExportModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from conversations.models import (
    Customer,
    CustomerIdentity,
    IdentityChange,
    InboundEvent,
    Message,
    Room,
)
from conversations.resources import CustomerResource, MessageResource
from conversations.selectors import room_transcript
from conversations.services.inbox import replay_events
from conversations.services.joining import undo_change
from conversations.services.waking import wake_after_commit
from funnel_site.lib.phone import phone_search_digits
from funnel_site.lib.staff import RecordAdmin, StaffAdmin, action, display

TRANSCRIPT_LENGTH = 500
BODY_SHOWN = 20_000


class IdentityInline(admin.TabularInline[CustomerIdentity, Customer]):
    """The keys by which a customer is known."""

    model = CustomerIdentity
    extra = 0
    can_delete = False
    readonly_fields = ("kind", "value", "first_seen_at")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Customer)
class CustomerAdmin(ImportExportModelAdmin, StaffAdmin):
    resource_classes = [CustomerResource]
    list_display = ("shown_name", "phone_number", "rooms_link", "first_seen_at", "last_seen_at")
    list_filter = (
        ("last_seen_at", RangeDateTimeFilter),
        ("opted_out_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "phone_number", "email")
    search_help_text = "Name, phone number in any format, or e-mail"
    readonly_fields = ("phone_number", "first_seen_at", "last_seen_at", "opted_out_at")
    fields = ("name", "phone_number", "email", "first_seen_at", "last_seen_at", "opted_out_at")
    inlines = (IdentityInline,)
    ordering = ("-last_seen_at", "-id")
    change_form_after_template = "admin/conversations/customer_rooms.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        """A phone number is found however it is written."""
        digits = phone_search_digits(search_term)
        if len(digits) >= 4 and not any(letter.isalpha() for letter in search_term):
            return queryset.filter(phone_number__contains=digits), False
        return super().get_search_results(request, queryset, search_term)  # type: ignore[no-any-return]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        rooms = Room.objects.filter(customer__pk=object_id).annotate(number=Count("messages"))
        context = {"rooms": rooms.order_by("-last_message_at")[:50], **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)  # type: ignore[no-any-return]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.change_customer")

    @display(description="Name", ordering="name")
    def shown_name(self, customer: Customer) -> str:
        return str(customer)

    @display(description="Rooms")
    def rooms_link(self, customer: Customer) -> str:
        address = reverse("admin:conversations_room_changelist")
        return format_html('<a href="{}?customer__id__exact={}">Show</a>', address, customer.pk)


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


@admin.register(InboundEvent)
class InboundEventAdmin(RecordAdmin):
    list_display = ("number", "shown_state", "source", "error_code", "error", "age", "attempts")
    list_display_links = ("number", "shown_state")
    list_filter = ("state", "source", "error_code")
    search_fields = ("=dedupe_key",)
    search_help_text = "The delivery's key"
    ordering = ("-id",)
    actions = ("replay",)
    actions_list = ("replay_all",)
    actions_detail = ("replay_one",)
    fields = (
        "source",
        "dedupe_key",
        "shown_state",
        "error_code",
        "error",
        "attempts",
        "received_at",
        "processed_at",
        "shown_headers",
        "shown_body",
        "shown_messages",
    )
    readonly_fields = fields

    def has_replay_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("conversations.change_inboundevent")

    @admin.action(description="Replay selected dead letters", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> None:
        self._replay(request, queryset)

    @action(description="Replay all dead letters", permissions=["replay"], icon="replay")
    def replay_all(self, request: HttpRequest) -> HttpResponse:
        self._replay(request, InboundEvent.objects.filter(state=InboundEvent.State.FAILED))
        return self._back()

    @action(description="Replay", permissions=["replay"], icon="replay")
    def replay_one(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self._replay(request, InboundEvent.objects.filter(pk=object_id))
        return self._back()

    def _replay(self, request: HttpRequest, events: QuerySet[InboundEvent]) -> None:
        wanted = list(events.values_list("pk", flat=True))
        number = replay_events(InboundEvent.objects.filter(pk__in=wanted))
        wake_after_commit()
        left = InboundEvent.objects.filter(pk__in=wanted, state=InboundEvent.State.FAILED).count()
        self.log_change(
            request,
            InboundEvent(pk=wanted[0] if wanted else None),
            f"Replayed {number} dead letters",
        )
        self.message_user(request, f"Replayed {number}; {left} of them are dead letters now.")

    def _back(self) -> HttpResponse:
        return redirect("admin:conversations_inboundevent_changelist")

    @display(description="Event", ordering="pk")
    def number(self, event: InboundEvent) -> str:
        return str(event.pk)

    @display(
        description="State",
        ordering="state",
        label={"Waiting": "info", "Processed": "success", "Dead letter": "danger"},
    )
    def shown_state(self, event: InboundEvent) -> str:
        return event.get_state_display()

    @display(description="Age", ordering="received_at")
    def age(self, event: InboundEvent) -> str:
        seconds = int((now() - event.received_at).total_seconds())
        for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
            if seconds >= size:
                return f"{seconds // size} {unit}"
        return f"{seconds} s"

    @display(description="Body")
    def shown_body(self, event: InboundEvent) -> str:
        return format_html('<pre class="fs-raw">{}</pre>', pretty(bytes(event.body)))

    @display(description="Headers")
    def shown_headers(self, event: InboundEvent) -> str:
        lines = "\n".join(f"{name}: {value}" for name, value in event.headers.items())
        return format_html('<pre class="fs-raw">{}</pre>', lines)

    @display(description="Became")
    def shown_messages(self, event: InboundEvent) -> str:
        message = event.messages.select_related("room").first()
        if message is None:
            return "No message"
        address = reverse("admin:conversations_room_change", args=[message.room_id])
        return format_html('<a href="{}">Message in room {}</a>', address, message.room.external_id)


def pretty(body: bytes) -> str:
    """A body for reading: JSON laid out, anything else as far as it is text."""
    with suppress(orjson.JSONDecodeError):
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)
    return body[:BODY_SHOWN].decode("utf-8", "replace")


@admin.register(IdentityChange)
class IdentityChangeAdmin(RecordAdmin):
    list_display = ("made_at", "customer", "change", "kind", "value")
    list_filter = ("change", "kind")
    list_select_related = ("customer",)
    actions = ("part_again",)

    def has_part_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.change_customer")

    @admin.action(description="Undo the selected joins", permissions=["part"])
    def part_again(self, request: HttpRequest, queryset: QuerySet[IdentityChange]) -> None:
        """One at a time, the newest first: a later join may rest on an earlier one."""
        changes = list(queryset.filter(change=IdentityChange.Change.JOINED).order_by("-pk"))
        undone = sum(undo_change(change=change) for change in changes)
        self.message_user(request, f"{undone} joins undone. Nothing of either customer is lost.")
