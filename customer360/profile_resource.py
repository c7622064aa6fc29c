"""What staff may export of profiles: the dictionary's fields under the dictionary's names."""

from django.utils.translation import gettext as _
from import_export.fields import Field

from customer360.fields import FIELDS
from customer360.models import CustomerProfile
from customer360.selectors.answers import current_build
from funnel_site.lib.spreadsheet import SpreadsheetResource, SpreadsheetTextWidget
from funnel_site.lib.words import translated


class ProfileResource(SpreadsheetResource):
    """One row a customer; the columns are those of docs/metrics.md, in its order."""

    customer_id = Field("pk", "customer_id")
    name = Field("customer__name", "name", SpreadsheetTextWidget())
    phone_number = Field("customer__phone_number", "phone_number", SpreadsheetTextWidget())

    class Meta:
        model = CustomerProfile
        fields = ("customer_id", "name", "phone_number", *(one.key for one in FIELDS))
        export_order = fields

    @property
    def meanings(self) -> dict[str, str]:  # type: ignore[override] # in the reader's language
        """Formula and what stands where nothing is known, from the dictionary."""
        return {
            one.key: f"{translated(one.formula)}; {translated(one.null_rule)}" for one in FIELDS
        }

    def told(self) -> list[tuple[str, str]]:
        """The build that the page's figures are of, its day, and how far it had read each source."""
        built = current_build()
        if not built.id:
            return [(_("Profiles of build"), _("none yet"))]
        return [
            (_("Profiles of build"), str(built.id)),
            (_("As of"), str(built.as_of)),
            (_("Built at"), built.finished_at),
            *(
                (_("Read up to"), f"{mark.title}: {mark.newest} ({mark.day or '–'})")
                for mark in built.marks
            ),
        ]
