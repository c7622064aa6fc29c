"""Customers whose funnel reaches a transaction are invited, where a campaign wants that."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils.timezone import now

from conversations.services.drain import drain_inbox
from reviews.models import Campaign
from reviews.services.inviting import (
    invite_buyers,
)
from tests.conftest import Api
from tests.reviews.making import make_campaign, make_customer

PICK = "/admin/reviews/campaign/invite/"

SALE = {
    "phone_number": "081200000001",
    "room_id": "r1",
    "message": "sudah transfer 150rb ya kak",
    "channel": "whatsapp",
    "sender": "customer",
}


def test_a_funnel_that_reaches_a_transaction_invites_its_customer_once(
    api: Api, keywords: None, django_capture_on_commit_callbacks: Any
) -> None:
    campaign = make_campaign(invites_buyers=True)
    other = make_campaign()
    for number in range(2):
        moment = (now() + timedelta(minutes=number)).isoformat()
        with django_capture_on_commit_callbacks(execute=True):
            api.post("/api/messages/", {**SALE, "message_id": f"m{number}", "sent_at": moment})
            drain_inbox()

    invitation = campaign.invitations.select_related("customer").get()
    assert invitation.customer.phone_number == "+6281200000001"
    assert not other.invitations.exists()


def test_old_sales_are_not_asked_about(api: Api, keywords: None) -> None:
    campaign = make_campaign(invites_buyers=True)
    moment = (now() - timedelta(days=40)).isoformat()

    api.post("/api/messages/", {**SALE, "message_id": "m1", "sent_at": moment})
    drain_inbox()

    assert not campaign.invitations.exists()


def test_a_correction_to_a_sale_invites_too(api: Api, keywords: None, admin_user: User) -> None:
    from funnels.models import Funnel
    from funnels.services.correcting import correct_fact

    campaign = make_campaign(invites_buyers=True)
    api.post(
        "/api/messages/",
        {**SALE, "message": "halo", "message_id": "m1", "sent_at": now().isoformat()},
    )
    drain_inbox()
    funnel = Funnel.objects.get()

    correct_fact(
        funnel=funnel,
        field="transaction_date",
        value=now().isoformat(),
        reason="paid at the desk",
        user=admin_user,
    )

    assert campaign.invitations.count() == 1


def test_without_a_campaign_for_buyers_nothing_happens(campaign: Campaign) -> None:
    assert invite_buyers(bought={make_customer().pk: now()}) == 0
