"""What conversations does itself with stored messages."""

from collections.abc import Sequence
from typing import Any

from conversations.models import Message
from conversations.services.waiting import note_waiting
from conversations.signals import messages_stored


def connect() -> None:
    messages_stored.connect(on_messages_stored, dispatch_uid="conversations")


def on_messages_stored(sender: Any, *, messages: Sequence[Message], **_: Any) -> None:
    note_waiting(messages)
