"""What staff may export of a segment's members."""

from import_export.fields import Field

from customer360.models import SegmentMembership
from funnel_site.lib.spreadsheet import SpreadsheetResource, SpreadsheetTextWidget


class MembershipResource(SpreadsheetResource):
    """One row a stay of a customer in a segment."""

    segment = Field("segment__name", "segment", SpreadsheetTextWidget())
    customer_id = Field("customer_id", "customer_id")
    name = Field("customer__name", "name", SpreadsheetTextWidget())
    phone_number = Field("customer__phone_number", "phone_number", SpreadsheetTextWidget())

    class Meta:
        model = SegmentMembership
        fields = ("segment", "customer_id", "name", "phone_number", "entered_on", "left_on")
        export_order = fields
