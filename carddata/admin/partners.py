"""Partners as rows: their settings, tried on a sample before anything is saved."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from carddata.admin.cards import local_text
from carddata.admin.partner_form import PartnerForm
from carddata.models import CardEvent, Partner
from carddata.profiles import FIELDS
from carddata.services.partners import apply_partner, unknown_words
from carddata.services.starting import start_applying
from carddata.statuses import LABELS, Status
from funnel_site.lib.staff import StaffAdmin, display
from funnel_site.lib.words import translated

APPLIED_AT_ONCE = 20_000
WORDS_SHOWN = 20
OLD_EVENTS = ("status_map", "default_status", "rank")


@admin.register(Partner)
class PartnerAdmin(StaffAdmin):
    few_rows = True
    form = PartnerForm
    list_display = ("name", "shown_active", "file_pattern", "time_zone", "phone_region", "rank")
    list_filter = ("is_active",)
    search_fields = ("name", "file_pattern")
    change_form_after_template = "admin/carddata/partner/preview.html"
    change_form_before_template = "admin/carddata/partner/unknown_words.html"
    list_before_template = "admin/carddata/partner/before_list.html"
    fieldsets = (
        (None, {"fields": (("name", "is_active"), "file_pattern")}),
        (
            _("Columns"),
            {
                "fields": (
                    ("column_card_id", "column_timestamp"),
                    ("column_contact", "column_status"),
                    ("column_comment", "column_consignment_no"),
                ),
                "description": _("Blanks, marks and capitals in a column's name do not matter."),
            },
        ),
        (
            _("Reading"),
            {
                "fields": (
                    "formats",
                    ("time_zone", "phone_region"),
                    ("encoding", "delimiter"),
                )
            },
        ),
        (
            _("Status"),
            {"fields": ("words", ("default_status", "rank"), "max_reject_percent")},
        ),
        (_("Try it"), {"fields": ("sample",)}),
    )

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        change: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        form = context["adminform"].form
        if isinstance(form, PartnerForm):
            context["preview"] = shown_preview(form)
            context["to_mend"] = form.labelled_errors() if form.wants_preview else []
        if obj is not None:
            context["unknown_words"] = unknown_words(obj.pk)[:WORDS_SHOWN]
        return super().render_change_form(request, context, add, change, form_url, obj)  # type: ignore[no-any-return]

    def save_model(self, request: HttpRequest, obj: Partner, form: Any, change: Any) -> None:
        """Store the partner; where its words changed, what it said before is read anew."""
        before = Partner.objects.filter(pk=obj.pk).values(*OLD_EVENTS).first()
        super().save_model(request, obj, form, change)
        if before is None or before == {name: getattr(obj, name) for name in OLD_EVENTS}:
            return
        events = CardEvent.objects.filter(file__partner=obj)
        if events[APPLIED_AT_ONCE : APPLIED_AT_ONCE + 1].exists():
            start_applying(partner_id=obj.pk)
            self.message_user(
                request, gettext("What it said before is read anew in the background.")
            )
        elif changed := apply_partner(partner_id=obj.pk):
            number = number_format(changed, force_grouping=True)
            self.message_user(
                request,
                gettext("%(number)s events that were there have a new status now.")
                % {"number": number},
            )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A partner that ever sent a file stays, for its cards' history; it can be switched off."""
        if obj is not None and obj.files.exists():
            return False
        return bool(super().has_delete_permission(request, obj))

    @display(description=_("State"), label={"Active": "success", "Off": "warning"})
    def shown_active(self, partner: Partner) -> str:
        return gettext("Active") if partner.is_active else gettext("Off")


def shown_preview(form: PartnerForm) -> dict[str, Any] | None:
    """The preview in the words of the page; None where there is none to show."""
    found = form.preview()
    if found is None:
        return None
    zone = form.instance.time_zone
    return {
        "found": found,
        "delimiter": {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe"}.get(
            found.delimiter, found.delimiter
        ),
        "columns": [(field.replace("_", " "), found.columns.get(field)) for field in FIELDS],
        "rows": [
            (row, translated(LABELS[Status(row.status)]), local_text(row.occurred_at, zone))
            for row in found.rows
        ],
        "good": found.read - found.rejected,
        "is_cut": found.read > len(found.rows) + len(found.rejects),
        "unknown_words": sorted(found.unknown_words.items()),
    }
