"""What staff may export and import of reviews, safe to open in a spreadsheet."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.timezone import now
from import_export.fields import Field

from conversations.models import Customer, CustomerIdentity
from funnel_site.lib.phone import PhoneError, normalise_phone
from funnel_site.lib.spreadsheet import (
    SpreadsheetMomentWidget,
    SpreadsheetResource,
    SpreadsheetTextWidget,
    unguard,
)
from funnel_site.lib.text import normalise
from funnel_site.lib.words import translated
from reviews.models import CatalogueProduct, Review
from reviews.services.catalogue import note_change


class ReviewResource(SpreadsheetResource):
    """Reviews, the seven columns of the list first. An import adds reviews and changes none.

    A row is known by its number, product and text: the same file again adds nothing.
    """

    template_columns = (
        "contact_number",
        "user_name",
        "product_name",
        "product_review",
        "created_at",
        "rating",
    )
    answered_by = Field(
        "answered_by__username", "answered_by", SpreadsheetTextWidget(), readonly=True
    )
    created_at = Field("created_at", "created_at", SpreadsheetMomentWidget())

    class Meta:
        model = Review
        fields = (
            "id",
            "contact_number",
            "user_name",
            "product_name",
            "product_review",
            "status",
            "created_at",
            "rating",
            "moderation",
            "hidden_because",
            "answer",
            "answered_by",
            "answered_at",
        )
        export_order = fields
        import_id_fields = ("contact_number", "product_name", "product_review")
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("answered_by")

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """One spelling of the number, and a time, before the row is looked up."""
        text = unguard(str(row.get("contact_number") or ""))
        try:
            phone = normalise_phone(text, settings.PHONE_REGION)
        except PhoneError as error:
            raise ValidationError({"contact_number": translated(error.args[0])}) from error
        row["contact_number"] = phone
        row["created_at"] = row.get("created_at") or now()

    def get_instance(self, instance_loader: Any, row: dict[str, Any]) -> Review | None:
        """The review that the row is already, so that a second import adds nothing."""
        known = Review.objects.filter(
            contact_number=row["contact_number"],
            product_name=unguard(str(row.get("product_name") or "")),
            product_review=unguard(str(row.get("product_review") or "")),
        )
        return known.first()

    def skip_row(
        self, instance: Review, original: Review, row: Any, import_validation_errors: Any = None
    ) -> bool:
        """What is there stays as the customer wrote it."""
        return instance.pk is not None or super().skip_row(
            instance, original, row, import_validation_errors
        )

    def import_field(self, field: Field, instance: Review, row: Any, **kwargs: Any) -> None:
        """Status, moderation and answers are ours; an import cannot set them."""
        if field.column_name in self.template_columns:
            super().import_field(field, instance, row, **kwargs)

    def before_save_instance(self, instance: Review, row: Any, **kwargs: Any) -> None:
        instance.customer = customer_of(instance.contact_number, instance.created_at)


def customer_of(phone: str, at: Any) -> Customer:
    """The customer who has the number, made where there is none."""
    known = CustomerIdentity.objects.filter(kind="phone", value=phone).select_related("customer")
    if identity := known.first():
        return identity.customer
    customer = Customer.objects.create(phone_number=phone, first_seen_at=at, last_seen_at=at)
    CustomerIdentity.objects.create(customer=customer, kind="phone", value=phone, first_seen_at=at)
    return customer


class CatalogueProductResource(SpreadsheetResource):
    """The catalogue. A row is known by its name, in any case; a product that no row names stays."""

    product = Field("name", "product", SpreadsheetTextWidget())

    class Meta:
        model = CatalogueProduct
        fields = ("product", "aliases", "is_active", "source")
        export_order = fields
        import_id_fields = ("product",)
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True

    def get_instance(self, instance_loader: Any, row: dict[str, Any]) -> CatalogueProduct | None:
        folded = normalise(unguard(str(row.get("product") or "")))
        return CatalogueProduct.objects.filter(folded=folded).first()

    def import_field(
        self, field: Field, instance: CatalogueProduct, row: Any, **kwargs: Any
    ) -> None:
        """Where a product came from is ours to say; an empty cell for "active" leaves it."""
        is_empty = field.column_name == "is_active" and not str(row.get("is_active") or "").strip()
        if field.column_name != "source" and not is_empty:
            super().import_field(field, instance, row, **kwargs)

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Once a file, and rolled back with it where it is only tried."""
        note_change()
