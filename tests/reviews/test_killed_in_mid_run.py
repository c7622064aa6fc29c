"""A process that sends a campaign is killed in mid-run: the next run writes to nobody twice."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.conftest import Site
from tests.forking import Process
from tests.twilio_posts import ACCOUNT, TOKEN
from tests.twilio_server import Callbacks, LocalTwilio
from tests.twilio_server.server import Handler

INVITED = 40
TAKEN_THEN_KILLED, KILLED_BEFORE_TAKEN = 8, 20
"""Calls at which the process is killed: Twilio has the message already, or never gets it."""

MAKE = f"""
from reviews.services.inviting import invite_customers
from tests.reviews.making import make_campaign, make_customer
campaign = make_campaign(per_minute=1_000, is_active=False)
people = [make_customer(number).pk for number in range({INVITED})]
assert invite_customers(campaign=campaign, customers=people).invited == {INVITED}
campaign.is_active = True
campaign.save()
"""
FINISH = """
import json, sys
from collections import Counter
from datetime import timedelta
from io import StringIO
from django.core.management import call_command
from django.utils.timezone import now
from conversations.models import Sending
from operations.system import health
from reviews.models import Invitation
lost = Sending.objects.filter(state="claimed").update(claimed_at=now() - timedelta(minutes=2))
for _ in range(2):
    call_command("send_invitations", stdout=StringIO())
print(json.dumps({
    "lost": lost,
    "sendings": Counter(Sending.objects.values_list("state", flat=True)),
    "invitations": Counter(Invitation.objects.values_list("state", flat=True)),
    "unknown": sorted(Sending.objects.filter(state="unknown").values_list("to_address", flat=True)),
    "reasons": sorted(set(Sending.objects.filter(state="unknown").values_list("error_code", flat=True))),
    "in_doubt": health().in_doubt,
}))
"""


def test_a_campaign_whose_sender_is_killed_writes_to_nobody_twice(
    make_site: Callable[[], Site],
) -> None:
    site = make_site()
    calls = Counter[str]()
    killed: list[str] = []
    sender: list[Process] = []

    def kill_before_it_is_taken(handler: Handler) -> bool:
        calls["all"] += 1
        if calls["all"] != KILLED_BEFORE_TAKEN:
            return False
        sender[-1].kill()
        return True

    def kill_when_it_is_taken(message: dict[str, Any]) -> None:
        if calls["all"] == TAKEN_THEN_KILLED:
            killed.append(message["to"])
            sender[-1].kill()

    with LocalTwilio(
        {ACCOUNT: TOKEN},
        callbacks=Callbacks.NONE,
        faults=[kill_before_it_is_taken] * (INVITED * 2),
        on_message=kill_when_it_is_taken,
    ) as twilio:
        site.env |= {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_BASE_URL": twilio.base_url,
            "TWILIO_MESSAGES_PER_SECOND": "1000",
        }
        site.run("shell", "--no-imports", "-c", MAKE)
        for _ in range(2):
            sender.append(site.start("send_invitations"))
            assert sender[-1].wait(timeout=60) == -9
        told = json.loads(site.run("shell", "--no-imports", "-c", FINISH))

    written = Counter(message["to"] for message in twilio.messages.values())
    assert set(written.values()) == {1}
    assert len(written) == INVITED - 1
    assert told["invitations"] == {"sent": INVITED}
    assert told["sendings"] == {"done": INVITED - 2, "unknown": 2}
    assert told["lost"] == 2
    assert told["reasons"] == ["worker_lost"]
    assert told["in_doubt"] == "2"
    assert set(told["unknown"]) & set(written) == set(killed)
    assert len(killed) == 1
