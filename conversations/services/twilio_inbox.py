"""Twilio's deliveries on their way from the inbox into the tables."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from conversations.payloads import PayloadError as PayloadError
from conversations.payloads import Reading
from conversations.services.rooms import Incoming
from conversations.twilio_shapes import (
    Form,
    StatusReport,
    parse_form,
    read_status,
    read_twilio_message,
)

TWILIO = "twilio"
TWILIO_STATUS = "twilio_status"
QUERY_HEADER = "Query"
"""Where a stored status keeps the query of the address it came by: it names our message."""


def incoming_of(*, event_id: int, form: Form, received_at: datetime) -> Incoming:
    """The message of a delivery; raises PayloadError."""
    reading = Reading(
        zone=ZoneInfo(settings.TIME_ZONE), region=settings.PHONE_REGION, received_at=received_at
    )
    message = read_twilio_message(form, reading)
    return Incoming(
        message=message,
        source=TWILIO,
        external_id=message.message_id,
        event_id=event_id,
        received_at=received_at,
    )


def report_of(*, body: bytes, headers: Mapping[str, str]) -> StatusReport:
    """The status of a stored delivery; raises PayloadError."""
    return read_status(parse_form(body), parse_form(headers.get(QUERY_HEADER, "").encode()))
