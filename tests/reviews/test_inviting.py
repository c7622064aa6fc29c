"""Invitations: who is asked, once each, no faster than allowed, and never after an opt-out."""

import threading
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.timezone import now

from conversations.models import Customer, Message, Room, Sending
from conversations.services.consent import note_consent
from conversations.services.statuses import apply_report
from conversations.twilio_shapes import StatusReport
from reviews.models import Campaign, Invitation
from reviews.services.inviting import (
    _send_some,
    cancel_waiting,
    invite_customers,
    seconds_to_wait,
    send_invitations,
)
from tests.reviews.making import OUR_ADDRESS, make_campaign, make_customer

PICK = "/admin/reviews/campaign/invite/"


def states(campaign: Campaign) -> dict[str, int]:
    rows = campaign.invitations.values_list("state", flat=True)
    return {state: list(rows).count(state) for state in sorted(set(rows))}


def test_each_picked_customer_is_sent_one_message(campaign: Campaign) -> None:
    people = [make_customer(number).pk for number in range(1, 4)]
    Customer.objects.filter(pk=people[0]).update(name="Ana Maria")

    report = invite_customers(campaign=campaign, customers=people)
    sent = send_invitations()

    assert (report.invited, report.again, report.unwritable, sent) == (3, 0, 0, 3)
    texts = Message.objects.order_by("pk").values_list("sender", "body", "status")
    assert list(texts)[:2] == [
        ("bot", "Hi Ana, how do you like your purchase? Answer to tell us.", "queued"),
        ("bot", "Hi there, how do you like your purchase? Answer to tell us.", "queued"),
    ]
    sending = Sending.objects.first()
    assert sending is not None
    assert sending.template == campaign.template
    assert sending.variables == {"1": "Ana", "2": "purchase"}
    assert sending.from_address == OUR_ADDRESS
    assert Invitation.objects.filter(state="sent", message=None).count() == 0


def test_nobody_is_asked_twice_by_a_campaign(campaign: Campaign) -> None:
    customer = make_customer()

    for _ in range(3):
        invite_customers(campaign=campaign, customers=[customer.pk, customer.pk])
        send_invitations()

    assert Message.objects.count() == 1
    assert invite_customers(campaign=campaign, customers=[customer.pk]).again == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(campaign=campaign, customer=customer)


def test_the_opted_out_the_blocked_and_the_unreachable_are_left_out(campaign: Campaign) -> None:
    out, blocked, nameless, known, stopped = (make_customer(number) for number in range(1, 6))
    Customer.objects.filter(pk=out.pk).update(opted_out_at=now())
    note_consent(customer=stopped, change="out", channel="whatsapp")
    note_consent(customer=known, change="out", channel="sms")
    Customer.objects.filter(pk=blocked.pk).update(blocked_at=now())
    Customer.objects.filter(pk__in=[nameless.pk, known.pk]).update(phone_number="")
    Room.objects.create(
        source="session",
        external_id="r",
        customer=known,
        channel="whatsapp",
        started_at=now(),
        reply_address="whatsapp:US.13491208655302741918",
        our_address=OUR_ADDRESS,
    )
    people = [out.pk, blocked.pk, nameless.pk, known.pk, stopped.pk, 99_999]

    report = invite_customers(campaign=campaign, customers=people)
    send_invitations()

    assert (report.invited, report.unwritable) == (1, 5)
    assert Sending.objects.get().to_address == "whatsapp:US.13491208655302741918"


def test_who_opts_out_while_waiting_is_never_written_to(campaign: Campaign) -> None:
    customer = make_customer()
    invite_customers(campaign=campaign, customers=[customer.pk])
    Customer.objects.update(opted_out_at=now())

    assert send_invitations() == 0

    invitation = campaign.invitations.get()
    assert invitation.state == "skipped"
    assert "opted out" in invitation.reason
    assert not Message.objects.exists()


def test_no_more_leave_in_a_minute_than_the_campaign_says(db: None) -> None:
    campaign = make_campaign(per_minute=5)
    people = [make_customer(number).pk for number in range(1, 13)]
    invite_customers(campaign=campaign, customers=people)

    assert [send_invitations() for _ in range(3)] == [5, 0, 0]
    pause = seconds_to_wait()
    assert pause is not None
    assert 50 < pause <= 60

    campaign.invitations.filter(state="sent").update(sent_at=now() - timedelta(seconds=61))
    assert send_invitations() == 5
    campaign.invitations.filter(state="sent").update(sent_at=now() - timedelta(seconds=61))
    assert send_invitations() == 2
    assert seconds_to_wait() is None
    assert Message.objects.count() == 12


def test_two_campaigns_have_a_rate_each_and_a_customer_his_rest(db: None) -> None:
    first, second = make_campaign(per_minute=2), make_campaign(per_minute=2)
    people = [make_customer(number).pk for number in range(1, 3)]
    for campaign in (first, second):
        invite_customers(campaign=campaign, customers=people)

    send_invitations()

    assert states(first) == {"sent": 2}
    assert states(second) == {"skipped": 2}
    assert "30 days" in second.invitations.all()[0].reason


@pytest.mark.parametrize(("days", "is_asked"), [(29, False), (31, True)])
def test_a_month_has_to_pass_between_two_campaigns(days: int, is_asked: bool, db: None) -> None:
    customer = make_customer()
    first, second = make_campaign(), make_campaign()
    invite_customers(campaign=first, customers=[customer.pk])
    send_invitations()
    first.invitations.update(sent_at=now() - timedelta(days=days))

    invite_customers(campaign=second, customers=[customer.pk])
    send_invitations()

    assert states(second) == {"sent" if is_asked else "skipped": 1}
    assert Message.objects.count() == 1 + is_asked


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_campaigns_that_ask_at_the_same_moment_ask_a_customer_once(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "memory://"
    campaigns = [make_campaign() for _ in range(4)]
    people = [make_customer(number).pk for number in range(1, 11)]
    for campaign in campaigns:
        invite_customers(campaign=campaign, customers=people)
    at_once = threading.Barrier(len(campaigns))

    def work(campaign: Campaign) -> None:
        try:
            at_once.wait(30)
            _send_some(campaign.pk, 100)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=[campaign]) for campaign in campaigns]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert Message.objects.count() == 10
    assert Message.objects.values("customer").distinct().count() == 10


def test_a_campaign_that_is_switched_off_sends_nothing(campaign: Campaign) -> None:
    invite_customers(campaign=campaign, customers=[make_customer().pk])
    Campaign.objects.update(is_active=False)

    assert send_invitations() == 0
    assert seconds_to_wait() is None
    assert states(campaign) == {"waiting": 1}


def test_the_waiting_list_can_be_cleared(campaign: Campaign, admin_user: User) -> None:
    invite_customers(campaign=campaign, customers=[make_customer().pk])

    assert cancel_waiting(campaign=campaign, user=admin_user) == 1

    assert send_invitations() == 0
    assert states(campaign) == {"skipped": 1}


def test_a_message_and_its_invitation_exist_together_or_not_at_all(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite_customers(campaign=campaign, customers=[make_customer().pk])

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the worker is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Invitation, "save", fail)
        with pytest.raises(RuntimeError):
            send_invitations()
    assert not Message.objects.exists()
    assert states(campaign) == {"waiting": 1}

    assert send_invitations() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_the_rate_and_ask_nobody_twice(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "memory://"
    campaign = make_campaign(per_minute=10)
    people = [make_customer(number).pk for number in range(1, 41)]
    invite_customers(campaign=campaign, customers=people)
    trouble: list[DatabaseError] = []

    def work() -> None:
        try:
            send_invitations()
            invite_customers(campaign=campaign, customers=people)
        except DatabaseError as error:
            trouble.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert trouble == []
    assert states(campaign) == {"sent": 10, "waiting": 30}
    assert Message.objects.count() == 10


def test_the_command_sends_all_and_a_second_run_nothing(campaign: Campaign) -> None:
    people = [make_customer(number).pk for number in range(1, 4)]
    invite_customers(campaign=campaign, customers=people)
    out = StringIO()

    call_command("send_invitations", stdout=out)
    call_command("send_invitations", "--once", stdout=out)

    assert out.getvalue().splitlines() == [
        "Sent 3 of 3 waiting invitations",
        "Sent 0 of 0 waiting invitations",
    ]


def test_values_are_those_of_the_customer(campaign: Campaign) -> None:
    Campaign.objects.update(variables={"1": "{name}", "2": "{name}'s order"})
    customer = make_customer(name="Budi Santoso")
    invite_customers(campaign=campaign, customers=[customer.pk])

    send_invitations()

    assert Message.objects.get().body.startswith("Hi Budi, how do you like your Budi's order?")


@pytest.mark.parametrize(
    ("code", "is_stopped"), [("63027", True), ("20003", True), ("63024", False), ("", False)]
)
def test_a_campaign_stops_where_the_next_message_would_fail_alike(
    campaign: Campaign, code: str, is_stopped: bool, django_capture_on_commit_callbacks: Any
) -> None:
    people = [make_customer(number).pk for number in range(1, 3)]
    invite_customers(campaign=campaign, customers=people)
    send_invitations()
    message = Message.objects.first()
    assert message is not None

    with django_capture_on_commit_callbacks(execute=True):
        apply_report(
            StatusReport(
                account_sid="",
                sid="SM" + "1" * 32,
                word="failed",
                error_code=code,
                error_text="",
                message_id=message.pk,
            )
        )

    campaign.refresh_from_db()
    assert campaign.is_active is not is_stopped


@pytest.mark.parametrize(("hour", "sent"), [(7, 0), (8, 1), (19, 1), (20, 0)])
def test_invitations_keep_to_the_hours_of_the_setting(
    campaign: Campaign, settings: Any, hour: int, sent: int
) -> None:
    settings.INVITATION_HOURS = (8, 20)
    invite_customers(campaign=campaign, customers=[make_customer().pk])

    with time_machine.travel(datetime(2025, 5, 1, hour, 30, tzinfo=ZoneInfo("Asia/Jakarta"))):
        assert send_invitations() == sent


def test_each_customer_is_asked_by_their_own_clock(campaign: Campaign, settings: Any) -> None:
    settings.INVITATION_HOURS = (8, 20)
    london = make_customer(9)
    london.phone_number = "+442071838750"
    london.save()
    jakarta = make_customer(1)
    invite_customers(campaign=campaign, customers=[london.pk, jakarta.pk])

    with time_machine.travel(datetime(2025, 5, 1, 9, 30, tzinfo=ZoneInfo("Asia/Jakarta"))):
        assert (send_invitations(), send_invitations()) == (1, 0)
        assert campaign.invitations.get(state="sent").customer == jakarta
    with time_machine.travel(datetime(2025, 5, 1, 16, tzinfo=ZoneInfo("Asia/Jakarta"))):
        assert send_invitations() == 1


def test_a_template_that_is_switched_off_sends_nothing(campaign: Campaign) -> None:
    invite_customers(campaign=campaign, customers=[make_customer().pk])
    campaign.template.is_active = False
    campaign.template.save()

    assert send_invitations() == 0
    call_command("send_invitations")
    assert campaign.invitations.get().state == "waiting"
