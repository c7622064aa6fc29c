"""The inbox: deliveries as they came, dead letters and their replay."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from conversations.models import InboundEvent, RawFile
from conversations.services.replaying import (
    MOST_ALONE,
    ask_for_replay,
    ask_to_ignore,
    dead_letters,
    ignore,
    replay,
    take_up,
    takes_two,
)
from conversations.services.revealing import pretty
from funnel_site.access.approval_admin import tell
from funnel_site.access.approvals import ApprovalError
from funnel_site.audit.reveal import may_reveal
from funnel_site.lib.filters import IndexedValuesFilter, RecentValuesFilter, indexed_values
from funnel_site.lib.marking import marked
from funnel_site.lib.masking import HIDDEN, viewer
from funnel_site.lib.money import shown_count
from funnel_site.lib.staff import RecordAdmin, action, confirmed, display


@admin.register(InboundEvent)
class InboundEventAdmin(RecordAdmin):
    told = ("error",)
    list_display = ("number", "shown_state", "source", "error_code", "error", "age", "attempts")
    list_display_links = ("number", "shown_state")
    list_filter = (
        "state",
        ("source", IndexedValuesFilter),
        ("error_code", RecentValuesFilter),
    )
    search_fields = ("=dedupe_key",)
    search_help_text = _("The delivery's key")
    ordering = ("-id",)
    actions = ("replay", "ignore", "take_up")
    actions_list = ("replay_all",)
    actions_detail = ("replay_one", "ignore_one", "take_up_one", "show")
    fields = (
        "source",
        "dedupe_key",
        "shown_state",
        "error_code",
        "error",
        "ignored_because",
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

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "replay/",
                wrap(require_POST(self.replay_many_view)),
                name="conversations_inboundevent_replay_many",
            ),
            path(
                "ignore/",
                wrap(require_POST(self.ignore_view)),
                name="conversations_inboundevent_ignore",
            ),
            *super().get_urls(),
        ]

    @admin.action(description=_("Replay selected dead letters"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> HttpResponse | None:
        wanted = queryset.filter(pk__in=dead_letters().values("pk"))
        ids = list(wanted.values_list("pk", flat=True))
        if takes_two(len(ids)):
            return self._ask(request, len(ids), ids)
        self._replay(request, InboundEvent.objects.filter(pk__in=ids))
        return None

    @action(description=_("Replay all dead letters"), permissions=["replay"], icon="replay")
    def replay_all(self, request: HttpRequest) -> HttpResponse:
        """Ask first, and for a reason where it takes two."""
        number = dead_letters().count()
        if request.method != "POST" or takes_two(number):
            return self._ask(request, number)
        self._replay(request, dead_letters())
        return self._back()

    @action(description=_("Replay"), permissions=["replay"], icon="replay")
    @confirmed
    def replay_one(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self._replay(request, InboundEvent.objects.filter(pk=object_id))
        return self._back()

    @admin.action(description=_("Ignore selected dead letters"), permissions=["replay"])
    def ignore(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> HttpResponse:
        """Ask why first. One that contradicts another can be closed, too."""
        failed = queryset.filter(state=InboundEvent.State.FAILED)
        ids = list(failed.values_list("pk", flat=True))
        return self._ask(request, len(ids), ids, is_ignore=True)

    @action(description=_("Ignore"), permissions=["replay"], icon="block")
    def ignore_one(self, request: HttpRequest, object_id: int) -> HttpResponse:
        answer: HttpResponse = self.ignore(request, InboundEvent.objects.filter(pk=object_id))
        return answer

    def ignore_view(self, request: HttpRequest) -> HttpResponse:
        """Close them with the reason; a hundred at once, more when somebody else confirms."""
        if not self.has_replay_permission(request):
            raise PermissionDenied
        ids, reason = _ids_of(request), request.POST.get("reason", "")
        wanted = InboundEvent.objects.filter(pk__in=ids, state=InboundEvent.State.FAILED)
        ids = list(wanted.values_list("pk", flat=True))
        try:
            if takes_two(len(ids)):
                approval = ask_to_ignore(user=request.user, reason=reason, ids=ids)
                self.log_change(request, InboundEvent(), approval.subject)
                tell(request, approval)
                return self._back()
            number = ignore(wanted, reason=reason)
        except ApprovalError as error:
            self.message_user(request, str(error), level="ERROR")
            return self._back()
        words = marked(
            "Ignored %(number)s dead letters: %(why)s", number=number, why=reason.strip()
        )
        self.log_change(request, InboundEvent(pk=ids[0] if ids else None), words)
        self.message_user(request, gettext("Closed %s dead letters.") % shown_count(number))
        return self._back()

    @admin.action(description=_("Take ignored ones up again"), permissions=["replay"])
    def take_up(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> None:
        number = take_up(
            InboundEvent.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        )
        self.log_change(
            request,
            InboundEvent(),
            marked("Took up %(number)s ignored deliveries again", number=number),
        )
        self.message_user(request, gettext("%s are dead letters again.") % shown_count(number))

    @action(description=_("Take up again"), permissions=["replay"], icon="undo")
    @confirmed
    def take_up_one(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self.take_up(request, InboundEvent.objects.filter(pk=object_id))
        return self._back()

    def has_show_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """For whom the body is hidden here, and may be shown for a while."""
        sees = request.user.has_perm("conversations.see_payloads")
        return may_reveal(request.user, "conversations.inboundevent") and not sees

    @action(description=_("Show it as it came"), permissions=["show"], icon="visibility")
    def show(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return redirect("reveal", "conversations.inboundevent", object_id)

    def replay_many_view(self, request: HttpRequest) -> HttpResponse:
        """What one person may not replay: asked for, with the reason."""
        if not self.has_replay_permission(request):
            raise PermissionDenied
        ids = _ids_of(request) or None
        try:
            approval = ask_for_replay(
                user=request.user, reason=request.POST.get("reason", ""), ids=ids
            )
        except ApprovalError as error:
            self.message_user(request, str(error), level="ERROR")
        else:
            self.log_change(request, InboundEvent(), approval.subject)
            tell(request, approval)
        return self._back()

    def _ask(
        self,
        request: HttpRequest,
        number: int,
        ids: Sequence[int] | None = None,
        *,
        is_ignore: bool = False,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Ignore dead letters")
            if is_ignore
            else gettext("Replay dead letters"),
            "is_ignore": is_ignore,
            "number": number,
            "takes_two": takes_two(number),
            "most_alone": MOST_ALONE,
            "ids": "" if ids is None else ",".join(map(str, ids)),
        }
        return TemplateResponse(request, "admin/conversations/inboundevent/replay.html", context)

    def _replay(self, request: HttpRequest, events: QuerySet[InboundEvent]) -> None:
        wanted = list(events.values_list("pk", flat=True))
        number = replay(InboundEvent.objects.filter(pk__in=wanted))
        left = InboundEvent.objects.filter(pk__in=wanted, state=InboundEvent.State.FAILED).count()
        self.log_change(
            request,
            InboundEvent(pk=wanted[0] if wanted else None),
            marked("Replayed %(number)s dead letters", number=number),
        )
        self.message_user(
            request,
            gettext("Replayed %(number)s; %(left)s of them are dead letters now.")
            % {"number": shown_count(number), "left": shown_count(left)},
        )

    def _back(self) -> HttpResponse:
        return redirect("admin:conversations_inboundevent_changelist")

    @display(description=_("Event"), ordering="pk")
    def number(self, event: InboundEvent) -> str:
        return str(event.pk)

    @display(
        description=_("State"),
        ordering="state",
        label={
            "Waiting": "info",
            "Processed": "success",
            "Dead letter": "danger",
            "Ignored": "warning",
        },
    )
    def shown_state(self, event: InboundEvent) -> str:
        return event.get_state_display()

    @display(description=_("Age"), ordering="received_at")
    def age(self, event: InboundEvent) -> str:
        seconds = int((now() - event.received_at).total_seconds())
        for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
            if seconds >= size:
                return f"{seconds // size} {unit}"
        return f"{seconds} s"

    @display(description=_("Body"))
    def shown_body(self, event: InboundEvent) -> str:
        return self._as_it_came(pretty(bytes(event.body)))

    @display(description=_("Headers"))
    def shown_headers(self, event: InboundEvent) -> str:
        lines = "\n".join(f"{name}: {value}" for name, value in event.headers.items())
        return self._as_it_came(lines)

    @staticmethod
    def _as_it_came(text: str) -> str:
        user = viewer()
        if user is not None and not user.has_perm("conversations.see_payloads"):
            text = HIDDEN
        return format_html('<pre class="fs-raw">{}</pre>', text)

    @display(description=_("Became"))
    def shown_messages(self, event: InboundEvent) -> str:
        message = event.messages.select_related("room").first()
        if message is None:
            return gettext("No message")
        address = reverse("admin:conversations_room_change", args=[message.room_id])
        return format_html(
            '<a href="{}">{} {}</a>', address, gettext("Message in room"), message.room.external_id
        )


def _ids_of(request: HttpRequest) -> list[int]:
    """The keys that a form carries from the page that asked."""
    return [int(one) for one in request.POST.get("ids", "").split(",") if one.isdecimal()]


@admin.register(RawFile)
class RawFileAdmin(RecordAdmin):
    """What is in the archive; `replay_raw` brings it back."""

    few_rows = True
    list_display = ("name", "day", "source", "lines", "shown_size", "made_at")
    list_filter = ("source",)
    date_hierarchy = "day"
    search_fields = ("name",)

    @display(description=_("Size"), ordering="size")
    def shown_size(self, file: RawFile) -> str:
        return filesizeformat(file.size)
