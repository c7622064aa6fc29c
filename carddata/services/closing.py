"""Rejects that came back mended: the reference in a resubmit file says which row of ours it closes."""

from collections.abc import Sequence

from django.core.signing import BadSignature, Signer
from django.utils.timezone import now

from carddata.models import PartnerFile, RejectedRow

SALT = "carddata.reject"


def reference_of(reject_id: int) -> str:
    """What stands in the resubmit file's last column: the reject's number, signed."""
    return Signer(salt=SALT).sign(str(reject_id))


def close_returned(file: PartnerFile, references: Sequence[str]) -> int:
    """Close the partner's open rejects that rows with these references bring back; returns how many."""
    wanted = [one for one in map(_reject_id, references) if one]
    if not wanted:
        return 0
    return RejectedRow.objects.filter(
        pk__in=wanted, file__partner_id=file.partner_id, closed=""
    ).update(closed=RejectedRow.Closed.RESUBMITTED, closed_at=now(), closed_by_file=file)


def _reject_id(reference: str) -> int:
    """The reject's number; 0 for a reference that is not ours."""
    try:
        return int(Signer(salt=SALT).unsign(reference))
    except (BadSignature, ValueError):
        return 0
