"""What of the trail may be exported."""

from import_export.fields import Field

from funnel_site.audit.models import AuditEntry
from funnel_site.lib.spreadsheet import SpreadsheetResource, SpreadsheetTextWidget


class AuditResource(SpreadsheetResource):
    """The trail, an entry a row."""

    about = Field("content_type__model", "about", SpreadsheetTextWidget())

    class Meta:
        model = AuditEntry
        fields = (
            "timestamp",
            "who",
            "kind",
            "about",
            "object_pk",
            "words",
            "path",
            "remote_addr",
            "cid",
            "changes",
            "additional_data",
        )
        export_order = fields
