"""Messages by the words in them, the newest first, a page at a time.

On PostgreSQL whole words are found by the index of conversations' migration 0013, and a search that
would take too long is given up; elsewhere the newest messages are looked through.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from conversations.models import Message
from conversations.selectors import of_rooms_open_to, with_words

PAGE = 20
SHORTEST = 3
LONGEST = 100
PATIENCE_MS = 2_000
LOOKED_THROUGH = 20_000
CANCELLED = "57014"


@dataclass(slots=True)
class Words:
    """What was found: messages with their customers, the key to go on from, and a hint in words."""

    messages: list[Message] = field(default_factory=list)
    following: int | None = None
    hint: str = ""


def can_look_for(text: str) -> bool:
    """Whether there is a word in it that is long enough."""
    return any(len(word) >= SHORTEST for word in re.findall(r"[^\W\d_]+", text))


def find_messages(text: str, user: Any, *, before: int | None = None) -> Words:
    """A page of the messages, of rooms that the user may see, that have all these words."""
    text = " ".join(text.replace("\x00", "").split())[:LONGEST]
    if not can_look_for(text):
        return Words(hint=_("Type a word of at least 3 letters."))
    messages = _with_words(text).filter(of_rooms_open_to(user, "room"))
    if before is not None:
        messages = messages.filter(pk__lt=before)
    try:
        page = _patiently(messages.select_related("customer", "room").order_by("-pk"))
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != CANCELLED:
            raise
        return Words(hint=_("These words are in too many messages: add a rarer one."))
    found = Words(messages=page[:PAGE])
    if len(page) > PAGE:
        found.following = page[PAGE - 1].pk
    if not page:
        found.hint = _("No message with these words.")
    return found


def _with_words(text: str) -> QuerySet[Message]:
    if connection.vendor == "postgresql":
        return with_words(Message.objects.all(), text)
    newest = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    wanted = Q(pk__gt=newest - LOOKED_THROUGH)
    for word in text.split():
        wanted &= Q(body__icontains=word)
    return Message.objects.filter(wanted)


def _patiently(messages: QuerySet[Message]) -> list[Message]:
    """The first rows, or DatabaseError where the database takes longer than is good for it."""
    if connection.vendor != "postgresql":
        return list(messages[: PAGE + 1])
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE_MS)])
        page = list(messages[: PAGE + 1])
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    return page
