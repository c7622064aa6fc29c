"""What staff may export of profiles: the dictionary's fields under the dictionary's names."""

from import_export.fields import Field

from customer360.fields import FIELDS
from customer360.models import CustomerProfile
from funnel_site.lib.spreadsheet import SpreadsheetResource, SpreadsheetTextWidget


class ProfileResource(SpreadsheetResource):
    """One row a customer; the columns are those of docs/metrics.md, in its order."""

    customer_id = Field("pk", "customer_id")
    name = Field("customer__name", "name", SpreadsheetTextWidget())
    phone_number = Field("customer__phone_number", "phone_number", SpreadsheetTextWidget())

    class Meta:
        model = CustomerProfile
        fields = ("customer_id", "name", "phone_number", *(one.key for one in FIELDS))
        export_order = fields
