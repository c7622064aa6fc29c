"""What about partners' files a person has to look at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from carddata.models import StaffNotice
from funnel_site.lib.money import shown_count
from funnel_site.lib.staff import RecordAdmin, display


@admin.register(StaffNotice)
class StaffNoticeAdmin(RecordAdmin):
    told = (
        "subject",
        "body",
    )
    few_rows = True
    list_display = ("made_at", "subject", "file_link", "shown_seen")
    list_filter = (("seen_at", admin.EmptyFieldListFilter),)
    list_select_related = ("file", "seen_by")
    search_fields = ("subject",)
    actions = ("mark_seen",)

    def has_seen_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("carddata.change_staffnotice")

    @admin.action(description=_("Mark as seen"), permissions=["seen"])
    def mark_seen(self, request: HttpRequest, queryset: QuerySet[StaffNotice]) -> None:
        number = queryset.filter(seen_at=None).update(seen_at=now(), seen_by=request.user)
        self.message_user(
            request, gettext("Marked %(number)s as seen.") % {"number": shown_count(number)}
        )

    @display(description=_("File"))
    def file_link(self, notice: StaffNotice) -> str:
        if notice.file is None:
            return ""
        address = reverse("admin:carddata_partnerfile_change", args=[notice.file_id])
        return format_html('<a href="{}">{}</a>', address, notice.file.name)

    @display(description=_("State"), label={"Open": "warning"})
    def shown_seen(self, notice: StaffNotice) -> str:
        return (
            gettext("Seen by %(seen_by)s") % {"seen_by": notice.seen_by or gettext("somebody")}
            if notice.seen_at
            else gettext("Open")
        )
