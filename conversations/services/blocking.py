"""The block list: what blocked customers write is kept, and nobody and nothing reacts to it."""

from django.db import transaction
from django.utils.timezone import now

from conversations.models import Customer, CustomerIdentity, Line, Message, Room
from conversations.services.messages import announce, hear
from funnel_site.lib.batches import insert_rows, update_rows

HELD_AT_ONCE = 200


class OwnNumberError(Exception):
    """A number of ours cannot be blocked."""


@transaction.atomic
def set_blocked(*, customer: Customer, is_blocked: bool) -> bool:
    """Block or unblock; `customer` is brought up to date. Blocking again keeps the first time.

    What was held while they were blocked stays held: see `process_held`. Raises OwnNumberError.
    """
    if is_blocked and _is_ours(customer):
        raise OwnNumberError
    locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    locked.blocked_at = (locked.blocked_at or now()) if is_blocked else None
    locked.save(update_fields=["blocked_at"])
    customer.blocked_at = locked.blocked_at
    return is_blocked


def _is_ours(customer: Customer) -> bool:
    """Whether one of the customer's numbers is a line, or a number that customers wrote to."""
    phones = CustomerIdentity.objects.filter(customer=customer, kind=CustomerIdentity.Kind.PHONE)
    numbers = {customer.phone_number, *phones.values_list("value", flat=True)} - {""}
    addresses = [address for number in numbers for address in (number, f"whatsapp:{number}")]
    return (
        Line.objects.filter(address__in=addresses).exists()
        or Room.objects.filter(our_address__in=addresses).exists()
    )


def process_held(*, customer: Customer) -> int:
    """Let everybody react to what a customer wrote while blocked, in the order it was sent.

    Returns how many messages that were; none of a customer who is blocked. A second call finds
    nothing. Some messages are one transaction, so that an interrupted run can be run again.
    """
    done = 0
    while taken := _process_some(customer):
        done += taken
    return done


@transaction.atomic
def _process_some(customer: Customer) -> int:
    locked = Customer.objects.select_for_update(no_key=True).filter(pk=customer.pk).first()
    if locked is None or locked.blocked_at is not None:
        return 0
    held = Message.objects.filter(customer=locked, is_held=True).order_by("sent_at", "pk")
    messages = list(held[:HELD_AT_ONCE])
    # The rooms' locks are the funnels' too.
    rooms = Room.objects.select_for_update(no_key=True).filter(
        pk__in={message.room_id for message in messages}
    )
    by_key = {room.pk: room for room in rooms.order_by("source", "external_id")}
    for message in messages:
        message.room, message.customer = by_key[message.room_id], locked
    answers = hear(messages)
    insert_rows([reply for answer in answers for reply in answer.replies])
    announce(messages, answers)
    for message in messages:
        message.is_held = False
    update_rows(messages, ["is_held", "is_for_bot"])
    return len(messages)
