"""What staff may export and import of the source tables: the very columns and rules of `load_cdp`."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from import_export.fields import Field

from customer360.models import (
    Campaign,
    CampaignResponse,
    CustomerRecord,
    Product,
    Purchase,
    ServiceInteraction,
    SourceTable,
    WebsiteVisit,
)
from customer360.services.loading import FIELD_OF, MODELS, let_in
from customer360.services.records import note_new_numbers, place_new_records
from customer360.services.veiling import veil_records
from customer360.source_rows import SHAPES, CleanRow, Defaults, RowError, clean_row
from funnel_site.lib.spreadsheet import SpreadsheetResource, SpreadsheetTextWidget, unguard


def text(attribute: str, column: str) -> Field:
    return Field(attribute, column, SpreadsheetTextWidget())


class SourceResource(SpreadsheetResource):
    """A source table by its source's ids. A row goes in as it would from a file."""

    table: ClassVar[str]

    def _clean(self, row: dict[str, Any]) -> CleanRow:
        plain = {
            name: unguard(value) if isinstance(value, str) else value for name, value in row.items()
        }
        try:
            return clean_row(
                self.table,
                plain,
                Defaults(region=settings.PHONE_REGION, currency=settings.CURRENCY),
            )
        except RowError as error:
            raise ValidationError(str(error)) from error

    def get_instance(self, instance_loader: Any, row: dict[str, Any]) -> Any:
        return (
            MODELS[self.table]
            ._default_manager.filter(external_id=self._clean(row).external_id)
            .first()
        )

    def import_instance(self, instance: Any, row: dict[str, Any], **kwargs: Any) -> None:
        """Set all columns at once, by the rules of the files."""
        clean = self._clean(row)
        instance.external_id = clean.external_id
        for name, value in clean.values.items():
            setattr(instance, name, value)
        for column, parent in SHAPES[self.table].parents.items():
            key = clean.parents.get(column)
            held = MODELS[parent]._default_manager.filter(external_id=key).first() if key else None
            if key and held is None:
                raise ValidationError(f"{column}: there is no such row yet")
            setattr(instance, FIELD_OF[column], held)

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        let_in(self.table, [instance.external_id])


class CustomerRecordResource(SourceResource):
    table = SourceTable.CUSTOMER_INFO
    customer_id = text("external_id", "customer_id")
    phone_number = text("phone_number", "phone_number")

    class Meta:
        model = CustomerRecord
        import_id_fields = ("customer_id",)
        fields = (
            "customer_id",
            "first_name",
            "last_name",
            "email",
            "phone_number",
            "date_of_birth",
            "registration_date",
        )
        export_order = fields
        skip_unchanged = True
        report_skipped = True

    def dehydrate_phone_number(self, record: CustomerRecord) -> str:
        return record.phone_number or record.phone_text

    def import_instance(self, instance: CustomerRecord, row: dict[str, Any], **kwargs: Any) -> None:
        """As any row of a source; an erased customer's comes in without saying who it is."""
        super().import_instance(instance, row, **kwargs)
        veil_records([instance])

    def before_save_instance(self, instance: CustomerRecord, row: Any, **kwargs: Any) -> None:
        if instance.pk is None:
            return
        before = CustomerRecord.objects.values_list("phone_number", flat=True).get(pk=instance.pk)
        if before != instance.phone_number:
            note_new_numbers([instance])

    def do_instance_save(self, instance: CustomerRecord, is_create: Any) -> None:
        """A new record finds its customer by its number, as from a file."""
        if is_create:
            place_new_records([instance])
        else:
            instance.save()


class ProductResource(SourceResource):
    table = SourceTable.PRODUCT_CATALOG
    product_id = text("external_id", "product_id")

    class Meta:
        model = Product
        import_id_fields = ("product_id",)
        fields = ("product_id", "product_name", "category", "brand", "price", "launch_date")
        export_order = fields
        skip_unchanged = True
        report_skipped = True


class PurchaseResource(SourceResource):
    table = SourceTable.PURCHASE_TRANSACTIONS
    transaction_id = text("external_id", "transaction_id")
    customer_id = text("record__external_id", "customer_id")
    product_id = text("product__external_id", "product_id")

    class Meta:
        model = Purchase
        import_id_fields = ("transaction_id",)
        fields = (
            "transaction_id",
            "customer_id",
            "product_id",
            "purchase_date",
            "quantity",
            "total_amount",
            "currency",
            "store_id",
        )
        export_order = fields
        skip_unchanged = True
        report_skipped = True

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("record", "product")


class ServiceInteractionResource(SourceResource):
    table = SourceTable.CUSTOMER_SERVICE
    interaction_id = text("external_id", "interaction_id")
    customer_id = text("record__external_id", "customer_id")
    product_id = text("product__external_id", "product_id")

    class Meta:
        model = ServiceInteraction
        import_id_fields = ("interaction_id",)
        fields = (
            "interaction_id",
            "customer_id",
            "interaction_date",
            "interaction_type",
            "product_id",
            "resolution_status",
            "satisfaction_score",
        )
        export_order = fields
        skip_unchanged = True
        report_skipped = True

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("record", "product")


class CampaignResource(SourceResource):
    table = SourceTable.MARKETING_CAMPAIGNS
    campaign_id = text("external_id", "campaign_id")

    class Meta:
        model = Campaign
        import_id_fields = ("campaign_id",)
        fields = (
            "campaign_id",
            "campaign_name",
            "start_date",
            "end_date",
            "channel",
            "target_audience",
        )
        export_order = fields
        skip_unchanged = True
        report_skipped = True


class CampaignResponseResource(SourceResource):
    table = SourceTable.CAMPAIGN_RESPONSES
    response_id = text("external_id", "response_id")
    campaign_id = text("campaign__external_id", "campaign_id")
    customer_id = text("record__external_id", "customer_id")

    class Meta:
        model = CampaignResponse
        import_id_fields = ("response_id",)
        fields = ("response_id", "campaign_id", "customer_id", "response_date", "response_type")
        export_order = fields
        skip_unchanged = True
        report_skipped = True

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("record", "campaign")


class WebsiteVisitResource(SourceResource):
    table = SourceTable.WEBSITE_BEHAVIOR
    session_id = text("external_id", "session_id")
    customer_id = text("record__external_id", "customer_id")

    class Meta:
        model = WebsiteVisit
        import_id_fields = ("session_id",)
        fields = ("session_id", "customer_id", "visit_date", "pages_viewed", "time_spent", "source")
        export_order = fields
        skip_unchanged = True
        report_skipped = True

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("record")
