"""The inbox: deliveries as they came, dead letters and their replay."""

from contextlib import suppress
from typing import Any

import orjson
from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timezone import now

from conversations.models import InboundEvent, RawFile
from conversations.services.inbox import replay_events
from conversations.services.waking import wake_after_commit
from funnel_site.lib.filters import IndexedValuesFilter, RecentValuesFilter, indexed_values
from funnel_site.lib.masking import HIDDEN, viewer
from funnel_site.lib.staff import RecordAdmin, action, confirmed, display

BODY_SHOWN = 20_000


@admin.register(InboundEvent)
class InboundEventAdmin(RecordAdmin):
    list_display = ("number", "shown_state", "source", "error_code", "error", "age", "attempts")
    list_display_links = ("number", "shown_state")
    list_filter = (
        "state",
        ("source", IndexedValuesFilter),
        ("error_code", RecentValuesFilter),
    )
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
        "raw_file",
        "received_at",
        "processed_at",
        "shown_headers",
        "shown_body",
        "shown_messages",
    )
    readonly_fields = fields

    def get_id_scopes(self) -> dict[str, dict[str, Any]]:
        """The key's index begins with the source."""
        if connection.vendor != "postgresql":
            return {}
        return {"dedupe_key": {"source__in": indexed_values(InboundEvent, "source")}}

    def has_replay_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("conversations.change_inboundevent")

    @admin.action(description="Replay selected dead letters", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> None:
        self._replay(request, queryset)

    @action(description="Replay all dead letters", permissions=["replay"], icon="replay")
    @confirmed
    def replay_all(self, request: HttpRequest) -> HttpResponse:
        self._replay(request, InboundEvent.objects.filter(state=InboundEvent.State.FAILED))
        return self._back()

    @action(description="Replay", permissions=["replay"], icon="replay")
    @confirmed
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
        return self._as_it_came(pretty(bytes(event.body)))

    @display(description="Headers")
    def shown_headers(self, event: InboundEvent) -> str:
        lines = "\n".join(f"{name}: {value}" for name, value in event.headers.items())
        return self._as_it_came(lines)

    @staticmethod
    def _as_it_came(text: str) -> str:
        user = viewer()
        if user is not None and not user.has_perm("conversations.see_payloads"):
            text = HIDDEN
        return format_html('<pre class="fs-raw">{}</pre>', text)

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


@admin.register(RawFile)
class RawFileAdmin(RecordAdmin):
    """What is in the archive; `replay_raw` brings it back."""

    few_rows = True
    list_display = ("name", "day", "source", "lines", "shown_size", "made_at")
    list_filter = ("source",)
    date_hierarchy = "day"
    search_fields = ("name",)

    @display(description="Size", ordering="size")
    def shown_size(self, file: RawFile) -> str:
        return filesizeformat(file.size)
