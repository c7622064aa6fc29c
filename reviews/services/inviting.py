"""Invitations to review: whom a campaign asks, once each, and sending them no faster than it may."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.timezone import now

from conversations.delivery import FAILURES
from conversations.models import Channel, Customer, ErrorMeaning, Message, Room
from conversations.services.sending import SendingRefusedError, send_template
from funnel_site.lib.batches import chunks
from reviews.models import Campaign, Invitation
from reviews.quiet_hours import is_polite
from reviews.services.waking import wake_inviter_after_commit

logger = structlog.get_logger(__name__)

MINUTE = timedelta(minutes=1)
NAMELESS = {"en": "there", "id": "kak"}
"""Who has no name is greeted so: WhatsApp refuses an empty value."""

State = Invitation.State


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteReport:
    """What became of the customers that were picked."""

    invited: int = 0
    again: int = 0
    """Asked by this campaign before."""
    unwritable: int = 0
    """Opted out of WhatsApp or of every channel, blocked, or without a number."""

    def __add__(self, other: "InviteReport") -> "InviteReport":
        return InviteReport(
            invited=self.invited + other.invited,
            again=self.again + other.again,
            unwritable=self.unwritable + other.unwritable,
        )


@transaction.atomic
def invite_customers(*, campaign: Campaign, customers: Iterable[int]) -> InviteReport:
    """Put customers on a campaign's list. Whoever is on it already is not asked twice.

    They are sent for by `send_invitations`, once this is committed.
    """
    report = InviteReport()
    for picked in chunks(customers, 1_000):
        report += _invite(campaign, picked)
    if report.invited:
        wake_inviter_after_commit(send_invitations)
    return report


def _invite(campaign: Campaign, picked: list[int]) -> InviteReport:
    has_written = Room.objects.filter(customer=OuterRef("pk")).exclude(reply_address="")
    writable = Customer.objects.filter(
        ~Q(phone_number="") | Exists(has_written),
        pk__in=picked,
        blocked_at=None,
    )
    # Templates are WhatsApp's, and so are the rooms that they are sent to.
    standings = writable.only("opted_out_at", "opted_out_channels").order_by("pk")
    chosen = [
        customer.pk for customer in standings if customer.opted_out_of(Channel.WHATSAPP) is None
    ]
    before = Invitation.objects.filter(campaign=campaign, customer__in=chosen).count()
    Invitation.objects.bulk_create(
        [Invitation(campaign=campaign, customer_id=key, made_at=now()) for key in chosen],
        ignore_conflicts=True,
    )
    return InviteReport(
        invited=len(chosen) - before, again=before, unwritable=len(set(picked)) - len(chosen)
    )


def invite_buyers(*, bought: Mapping[int, datetime]) -> int:
    """Put customers who bought, with the time, on the lists of the campaigns that ask buyers.

    Purchases from before the day a campaign was made are not asked about. Returns how many are new.
    """
    campaigns = Campaign.objects.filter(is_active=True, invites_buyers=True)
    invited = 0
    for campaign in campaigns:
        since = campaign.made_at - timedelta(days=1)
        buyers = [customer for customer, at in bought.items() if at >= since]
        invited += invite_customers(campaign=campaign, customers=buyers).invited
    return invited


def send_invitations(*, most: int = 1_000) -> int:
    """Owe each campaign's next messages, as many as its rate leaves; returns how many.

    `most` bounds what one call does for a campaign. To be called every few seconds. Several workers
    at once share one rate: the campaign's row is locked while its invitations of the last minute
    are counted. Nothing leaves outside the hours of the setting INVITATION_HOURS, by the clock of
    each customer.
    """
    waiting = Invitation.objects.filter(state=State.WAITING, campaign__is_active=True)
    campaigns = sorted(set(waiting.values_list("campaign_id", flat=True)))
    return sum(_send_some(key, most) for key in campaigns)


def seconds_to_wait() -> float | None:
    """Until the next invitation may be sent; None where none waits."""
    moments = [
        _next_turn(campaign)
        for campaign in Campaign.objects.filter(
            is_active=True, invitations__state=State.WAITING
        ).distinct()
    ]
    return min(moments, default=None)


def _next_turn(campaign: Campaign) -> float:
    sent = campaign.invitations.filter(sent_at__gt=now() - MINUTE).order_by("-sent_at")
    moments = sent.values_list("sent_at", flat=True)[: campaign.per_minute]
    newest = [moment for moment in moments if moment is not None]
    if len(newest) < campaign.per_minute:
        return 0.0
    return max(0.0, (newest[-1] + MINUTE - now()).total_seconds())


def _send_some(campaign_id: int, most: int) -> int:
    """One invitation a transaction: no customer is locked longer than one message takes."""
    done = 0
    after = 0
    for _ in range(most):
        taken = _send_next(campaign_id, after)
        if taken is None:
            break
        after, was_sent = taken
        done += was_sent
    return done


@transaction.atomic
def _send_next(campaign_id: int, after: int) -> tuple[int, bool] | None:
    """Take the next of the list behind `after`: its key, and whether it was sent.

    None where nobody waits who may be written to at this hour, the minute is full, or the campaign
    or its template is switched off.
    """
    campaign = (
        Campaign.objects.select_for_update(no_key=True, of=("self",))
        .select_related("line", "template")
        .get(pk=campaign_id)
    )
    sent = campaign.invitations.filter(sent_at__gt=now() - MINUTE).count()
    is_off = not (campaign.is_active and campaign.template.is_active)
    if is_off or sent >= campaign.per_minute:
        return None
    waiting = campaign.invitations.filter(state=State.WAITING, pk__gt=after)
    turn = waiting.select_related("customer").order_by("pk")
    invitation = next((one for one in turn.iterator() if is_polite_to(one.customer)), None)
    return None if invitation is None else (invitation.pk, _send(campaign, invitation))


def is_polite_to(customer: Customer) -> bool:
    """Whether it is a time of the day to write to this customer."""
    return is_polite(
        now(),
        customer.phone_number,
        hours=settings.INVITATION_HOURS,
        home=ZoneInfo(settings.TIME_ZONE),
    )


def _send(campaign: Campaign, invitation: Invitation) -> bool:
    """Owe one message, or note why not. The row's state moves with the message or not at all."""
    reason = _rests(campaign, invitation)
    if not reason:
        try:
            with transaction.atomic():
                invitation.message = send_template(
                    customer=invitation.customer,
                    line=campaign.line,
                    template=campaign.template,
                    variables=values_for(campaign, invitation.customer),
                    token=f"invitation-{invitation.pk}",
                )
        except SendingRefusedError as refusal:
            reason = refusal.words
    invitation.state = State.SKIPPED if reason else State.SENT
    invitation.reason = reason[:200]
    invitation.sent_at = None if reason else now()
    invitation.save(update_fields=["state", "reason", "sent_at", "message"])
    if not reason:
        # The campaign's row is locked by this transaction already.
        Campaign.objects.filter(pk=campaign.pk).update(sent=F("sent") + 1)
    return not reason


def _rests(campaign: Campaign, invitation: Invitation) -> str:
    """Why this customer is left in peace for now; nothing where they may be asked.

    Their row is locked first: of two campaigns that ask at the same moment one sees the other's.
    """
    Customer.objects.select_for_update(no_key=True).get(pk=invitation.customer_id)
    since = now() - timedelta(days=campaign.rest_days)
    asked = Invitation.objects.filter(
        customer=invitation.customer, state=State.SENT, sent_at__gt=since
    )
    if asked.exists():
        return f"Invited within the last {campaign.rest_days} days"
    return ""


def values_for(campaign: Campaign, customer: Customer) -> dict[str, str]:
    """What fills the template: `{name}` is the customer's first name, or a friendly word."""
    nameless = NAMELESS.get(campaign.template.language, NAMELESS["en"])
    first = customer.name.split()[0] if customer.name.strip() else nameless
    return {
        place: str(value).replace("{name}", first) for place, value in campaign.variables.items()
    }


def cancel_waiting(*, campaign: Campaign, user: Any) -> int:
    """Take everybody who has not been asked yet off a campaign's list."""
    return campaign.invitations.filter(state=State.WAITING).update(
        state=State.SKIPPED, reason=f"Taken off the list by {user.get_username()}"
    )


def stop_failing_campaigns(messages: Sequence[Message]) -> int:
    """Switch off campaigns whose messages fail for the template's or the account's sake.

    The next thousand would fail alike. Returns how many were on.
    """
    codes = {one.error_code for one in messages if one.status in FAILURES and one.error_code}
    if not codes:
        return 0
    hopeless = ErrorMeaning.objects.filter(
        code__in=codes, action__in=(ErrorMeaning.Action.TEMPLATE, ErrorMeaning.Action.ALARM)
    ).values_list("code", flat=True)
    failed = [one.pk for one in messages if one.error_code in set(hopeless)]
    stopped = Campaign.objects.filter(is_active=True, invitations__message__in=failed)
    keys = sorted(set(stopped.values_list("pk", flat=True))) if failed else []
    if keys:
        logger.error("campaigns stopped: their messages fail", campaigns=keys, codes=sorted(codes))
    return Campaign.objects.filter(pk__in=keys).update(is_active=False)
