"""What staff may export and import of conversations, safe to open in a spreadsheet."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.timezone import now
from import_export.fields import Field

from conversations.models import Customer, CustomerIdentity, Message
from funnel_site.lib.phone import PhoneError, normalise_phone
from funnel_site.lib.spreadsheet import SpreadsheetResource, SpreadsheetTextWidget


class CustomerResource(SpreadsheetResource):
    """Customers by phone number: names and e-mail addresses can be mended, people added."""

    class Meta:
        model = Customer
        import_id_fields = ("phone_number",)
        fields = ("phone_number", "name", "email", "first_seen_at", "last_seen_at", "opted_out_at")
        export_order = fields
        skip_unchanged = True
        report_skipped = True

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """One spelling of the number, before it is looked up."""
        text = str(row.get("phone_number") or "").lstrip("'")
        try:
            row["phone_number"] = normalise_phone(text, settings.PHONE_REGION)
        except PhoneError as error:
            raise ValidationError({"phone_number": str(error)}) from error

    def get_instance(self, instance_loader: Any, row: dict[str, Any]) -> Customer | None:
        """The customer who has the number, also where it is not the main one."""
        identity = (
            CustomerIdentity.objects.filter(kind="phone", value=row["phone_number"])
            .select_related("customer")
            .first()
        )
        return identity.customer if identity else None

    def import_field(self, field: Field, instance: Customer, row: Any, **kwargs: Any) -> None:
        """Times of sight are ours; an import cannot set them."""
        if field.attribute in ("name", "email") or instance.pk is None:
            super().import_field(field, instance, row, **kwargs)

    def before_save_instance(self, instance: Customer, row: Any, **kwargs: Any) -> None:
        moment = now()
        instance.first_seen_at = instance.first_seen_at or moment
        instance.last_seen_at = instance.last_seen_at or moment

    def after_save_instance(self, instance: Customer, row: Any, **kwargs: Any) -> None:
        CustomerIdentity.objects.get_or_create(
            kind="phone",
            value=instance.phone_number,
            defaults={"customer": instance, "first_seen_at": instance.first_seen_at},
        )


class MessageResource(SpreadsheetResource):
    """Messages, as POST /api/messages/ takes them. An import goes through the inbox."""

    message_id = Field("external_id", "message_id", SpreadsheetTextWidget())
    room_id = Field("room__external_id", "room_id", SpreadsheetTextWidget())
    phone_number = Field("customer__phone_number", "phone_number", SpreadsheetTextWidget())
    message = Field("body", "message", SpreadsheetTextWidget())
    channel = Field("room__channel", "channel", SpreadsheetTextWidget())

    class Meta:
        model = Message
        fields = (
            "message_id",
            "room_id",
            "phone_number",
            "message",
            "channel",
            "sender",
            "sent_at",
            "status",
        )
        export_order = fields

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("room", "customer")
