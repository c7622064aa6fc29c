"""Files that customers sent: fetched when staff wish it, shown only where that is safe."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext

from conversations.models import Attachment
from conversations.selectors import of_rooms_open_to
from conversations.services.fetching import request_fetch
from funnel_site.lib.filters import RecentValuesFilter
from funnel_site.lib.staff import RecordAdmin
from funnel_site.lib.words import translated


@admin.register(Attachment)
class AttachmentAdmin(RecordAdmin):
    list_display = ("message", "content_type", "state", "reason", "size", "fetched_at")
    list_filter = ("state", ("content_type", RecentValuesFilter))
    list_select_related = ("message",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        theirs = of_rooms_open_to(request.user, "message__room")
        return super().get_queryset(request).filter(theirs)

    def is_part_for(self, request: HttpRequest) -> bool:
        return bool(of_rooms_open_to(request.user, "message__room"))

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/fetch/", wrap(self.fetch_view), name="conversations_attachment_fetch"),
            path("<int:key>/file/", wrap(self.file_view), name="conversations_attachment_file"),
            *super().get_urls(),
        ]

    def fetch_view(self, request: HttpRequest, key: int) -> HttpResponse:
        attachment = self._seen_by(request, key)
        if request.method != "POST":
            raise PermissionDenied
        if request_fetch(key):
            attachment.refresh_from_db()
            has_failed = attachment.state == Attachment.State.FAILED
            self.message_user(
                request,
                translated(attachment.reason) if has_failed else gettext("The file is fetched."),
                level="ERROR" if has_failed else "SUCCESS",
            )
        else:
            self.message_user(
                request, gettext("No worker could be told: try again later."), level="ERROR"
            )
        return redirect("admin:conversations_room_change", attachment.message.room_id)

    def file_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """The stored bytes. What a browser must not run is a download, whatever it says it is."""
        attachment = self._seen_by(request, key)
        if attachment.state != Attachment.State.STORED:
            raise PermissionDenied
        kind = attachment.content_type if attachment.is_inline else "application/octet-stream"
        return FileResponse(
            attachment.file.open("rb"),
            as_attachment=not attachment.is_inline,
            filename=f"attachment-{key}.{(attachment.file.name or '').rpartition('.')[2][:8]}",
            content_type=kind,
            headers={
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "Cache-Control": "private, no-store",
            },
        )

    def _seen_by(self, request: HttpRequest, key: int) -> Attachment:
        seen = self.get_queryset(request).select_related("message")
        attachment: Attachment | None = seen.filter(pk=key).first()
        if attachment is None or not request.user.has_perm("conversations.view_message"):
            raise PermissionDenied
        return attachment
