"""The access log: who looked at which card. Nobody changes it."""

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter

from carddata.models import CardAccess
from carddata.resources import CardAccessResource
from funnel_site.lib.staff import RecordAdmin, display


@admin.register(CardAccess)
class CardAccessAdmin(RecordAdmin):
    resource_classes = [CardAccessResource]
    list_display = ("at", "shown_who", "shown_kind", "subject", "shown_outcome", "found")
    list_filter = ("kind", "outcome", ("at", RangeDateTimeFilter))
    search_fields = ("=subject", "=who", "=key_prefix")
    search_help_text = _("Card id, name of a person or a key, or a key's prefix")
    ordering = ("-at", "-id")
    list_before_template = "admin/carddata/cardaccess_help.html"

    @display(description=_("Who"), ordering="who")
    def shown_who(self, access: CardAccess) -> str:
        return (
            gettext("%(who)s (key %(key_prefix)s)")
            % {"who": access.who, "key_prefix": access.key_prefix}
            if access.key_prefix
            else access.who
        )

    @display(description=_("Asked for"), ordering="kind")
    def shown_kind(self, access: CardAccess) -> str:
        return access.get_kind_display()

    @display(
        description=_("Answer"),
        ordering="outcome",
        label={"Found": "success", "Not found": "info", "Refused": "danger"},
    )
    def shown_outcome(self, access: CardAccess) -> str:
        return access.get_outcome_display()
