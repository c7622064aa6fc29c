"""The TwiML that answers each message of Twilio's, kept so that a repeat gets the very same."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from twilio.twiml.messaging_response import MessagingResponse

from conversations.models import Message
from reviews.models import BotAnswer

EMPTY_TWIML = str(MessagingResponse())


def keep_answers(messages: Sequence[Message]) -> set[int]:
    """Keep what answers these messages; the events of those that had no answer before."""
    values: list[Any] = []
    rows = 0
    for message in messages:
        if message.event_id is not None:
            sid = message.details["account_sid"][:34]
            values += [message.event_id, sid, message.external_id, message.door_answer]
            rows += 1
    if not rows:
        return set()
    statement = (
        "INSERT INTO reviews_botanswer (event_id, account_sid, message_sid, twiml)"  # noqa: S608
        f" VALUES {', '.join(['(%s, %s, %s, %s)'] * rows)}"
        " ON CONFLICT DO NOTHING RETURNING event_id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {event_id for (event_id,) in cursor.fetchall()}


def answer_of(*, account_sid: str, message_sid: str) -> str:
    """The TwiML that answered a message; an empty one where nothing did."""
    answers = BotAnswer.objects.filter(account_sid=account_sid, message_sid=message_sid)
    return answers.values_list("twiml", flat=True).first() or EMPTY_TWIML
