"""What staff may export and import of funnels and keywords, safe to open in a spreadsheet."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from import_export.fields import Field

from funnel_site.lib.spreadsheet import SpreadsheetResource, SpreadsheetTextWidget
from funnels.keyword_rows import CHANNEL_LENGTH, PHRASE_LENGTH
from funnels.models import Funnel, Keyword
from funnels.stages import Stage


class FunnelResource(SpreadsheetResource):
    """Report rows, the six seed columns first."""

    channel = Field("channel", "channel", SpreadsheetTextWidget())
    phone_number = Field("customer__phone_number", "phone_number", SpreadsheetTextWidget())
    room_id = Field("room__external_id", "room_id", SpreadsheetTextWidget())
    keyword = Field("keyword__phrase", "keyword", SpreadsheetTextWidget())

    class Meta:
        model = Funnel
        fields = (
            "leads_date",
            "channel",
            "phone_number",
            "booking_date",
            "transaction_date",
            "transaction_value",
            "currency",
            "stage",
            "room_id",
            "cycle",
            "keyword",
            "lead_basis",
            "anomalies",
        )
        export_order = fields

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("room", "customer", "keyword")


class KeywordResource(SpreadsheetResource):
    """Keywords by stage and phrase."""

    class Meta:
        model = Keyword
        import_id_fields = ("stage", "phrase")
        fields = ("stage", "phrase", "channel", "mode", "is_active")
        export_order = fields
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """Fold blanks and case, so that one keyword has one spelling."""
        stage = str(row.get("stage") or "opening").strip().casefold()
        phrase = " ".join(str(row.get("phrase") or row.get("keyword") or "").split())
        channel = str(row.get("channel") or "").strip().casefold()
        if stage not in {one.value for one in Stage}:
            raise ValidationError({"stage": gettext("One of opening, booking, transaction.")})
        if not phrase or len(phrase) > PHRASE_LENGTH:
            raise ValidationError({"phrase": f"1 to {PHRASE_LENGTH} characters."})
        if len(channel) > CHANNEL_LENGTH:
            raise ValidationError(
                {"channel": gettext("At most %(most)s characters.") % {"most": CHANNEL_LENGTH}}
            )
        row |= {
            "stage": stage,
            "phrase": phrase,
            "channel": channel,
            "mode": row.get("mode") or Keyword.Mode.PHRASE.value,
            "is_active": row.get("is_active") or "1",
        }
