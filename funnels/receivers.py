"""What funnels listens to: stored messages, a batch at a time, inside the storing transaction."""

from collections.abc import Sequence
from typing import Any

from conversations.models import Message
from conversations.signals import messages_stored
from funnels.services.classifying import classify_messages


def connect() -> None:
    messages_stored.connect(on_messages_stored, dispatch_uid="funnels")


def on_messages_stored(sender: Any, *, messages: Sequence[Message], **_: Any) -> None:
    classify_messages(messages=messages)
