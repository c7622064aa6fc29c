"""Asking Twilio what became of messages that it has taken and then said nothing final about.

Status callbacks may be lost; nobody repeats them. Each sending says itself when it is to be asked
after, and a worker moves that moment on before it asks: two never ask at once, and a worker that
dies has only asked in vain. Answers are merged as callbacks are, by maximum.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.timezone import now

from conversations.delivery import ENDS
from conversations.models import Line, Sending
from conversations.services.accounts import account_for
from conversations.services.doubts import look_for_doubtful
from conversations.services.statuses import apply_report
from conversations.twilio_gateway import GatewayError, RefusedError, Told, ask
from conversations.twilio_shapes import StatusReport
from funnel_site.lib.marking import marked

logger = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(hours=6)
"""Between the first question and the second; twice as long before each further one."""
TROUBLE_PAUSE = timedelta(minutes=30)
"""After an answer that says nothing about the message: wrong token, too busy, away."""
GIVE_UP_AFTER = timedelta(days=7)
"""After that a phone that was off is thrown away rather than switched on."""
AT_ONCE = 200

UNKNOWN_THERE = frozenset({"404", "20404"})
NOT_SET_UP = f"not_set_up: {marked('no token for the account of this number')}"


@dataclass(slots=True, kw_only=True)
class Reconciled:
    """What came of a round: messages asked after, moved to another status, and troubles by code."""

    found: int = 0
    """Of those in doubt, for which we had no SID."""
    asked: int = 0
    moved: int = 0
    troubles: Counter[str] = field(default_factory=Counter)


def first_question() -> datetime:
    """When a message that leaves now is asked after, if it stays silent."""
    return now() + timedelta(hours=settings.TWILIO_ASK_AFTER_HOURS)


def silent(*, sent_before: datetime | None = None) -> QuerySet[Sending]:
    """Sendings whose turn to be asked after has come; or all open ones that left before a moment."""
    is_due = Q(ask_at__lte=now())
    if sent_before is not None:
        is_due = Q(ask_at__isnull=False, finished_at__lte=sent_before)
    return _open().filter(is_due, message__external_id=F("sid")).exclude(sid="")


def _open() -> QuerySet[Sending]:
    young = Q(finished_at__gt=now() - GIVE_UP_AFTER)
    return Sending.objects.filter(young).exclude(message__status__in=ENDS)


def reconcile_statuses(*, most: int = AT_ONCE, sent_before: datetime | None = None) -> Reconciled:
    """Ask after at most so many silent messages, the longest due first.

    An account that refuses or does not answer is left alone for the rest of the round.
    """
    let_go()
    done = Reconciled(found=look_for_doubtful())
    resting: set[str] = set()
    accounts = dict(Line.objects.exclude(account_sid="").values_list("address", "account_sid"))
    rows = silent(sent_before=sent_before).order_by("ask_at", "pk")[:most]
    for sending in list(rows.select_related("message")):
        account_sid = accounts.get(sending.from_address, "")
        if account_sid not in resting and _take(sending):
            done.asked += 1
            if not _ask_after(sending, account_sid, done):
                resting.add(account_sid)
    if done.troubles:
        logger.warning("Twilio did not tell", troubles=dict(done.troubles))
    return done


def let_go() -> int:
    """Take off the list what has ended, was tried again, or is too old to be asked after."""
    due = Sending.objects.filter(ask_at__lte=now())
    ended = Q(message__status__in=ENDS) | (~Q(sid="") & ~Q(message__external_id=F("sid")))
    old = Q(finished_at__lte=now() - GIVE_UP_AFTER)
    keys = list(due.filter(ended | old).values_list("pk", flat=True)[: AT_ONCE * 100])
    return Sending.objects.filter(pk__in=keys).update(ask_at=None)


def _take(sending: Sending) -> bool:
    """Move the next question on, for this worker alone to ask the present one."""
    moment = now()
    mine = Sending.objects.filter(pk=sending.pk, asks=sending.asks, ask_at=sending.ask_at)
    return bool(
        mine.update(
            ask_at=moment + FIRST_PAUSE * 2**sending.asks, asked_at=moment, asks=F("asks") + 1
        )
    )


def _ask_after(sending: Sending, account_sid: str, done: Reconciled) -> bool:
    """Ask and note the answer; False where the account is of no use just now."""
    account = account_for(account_sid)
    if account is None:
        done.troubles["not_set_up"] += 1
        _note(sending, NOT_SET_UP, is_the_accounts=True)
        return False
    try:
        told = ask(account, sending.sid)
    except GatewayError as error:
        is_about_this = isinstance(error, RefusedError) and error.code in UNKNOWN_THERE
        done.troubles[error.code] += 1
        _note(sending, str(error), is_the_accounts=not is_about_this)
        return is_about_this
    done.moved += _apply(sending, told)
    _note(sending, "", is_the_accounts=False)
    return True


def _apply(sending: Sending, told: Told) -> bool:
    """Merge what Twilio says, as its callback would have been; whether the status is another now."""
    report = StatusReport(
        account_sid="",
        sid=sending.sid,
        word=told.status,
        error_code=told.error_code,
        error_text=told.error_text,
    )
    with transaction.atomic():
        apply_report(report)
    before = sending.message.status
    sending.message.refresh_from_db(fields=["status"])
    return sending.message.status != before


def _note(sending: Sending, trouble: str, *, is_the_accounts: bool) -> None:
    """Keep the trouble. One that is not about the message counts as no question: it is asked soon."""
    mine = Sending.objects.filter(pk=sending.pk)
    if is_the_accounts:
        mine.update(ask_trouble=trouble[:200], ask_at=now() + TROUBLE_PAUSE, asks=sending.asks)
    elif sending.message.status in ENDS:
        mine.update(ask_trouble="", ask_at=None)
    else:
        mine.update(ask_trouble=trouble[:200])
