"""What the tests of the doors post, and what they count afterwards."""

import json

from conversations.models import Customer, InboundEvent, Message, Room

ROOM = {
    "room_id": "f3fcadbe-23a6-4013-8b63-123456789abc",
    "start_time": "2025-04-20T10:00:00",
    "channel": "whatsapp",
    "phone_number": "08123456789",
}
MESSAGE = {
    "phone_number": "08123456789",
    "room_id": "f3fcadbe-23a6-4013-8b63-123456789abc",
    "message": "Hi, I want a trial session!",
    "channel": "whatsapp",
    "sender": "customer",
    "booking_date": "2025-04-21T10:00:00",
    "transaction_date": "2025-04-22T12:00:00",
    "transaction_value": 150000,
}
CRM = {
    "room_id": "r_1",
    "channel": "whatsapp",
    "sender": {"type": "customer", "phone": "08123456789"},
    "message": {"id": "m_1", "text": "halo kak"},
    "timestamp": "2025-04-20T10:00:00",
}
BODIES: list[tuple[bytes, int, str]] = [
    (b'{"phone_number":"0812', 400, "invalid_json"),
    (b"\xef\xbb\xbf{}", 400, "invalid_json"),
    ('{"a":1}'.encode("utf-16-le"), 400, "invalid_json"),
    (b'{"message":"\xff"}', 400, "invalid_json"),
    (b"[]", 400, "empty_list"),
    (b"null", 400, "not_an_object"),
    (b'"x"', 400, "not_an_object"),
    (b"1", 400, "not_an_object"),
    (b'{"phone_number":"1","phone_number":"2"}', 400, "duplicate_key"),
    (b'{"transaction_value":NaN}', 400, "invalid_json"),
    (b'{"transaction_value":-Infinity}', 400, "invalid_json"),
    (b'{"transaction_value":1e999}', 400, "invalid_json"),
    (b'{"transaction_value":' + b"9" * 5_000 + b"}", 400, "invalid_json"),
    (b'{"message":18446744073709551616}', 400, "invalid_json"),
    (b"[" * 60_000, 400, "too_deep"),
    (b'{"a":' * 12_000, 400, "too_deep"),
    (b'{"message":"\\u0000"}', 400, "bad_text"),
    (b'{"message":"\\ud800"}', 400, "bad_text"),
    (json.dumps({str(n): 1 for n in range(5_000)}).encode(), 400, "too_many_fields"),
    (b"   ", 400, "empty_body"),
    (b"x" * (9 * 2**20), 413, "too_large"),
]


def counts() -> tuple[int, int, int, int]:
    return (
        InboundEvent.objects.count(),
        Message.objects.count(),
        Room.objects.count(),
        Customer.objects.count(),
    )
