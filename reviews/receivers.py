"""What reviews listens to, a batch at a time, inside the transaction that announces it."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from conversations.models import Customer, Message
from conversations.signals import Heard, customers_joining, delivery_changed, messages_heard
from reviews.services.conversing import converse, end_dialogues_of
from reviews.services.delivery import follow_confirmations
from reviews.services.inviting import stop_failing_campaigns


def connect() -> None:
    messages_heard.connect(on_messages_heard, dispatch_uid="reviews")
    delivery_changed.connect(on_delivery_changed, dispatch_uid="reviews")
    customers_joining.connect(on_customers_joining, dispatch_uid="reviews")


def on_messages_heard(sender: Any, *, messages: Sequence[Message], **_: Any) -> Heard | None:
    return converse(messages)


def on_delivery_changed(sender: Any, *, messages: Sequence[Message], **_: Any) -> None:
    follow_confirmations(messages)
    # After the commit: whoever sends invitations holds the campaign, and wants these customers.
    transaction.on_commit(lambda: stop_failing_campaigns(messages), robust=True)


def on_customers_joining(sender: Any, *, customer: Customer, absorbed: Customer, **_: Any) -> None:
    end_dialogues_of(customer=customer, absorbed=absorbed)
