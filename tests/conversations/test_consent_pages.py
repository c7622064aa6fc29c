"""Staff note consents and block customers, each with the reason."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conversations.models import (
    Consent,
)
from conversations.resources import CustomerResource
from tests.conversations.agents import staff
from tests.reviews.making import make_customer, make_room

CONSENT = "/admin/conversations/customer/{}/consent/"


@pytest.fixture
def lead(client: Client, db: None) -> Client:
    """A lead: may note consents."""
    client.force_login(staff("view_customer", "change_customer", "add_consent"))
    return client


def test_staff_opt_a_customer_out_and_in_again_with_the_reason(lead: Client) -> None:
    customer = make_customer()
    address = CONSENT.format(customer.pk)

    lead.post(address, {"change": "out", "reason": "asked by phone"})
    customer.refresh_from_db()
    assert customer.opted_out_at is not None
    page = lead.get(f"/admin/conversations/customer/{customer.pk}/change/").content.decode()
    assert "Opted out since" in page
    assert "asked by phone" in page

    lead.post(address, {"change": "in", "reason": "wrote an e-mail"})
    customer.refresh_from_db()
    assert customer.opted_out_at is None
    rows = Consent.objects.order_by("pk").values_list("change", "origin", "words", "noted_by")
    user = User.objects.get().pk
    assert list(rows) == [
        ("out", "staff", "asked by phone", user),
        ("in", "staff", "wrote an e-mail", user),
    ]


def test_staff_opt_a_customer_out_of_one_channel_alone(lead: Client) -> None:
    customer = make_customer()
    make_room(customer)
    make_room(customer, channel="sms")
    address = CONSENT.format(customer.pk)
    page = f"/admin/conversations/customer/{customer.pk}/change/"
    assert '<option value="" selected>Every channel</option>' in lead.get(page).content.decode()

    lead.post(address, {"change": "out", "channel": "sms", "reason": "asked"})
    customer.refresh_from_db()
    assert customer.opted_out_of("sms") is not None
    assert customer.opted_out_of("whatsapp") is None
    shown = lead.get(page).content.decode()
    assert "Opted out of SMS, the last time on" in shown
    assert all(f'value="{change}"' in shown for change in ("in", "out"))
    rows = "/admin/conversations/customer/"
    assert "Opted out: SMS" in lead.get(rows).content.decode()
    assert CustomerResource().export().dict[0]["opted_out_channels"] == "sms"

    lead.post(address, {"change": "out", "reason": "asked"})
    lead.post(address, {"change": "in", "channel": "whatsapp", "reason": "asked"})
    customer.refresh_from_db()
    assert customer.opted_out_of("sms") is not None
    assert customer.opted_out_of("whatsapp") is None
    assert "Opted out, but for WhatsApp" in lead.get(rows).content.decode()
    assert CustomerResource().export().dict[0]["opted_out_channels"] == "every, not whatsapp"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"channel": "line"}, "Channel: choose one of the list."),
        ({"change": "maybe"}, "Choose whether they opt out or in."),
    ],
)
def test_what_the_form_does_not_offer_is_refused_by_name(
    lead: Client, wrong: dict[str, str], words: str
) -> None:
    customer = make_customer()

    form = {"change": "out", "channel": "", "reason": "x"} | wrong
    answer = lead.post(CONSENT.format(customer.pk), form, follow=True)

    assert words in answer.content.decode()
    assert not Consent.objects.exists()


def test_two_who_opt_a_customer_out_do_not_opt_them_in(lead: Client) -> None:
    customer = make_customer()

    for _ in range(2):
        lead.post(CONSENT.format(customer.pk), {"change": "out", "reason": "asked"})

    customer.refresh_from_db()
    assert customer.opted_out_at is not None


def test_without_a_reason_nothing_changes(lead: Client) -> None:
    customer = make_customer()

    lead.post(CONSENT.format(customer.pk), {"change": "out", "reason": " "})

    assert not Consent.objects.exists()


def test_who_may_change_customers_may_not_note_consents_by_that(client: Client, db: None) -> None:
    client.force_login(staff("view_customer", "change_customer"))
    customer = make_customer()

    answer = client.post(CONSENT.format(customer.pk), {"change": "out", "reason": "x"})

    assert answer.status_code == 403
    page = client.get(f"/admin/conversations/customer/{customer.pk}/change/").content.decode()
    assert "Opt out" not in page


def test_a_customer_is_blocked_and_unblocked(lead: Client) -> None:
    customer = make_customer()
    address = f"/admin/conversations/customer/{customer.pk}/block/"

    lead.post(address, {"block": "1"})
    customer.refresh_from_db()
    assert customer.blocked_at is not None
    lead.post(address, {"unblock": "1"})
    customer.refresh_from_db()
    assert customer.blocked_at is None
