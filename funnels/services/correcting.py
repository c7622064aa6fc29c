"""Staff's word over the machine's: a fact set, and lifted, with who and why."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext

from conversations.models import Room
from funnels.models import Correction, Funnel
from funnels.services.rebuilding import rebuild_funnels

LARGEST_AMOUNT = Decimal(10) ** 12


@transaction.atomic
def correct_fact(*, funnel: Funnel, field: str, value: str, reason: str, user: Any) -> Correction:
    """Set one fact of a funnel; an empty value says that it did not happen.

    Raises ValidationError naming `value` or `reason`.
    """
    text = _checked(field, value.strip())
    if not reason.strip():
        raise ValidationError({"reason": gettext("Say why.")})
    room = Room.objects.select_for_update(no_key=True).get(pk=funnel.room_id)
    correction = Correction.objects.create(
        room=room,
        about=funnel.began_at,
        field=field,
        value=text,
        reason=reason.strip()[:300],
        made_by=user,
        made_at=now(),
    )
    rebuild_funnels(rooms={room.pk: room})
    return correction


@transaction.atomic
def lift_correction(*, correction: Correction, user: Any) -> None:
    """Let the machine's own reading hold again. Lifting twice changes nothing."""
    room = Room.objects.select_for_update(no_key=True).get(pk=correction.room_id)
    lifted = Correction.objects.filter(pk=correction.pk, lifted_at=None).update(
        lifted_at=now(), lifted_by=user
    )
    if lifted:
        rebuild_funnels(rooms={room.pk: room})


def _checked(field: str, text: str) -> str:
    if field not in Correction.Field.values:
        raise ValidationError({"field": gettext("There is no such fact.")})
    if not text:
        if field in (Correction.Field.LEADS_DATE, Correction.Field.CHANNEL):
            raise ValidationError({"value": gettext("This fact cannot be empty.")})
        return ""
    if field == Correction.Field.CHANNEL:
        return text.casefold()[:32]
    if field == Correction.Field.TRANSACTION_VALUE:
        return _amount(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValidationError({"value": gettext("A time as YYYY-MM-DD HH:MM.")}) from error
    if moment.tzinfo is None:
        raise ValidationError({"value": gettext("A time with its zone.")})
    return moment.isoformat()


def _amount(text: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise ValidationError({"value": gettext("A plain number.")}) from error
    if not amount.is_finite() or not 0 <= amount < LARGEST_AMOUNT:
        raise ValidationError({"value": gettext("A number from 0 to below 10^12.")})
    return str(amount.quantize(Decimal("0.01")))
