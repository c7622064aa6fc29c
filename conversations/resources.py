"""What staff may export and import of conversations, safe to open in a spreadsheet."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.timezone import now
from import_export.exceptions import ImportError
from import_export.fields import Field
from import_export.resources import ModelResource

from conversations.models import Customer, CustomerIdentity, Message
from conversations.payloads import PayloadError
from conversations.services.files import SHEET_ALIASES, SHEET_COLUMNS, upload_row
from conversations.services.inbox import Delivery, known_keys, store_deliveries
from conversations.services.waking import wake_after_commit
from funnel_site.lib.import_preview import PreviewedImport
from funnel_site.lib.phone import PhoneError, normalise_phone
from funnel_site.lib.spreadsheet import SpreadsheetResource, SpreadsheetTextWidget, unguard
from funnel_site.lib.words import translated

UPLOAD = "upload"


class CustomerResource(SpreadsheetResource):
    """Customers by phone number: names and e-mail addresses can be mended, people added."""

    template_columns = ("phone_number", "name", "email")
    opted_out_channels = Field(column_name="opted_out_channels", readonly=True)

    class Meta:
        model = Customer
        import_id_fields = ("phone_number",)
        fields = (
            "phone_number",
            "name",
            "email",
            "first_seen_at",
            "last_seen_at",
            "opted_out_at",
            "opted_out_channels",
        )
        export_order = fields
        skip_unchanged = True
        report_skipped = True

    def dehydrate_opted_out_channels(self, customer: Customer) -> str:
        """As "whatsapp, sms", or "every", or "every, not whatsapp"."""
        return ", ".join(
            (channel or "every") if at else f"not {channel}"
            for channel, at in sorted(customer.standing.items())
        )

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """One spelling of the number, before it is looked up."""
        text = str(row.get("phone_number") or "").lstrip("'")
        try:
            row["phone_number"] = normalise_phone(text, settings.PHONE_REGION)
        except PhoneError as error:
            raise ValidationError({"phone_number": translated(error.args[0])}) from error

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
    """Messages as they are stored, in the columns that an import takes."""

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


class UploadedRow:
    """What a row of an uploaded file says, by column, for the preview."""

    pk = None

    def __str__(self) -> str:
        return str(getattr(self, "message", ""))


class MessageUploadResource(PreviewedImport, ModelResource):
    """Messages of a file, one a row, into the inbox, as if they had come by POST /api/messages/.

    A row whose message is there already is skipped. Nothing is kept unless every row can be used.
    """

    class Meta:
        model = Message
        fields = ()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in SHEET_COLUMNS:
            self.fields[name] = Field(name, name, SpreadsheetTextWidget())
        self._known: set[str] = set()
        self._deliveries: list[Delivery] = []

    def get_import_order(self) -> tuple[str, ...]:
        return SHEET_COLUMNS

    def get_instance(self, instance_loader: Any, row: Any) -> None:
        return None

    def init_instance(self, row: Any = None) -> UploadedRow:
        return UploadedRow()

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Take the other names of columns too, and look up once which rows are known."""
        dataset.headers = [
            SHEET_ALIASES.get(folded := str(header or "").strip().casefold(), folded)
            for header in dataset.headers or []
        ]
        if missing := {"phone_number", "message"} - set(dataset.headers):
            raise ImportError(f"The file has no column {' and no column '.join(sorted(missing))}.")
        self._deliveries = []
        keys = []
        for row in dataset.dict:
            with suppress(PayloadError):
                keys.append(upload_row(texts(row)).key)
        self._known = known_keys(UPLOAD, keys)

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """Raises ValidationError naming the column."""
        try:
            row["delivery"] = upload_row(texts(row))
        except PayloadError as error:
            raise ValidationError(
                {error.field: error.detail} if error.field else str(error)
            ) from error

    def skip_row(self, instance: Any, original: Any, row: dict[str, Any], *args: Any) -> bool:
        return row["delivery"].key in self._known

    def save_instance(self, instance: Any, is_create: Any, row: Any, **kwargs: Any) -> None:
        self._deliveries.append(row["delivery"])

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Keep all rows with one statement, unless this was the preview or a row was refused."""
        if kwargs.get("dry_run") or result.has_errors() or result.has_validation_errors():
            return
        store_deliveries(source=UPLOAD, deliveries=self._deliveries, received_at=now())
        wake_after_commit()


def texts(row: Mapping[str, Any]) -> dict[str, str]:
    """A row's cells as texts without the guard of a spreadsheet; a workbook's times as ISO 8601."""
    return {
        name: cell.isoformat() if isinstance(cell, datetime | date) else unguard(str(cell))
        for name, cell in row.items()
        if cell is not None
    }
