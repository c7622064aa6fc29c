"""What became of the messages that we sent: statuses merged by maximum, in any order of arrival."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, PositiveSmallIntegerField, Q, Value, When
from django.utils.timezone import now

from conversations.delivery import RANK
from conversations.models import Consent, ErrorMeaning, Message, ParkedStatus, Sender, Sending
from conversations.services.consent import note_consent
from conversations.services.twilio_inbox import TWILIO
from conversations.signals import delivery_changed
from conversations.standing import OUT
from conversations.twilio_shapes import StatusReport

logger = structlog.get_logger(__name__)

PARKED_FOR = timedelta(hours=24)
PLACE = PositiveSmallIntegerField()


def apply_report(report: StatusReport) -> bool:
    """Merge one status callback into its message; False where the message is not known (yet).

    An unknown word changes nothing. A status whose message is unknown is parked, and tried again
    when this transaction is committed: whoever notes the message's SID meanwhile looks for parked
    ones only after its own commit, so that one of the two sees the other.
    """
    if report.word not in RANK:
        logger.warning("unknown delivery status", word=report.word)
        return True
    if _merge(report.sid, report):
        return True
    if (
        _is_known(report.sid)
        or (report.message_id is not None and _claim_sid(report))
        or _is_known(report.sid)
    ):
        # Once more: the SID may have been noted by another just after the first look.
        _merge(report.sid, report)
        return True
    ParkedStatus.objects.get_or_create(
        sid=report.sid,
        status=report.word,
        error_code=report.error_code,
        defaults={"error_text": report.error_text},
    )
    transaction.on_commit(lambda: apply_parked(report.sid), robust=True)
    return False


def _claim_sid(report: StatusReport) -> bool:
    """Give a message of ours its SID, by the id that the callback's address carries.

    For the bot's TwiML replies, whose SID nobody tells us otherwise, and for a send whose answer
    was lost or is still on its way. An attempt that is not the latest keeps it to itself.
    """
    latest = Sending.objects.filter(message=report.message_id).order_by("-number").first()
    if latest is not None:
        attempt = Sending.objects.filter(
            message=report.message_id, number=report.attempt, sid__in=("", report.sid)
        )
        if not attempt.update(sid=report.sid):
            return False
        # It is in doubt no more: from now on it is asked after as those that were handed over.
        soon = now() + timedelta(hours=settings.TWILIO_ASK_AFTER_HOURS)
        attempt.filter(state=Sending.State.UNKNOWN).update(ask_at=soon, asks=0, ask_trouble="")
        if latest.number != report.attempt:
            attempt.update(status=report.word, error_code=report.error_code)
            return True
    return note_sid(message_id=report.message_id or 0, sid=report.sid)


def note_sid(*, message_id: int, sid: str) -> bool:
    """Write a message's SID where it has none; False where it has another."""
    return bool(
        Message.objects.filter(pk=message_id, source=TWILIO, external_id="")
        .exclude(sender=Sender.CUSTOMER)
        .update(external_id=sid)
    )


def _is_known(sid: str) -> bool:
    """Whether the SID is of any message of ours, an earlier attempt's included."""
    return (
        Message.objects.filter(source=TWILIO, external_id=sid).exists()
        or Sending.objects.filter(sid=sid).exists()
    )


def _merge(sid: str, report: StatusReport) -> bool:
    """Raise the message's status, and keep its error, in one conditional UPDATE.

    Of several error codes the greatest stays, with its words: the end must not depend on the
    order in which they came.
    """
    rank = RANK[report.word]
    is_news = is_higher = Q(status_rank__lt=rank)
    values = {
        "status": Case(When(is_higher, then=Value(report.word)), default=F("status")),
        "status_rank": Case(
            When(is_higher, then=Value(rank)),
            default=F("status_rank"),
            output_field=PositiveSmallIntegerField(),
        ),
    }
    if report.error_code:
        code, text = report.error_code, report.error_text
        is_greater = Q(error_code__lt=code) | Q(error_code=code, error_text__lt=text)
        is_news = is_higher | is_greater
        values["error_code"] = Case(When(is_greater, then=Value(code)), default=F("error_code"))
        values["error_text"] = Case(When(is_greater, then=Value(text)), default=F("error_text"))
    sent = Message.objects.filter(source=TWILIO, external_id=sid).exclude(sender=Sender.CUSTOMER)
    changed = sent.filter(is_news).update(**values)
    if changed:
        delivery_changed.send(Message, messages=list(sent))
        if report.error_code:
            _heed_error(sid, report)
    return bool(changed)


def _heed_error(sid: str, report: StatusReport) -> None:
    """A code that means "do not write to this customer" is their opt-out there, told by the provider."""
    is_opt_out = ErrorMeaning.objects.filter(
        code=report.error_code, action=ErrorMeaning.Action.OPT_OUT
    ).exists()
    if not is_opt_out:
        return
    message = Message.objects.select_related("customer", "room").get(source=TWILIO, external_id=sid)
    channel = message.room.channel
    if message.customer is not None and message.customer.opted_out_of(channel) is None:
        note_consent(
            customer=message.customer,
            channel=channel,
            change=OUT,
            origin=Consent.Origin.PROVIDER,
            words=f"error {report.error_code}",
            at=now(),
        )


def apply_parked(sid: str = "") -> int:
    """Apply what was parked for this SID, or for any message that has appeared since."""
    parked = ParkedStatus.objects.all()
    if sid:
        parked = parked.filter(sid=sid)
    known = Message.objects.filter(source=TWILIO)
    applied = 0
    with transaction.atomic():
        rows = parked.filter(sid__in=known.values("external_id")).order_by("pk")
        for row in rows.select_for_update(skip_locked=True):
            _merge(
                row.sid,
                StatusReport(
                    account_sid="",
                    sid=row.sid,
                    word=row.status,
                    error_code=row.error_code,
                    error_text=row.error_text,
                ),
            )
            row.delete()
            applied += 1
    return applied


def forget_orphans() -> int:
    """Drop what is parked for longer than a day: its message is not ours."""
    stale = ParkedStatus.objects.filter(received_at__lt=now() - PARKED_FOR)
    return stale.delete()[0]
