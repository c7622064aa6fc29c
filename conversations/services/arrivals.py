"""What a message of Twilio's brings along besides itself: files, an advertisement, a change of mind.

A fixed number of statements a batch, none where there is nothing of the kind.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Length

from conversations.consent_words import LONGEST_WORD
from conversations.models import Attachment, Consent, Customer, Message, Referral, Sender
from conversations.services.consent import consent_in


def note_arrivals(messages: Sequence[Message]) -> None:
    """Keep the attachments and referrals of messages that have just been stored."""
    told = [one for one in messages if one.details and one.sender == Sender.CUSTOMER]
    if not told:
        return
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            place=place,
            url=item["url"],
            content_type=item["type"],
            account_sid=message.details.get("account_sid", "")[:34],
        )
        for message in told
        for place, item in enumerate(message.media)
    )
    Referral.objects.bulk_create(
        _referral(message) for message in told if "referral" in message.details
    )


def changes_of_mind(messages: Sequence[Message]) -> list[Consent]:
    """What a batch says of being written to, not yet stored, each in the light of what was before.

    A word is for the channel of its room. Every message learns whether its customer had opted out
    there before it, not after the batch.
    """
    is_out: dict[tuple[int, str], bool] = {}
    found = []
    for message in sorted(messages, key=lambda one: (one.sent_at, one.event_id or 0)):
        customer = message.customer
        if customer is None or not message.details or message.sender != Sender.CUSTOMER:
            continue
        channel = message.room.channel
        place = customer.pk, channel
        message.was_opted_out = is_out.setdefault(place, customer.opted_out_of(channel) is not None)
        change = consent_in(message)
        if change:
            is_out[place] = change == Consent.Change.OUT
            found.append(_consent(customer, message, change))
    return found


def late_opt_ins(consents: Sequence[Consent]) -> list[Consent]:
    """The opt-ins that were read before the opt-outs which they lift, and were mere words then.

    Without them the end would depend on the order of arrival. `consents` are those of messages that
    are stored by now. One statement, and none where nobody opts out.
    """
    outs = [one for one in consents if one.change == Consent.Change.OUT]
    if not outs:
        return []
    noted = Consent.objects.filter(customer=OuterRef("customer"), message=OuterRef("pk"))
    later: Iterable[Any] = (
        Message.objects.alias(length=Length("body"))
        .filter(
            Q(length__lte=LONGEST_WORD) | Q(details__has_key="opt_out_type"),
            customer__in={one.customer_id for one in outs},
            sender=Sender.CUSTOMER,
            sent_at__gt=min(one.at for one in outs),
        )
        .annotate(is_noted=Exists(noted))
        .select_related("room")
        .order_by("sent_at", "pk")
    )
    known = {one.message.pk for one in consents if one.message}
    found = []
    for out in outs:
        message = next((one for one in later if _answers(one, out)), None)
        if message is None or message.is_noted or message.pk in known:
            continue
        known.add(message.pk)
        found.append(_consent(out.customer, message, Consent.Change.IN))
    return found


def _answers(message: Message, out: Consent) -> bool:
    """Whether a later message in the opt-out's channel says the same again, or lifts it."""
    is_later = message.sent_at > out.at and bool(message.details)
    if not is_later or (message.customer_id, message.room.channel) != (
        out.customer_id,
        out.channel,
    ):
        return False
    message.was_opted_out = True
    return bool(consent_in(message))


def _consent(customer: Customer, message: Message, change: str) -> Consent:
    return Consent(
        customer=customer,
        channel=message.room.channel,
        change=change,
        origin=Consent.Origin.CUSTOMER,
        words=message.body[:100],
        at=message.sent_at,
        message=message,
    )


def _referral(message: Message) -> Referral:
    said = message.details["referral"]
    return Referral(
        message=message,
        customer=message.customer,
        source_type=said.get("source_type", "")[:32],
        source_id=said.get("source_id", "")[:200],
        source_url=said.get("source_url", ""),
        headline=said.get("headline", "")[:300],
        body=said.get("body", ""),
        click_id=said.get("click_id", "")[:300],
        media_type=said.get("media_type", "")[:100],
        media_url=said.get("media_url", ""),
        at=message.sent_at,
    )
