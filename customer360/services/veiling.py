"""Source rows of erased customers: their purchases keep counting, who they are does not come back."""

from collections.abc import Sequence
from typing import Any

from funnel_site.tombstones.services import EMAIL, PHONE, RECORD, Key, erased_among

PERSONAL = ("first_name", "last_name", "email", "phone_number", "phone_text")


def veil_records(records: Sequence[Any]) -> None:
    """Empty the personal columns of rows whose id, number or address was erased. In place."""
    erased = erased_among(key for record in records for key in _keys(record))
    if not erased:
        return
    for record in records:
        if any(key in erased for key in _keys(record)):
            for name in PERSONAL:
                setattr(record, name, "")
            record.date_of_birth = None


def _keys(record: Any) -> list[Key]:
    return [
        (RECORD, record.external_id),
        (PHONE, record.phone_number),
        (EMAIL, record.email.lower()),
    ]
