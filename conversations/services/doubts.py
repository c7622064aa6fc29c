"""Messages of which nobody knows whether they left: looked for in Twilio's own list.

The call broke before its answer, so we have no SID; Twilio may have the message all the same. What
was made for the same numbers in those minutes, with the same words and a SID that we do not know, is
it, where there is only one. Where there is none, or there are several, a person decides: nothing is
ever sent again by a machine, and a customer prefers a missing answer to a doubled one.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from conversations.models import Line, Sending
from conversations.services.accounts import account_for
from conversations.services.statuses import apply_report, note_sid
from conversations.twilio_gateway import GatewayError, Listed, listed
from conversations.twilio_shapes import StatusReport
from funnel_site.lib.marking import marked

FIRST_LOOK = timedelta(minutes=3)
"""After the end of a call of which nobody knows: no worker is at it any more."""
BETWEEN_LOOKS = timedelta(minutes=30)
MOST_LOOKS = 4
AROUND = timedelta(minutes=4)
"""How far Twilio's clock, and a wait for our turn, may be from the moment of the claim."""
AT_ONCE = 50
NOT_THERE = marked(
    "it may have left, or not: Twilio's list does not have it. Ask the customer, or send it again"
)
SEVERAL = marked(
    "it may have left, or not: Twilio's list has several with these words. Look there before you send it again"
)


def look_for_doubtful(*, most: int = AT_ONCE) -> int:
    """Look for messages in doubt whose turn has come; returns how many were found."""
    due = Sending.objects.filter(
        state=Sending.State.UNKNOWN, sid="", message__external_id="", ask_at__lte=now()
    )
    rows = due.select_related("message").order_by("ask_at", "pk")[:most]
    return sum(_look(sending) for sending in list(rows) if _take(sending))


def _take(sending: Sending) -> bool:
    """Move the next look on, for this worker alone to look now; after some looks there is none."""
    moment = now()
    is_last = sending.asks + 1 >= MOST_LOOKS
    mine = Sending.objects.filter(pk=sending.pk, asks=sending.asks, ask_at=sending.ask_at)
    following = None if is_last else moment + BETWEEN_LOOKS
    return bool(mine.update(ask_at=following, asked_at=moment, asks=F("asks") + 1))


def _look(sending: Sending) -> bool:
    later = Sending.objects.filter(message=sending.message_id, number__gt=sending.number)
    if later.exists():
        return False
    line = Line.objects.filter(address=sending.from_address).first()
    account = account_for(line.account_sid if line else "")
    if account is None:
        return False
    try:
        there = listed(account, from_=sending.from_address, to=sending.to_address)
    except GatewayError as error:
        return _note(sending, str(error))
    fitting = _fitting(sending, there)
    if len(fitting) != 1:
        return _note(sending, SEVERAL if fitting else NOT_THERE)
    return _adopt(sending, fitting[0])


def _fitting(sending: Sending, there: Sequence[Listed]) -> list[Listed]:
    called_at = sending.claimed_at or sending.made_at
    near = [
        one
        for one in there
        if abs(one.made_at - called_at) <= AROUND and one.body.strip() == sending.message.body
    ]
    ours = Sending.objects.filter(sid__in=[one.sid for one in near])
    known = set(ours.values_list("sid", flat=True))
    return [one for one in near if one.sid not in known]


def _note(sending: Sending, trouble: str) -> bool:
    Sending.objects.filter(pk=sending.pk, sid="").update(ask_trouble=trouble[:200])
    return False


@transaction.atomic
def _adopt(sending: Sending, found: Listed) -> bool:
    """It had left: the SID is its own, and what Twilio says of it holds."""
    taken = Sending.objects.filter(pk=sending.pk, state=Sending.State.UNKNOWN, sid="").update(
        state=Sending.State.DONE,
        sid=found.sid,
        ask_at=now() + BETWEEN_LOOKS,
        asks=0,
        ask_trouble="",
        error_code="",
        error_text="",
    )
    if not taken or not note_sid(message_id=sending.message_id, sid=found.sid):
        transaction.set_rollback(True)
        return False
    sending.message.error_code = sending.message.error_text = ""
    sending.message.save(update_fields=["error_code", "error_text"])
    apply_report(
        StatusReport(
            account_sid="",
            sid=found.sid,
            word=found.told.status,
            error_code=found.told.error_code,
            error_text=found.told.error_text,
        )
    )
    return True
