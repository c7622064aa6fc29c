"""What staff may export of cards, safe to open in a spreadsheet. Partners' files come in another way."""

from import_export.fields import Field

from carddata.models import CardAccess, CardStatus
from carddata.statuses import LABELS
from funnel_site.lib.spreadsheet import (
    SpreadsheetResource,
    SpreadsheetTextWidget,
    WordsWidget,
)


class CardStatusResource(SpreadsheetResource):
    """Cards with their current status and where it comes from."""

    status = Field("status", "status", WordsWidget(LABELS))
    phone_number = Field("contact", "phone_number", SpreadsheetTextWidget())
    partner = Field("partner__name", "partner", SpreadsheetTextWidget())
    file = Field("event__file__name", "file", SpreadsheetTextWidget())
    line = Field("event__line", "line")

    class Meta:
        model = CardStatus
        fields = (
            "card_id",
            "status",
            "occurred_at",
            "comment",
            "phone_number",
            "partner",
            "file",
            "line",
            "updated_at",
        )
        export_order = fields


class CardAccessResource(SpreadsheetResource):
    """Who asked for which card, for an audit."""

    class Meta:
        model = CardAccess
        fields = ("at", "who", "key_prefix", "kind", "subject", "outcome", "found", "request_id")
        export_order = fields
