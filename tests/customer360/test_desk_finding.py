"""Views of the queue, cards beside a conversation, messages by words, and how long customers wait."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from carddata.models import CardAccess
from conversations.models import (
    Message,
    Room,
    SavedFilter,
    Sending,
    Team,
)
from conversations.selectors import with_words
from customer360.selectors.queue import QueueQuery, queue_page
from customer360.selectors.times import response_times
from funnel_site.lib.business_hours import business_seconds, read_hours
from tests.carddata.cards import make_card
from tests.customer360.desk import BASE, QUEUE, of_role, page_of, refresh, waiting_room
from tests.reviews.making import make_customer, make_message, make_room

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("account")]


# --- Views, cards, privacy ------------------------------------------------------------------------


def test_a_shared_view_is_everybodys_to_see_and_its_owners_to_forget(
    sari: Client, lead: Client
) -> None:
    fields = {"view": "all", "state": "waiting", "priority": "3", "name": "Burning", "share": "on"}
    assert sari.post(f"{QUEUE}filter/", fields).status_code == 403
    assert lead.post(f"{QUEUE}filter/", fields).status_code == 302
    kept = SavedFilter.objects.get()
    assert kept.query == "view=all&state=waiting&priority=3"
    assert "Burning" in sari.get(QUEUE).content.decode()
    sari.post(f"{QUEUE}filter/", {"forget": kept.pk})
    assert SavedFilter.objects.count() == 1
    lead.post(f"{QUEUE}filter/", {"forget": kept.pk})
    assert SavedFilter.objects.count() == 0


def test_the_queue_says_how_long_free_text_may_still_be_sent() -> None:
    root = User.objects.create_superuser("root")
    fresh, old = waiting_room(1, minutes=60), waiting_room(2, minutes=60 * 30)
    # The customer wrote to the same number of ours in another room lately.
    waiting_room(2, minutes=30, channel="sms")
    other = waiting_room(3, minutes=60 * 25)
    rooms, _ = queue_page(QueueQuery(), root)
    window: Any = {room.pk: room for room in rooms}
    assert window[fresh.pk].window.is_open
    assert window[old.pk].window.is_open
    assert not window[other.pk].window.is_open


def test_a_card_is_looked_up_beside_the_conversation(sari: Client, settings: Any) -> None:
    room = waiting_room(1)
    make_card("ZYW7631", contact="+971500000001")
    text = sari.get(page_of(room), {"card": " zyw7631 "}).content.decode()
    assert "Your card ZYW7631 was delivered on 14 November 2023." in text
    assert "Kartu ZYW7631 sudah diantar pada 14 November 2023." in text
    assert CardAccess.objects.filter(subject="ZYW7631", found=1).exists()
    assert "No partner has told" in sari.get(page_of(room), {"card": "ZYW1"}).content.decode()
    settings.CARD_LOOKUPS_PER_MINUTE = 1
    assert "Too many cards" in sari.get(page_of(room), {"card": "ZYW7631"}).content.decode()


def test_data_requests_are_offered_to_those_who_may_handle_them(sari: Client) -> None:
    room = waiting_room(1)
    link = f"/admin/privacy/datarequest/customer/{room.customer_id}/"
    assert link not in sari.get(page_of(room)).content.decode()
    assert link in of_role("Privacy steward", "tuti").get(page_of(room)).content.decode()


# --- Times ----------------------------------------------------------------------------------------

JAKARTA = ZoneInfo("Asia/Jakarta")
MONDAY = datetime(2025, 4, 7, 9, tzinfo=JAKARTA)


def talk(room: Room, *said: tuple[str, float]) -> None:
    """Who said something, so many hours after MONDAY."""
    for sender, hours in said:
        at = MONDAY + timedelta(hours=hours)
        message = make_message(room, sender=sender.partition(":")[0], sent_at=at)
        if name := sender.partition(":")[2]:
            user, _ = User.objects.get_or_create(username=name)
            Sending.objects.create(
                message=message, author=user, made_at=at, due_at=at, token=f"t{message.pk}"
            )


def quiet_room(number: int, **fields: Any) -> Room:
    values = {"started_at": MONDAY, "last_message_at": MONDAY + timedelta(days=2), **fields}
    room = make_room(make_customer(number), last_inbound_at=None, **values)
    room.messages.all().delete()
    return room


def test_times_of_answers_are_peoples_and_their_quantiles_have_occurred() -> None:
    team = Team.objects.create(name="Billing")
    one = quiet_room(1, team=team, first_customer_message_at=MONDAY)
    # Half an hour to the first answer, though the bot was quicker; two hours to the next one.
    talk(one, ("customer", 0), ("bot", 0.01), ("customer", 0.2), ("agent:sari", 0.5))
    talk(one, ("agent:sari", 0.6), ("customer", 3), ("customer", 4), ("agent:budi", 5))
    Room.objects.filter(pk=one.pk).update(
        resolved_at=MONDAY + timedelta(hours=6), resolved_by=User.objects.get(username="budi")
    )
    two = quiet_room(2)
    talk(two, ("agent:sari", -1), ("customer", 0), ("agent:sari", 30))
    for number in range(3, 11):
        talk(quiet_room(number), ("customer", 0), ("agent", 2))
    talk(quiet_room(11), ("customer", 1))
    bots = quiet_room(12)
    make_message(bots, sent_at=MONDAY, is_for_bot=True)
    talk(bots, ("bot", 0.01))
    # Asked in time and answered a week later, another long before.
    talk(quiet_room(13), ("customer", -24 * 30), ("agent", -24 * 30 + 1))
    first = datetime.combine(date(2025, 4, 7), MONDAY.min.time(), tzinfo=JAKARTA)

    report = response_times(first, first + timedelta(days=7))

    whole = report.whole["first"]
    assert (whole.number, whole.median, whole.p90) == (10, 7_200, 7_200)
    assert whole.bars == (1, 8, 0, 0, 1)
    assert report.whole["next"].median == 7_200
    assert report.whole["resolution"].median == 6 * 3_600
    agents = {times.name: times for times in report.agents["first"]}
    assert {name: times.number for name, times in agents.items()} == {"sari": 2, "": 8}
    assert (agents["sari"].median, agents["sari"].p90) == (1_800, 108_000)
    assert [times.name for times in report.agents["next"]] == ["budi"]
    assert [(times.name, times.number) for times in report.teams["first"]] == [
        ("Billing", 1),
        ("", 9),
    ]
    assert report.unanswered == 1


@pytest.mark.parametrize(
    "words", ["Mon-Fri 09:00-17:00", "Mon-Sun 00:00-12:00, Mon-Sun 13:00-24:00"]
)
def test_business_hours_of_the_database_are_those_of_the_pure_function(words: str) -> None:
    hours = read_hours(words, "2025-04-09")
    # From office to office, over a night, over the weekend, within a night, begun years before.
    waits = [(0, 2), (7.75, 24.25), (103.5, 120.5), (12, 20), (110, 130), (25, 73), (-60_000, 1)]
    for number, (asked, answered) in enumerate(waits, start=1):
        talk(quiet_room(number), ("customer", asked), ("agent:sari", answered))
    first = datetime.combine(date(2025, 4, 7), MONDAY.min.time(), tzinfo=JAKARTA)

    whole = response_times(first, first + timedelta(days=7), hours=hours).whole["first"]

    moments = [[MONDAY + timedelta(hours=at) for at in wait] for wait in waits]
    worked = sorted(business_seconds(*wait, hours=hours, zone=JAKARTA) for wait in moments[:-1])
    assert worked[0] < worked[-1] < 72 * 3_600
    assert (whole.number, whole.median) == (7, round(worked[3]))
    # What began before the database's table of days counts from its first day.
    assert whole.p90 > 3 * 365 * 3_600
    ends = (0, 1, 4, 8, 24, 10**9)
    bars = [
        sum(low * 3_600 <= one < high * 3_600 for one in worked) for low, high in pairwise(ends)
    ]
    assert whole.bars == (*bars[:-1], bars[-1] + 1)


def test_leads_switch_between_the_clock_and_business_hours(lead: Client, settings: Any) -> None:
    talk(quiet_room(1), ("customer", 103.5), ("agent:sari", 120.5))
    settings.BUSINESS_HOURS = read_hours("Mon-Fri 09:00-17:00, Sat 09:00-13:00", "2025-04-12")
    page, days = f"{BASE}/times/", {"first": "2025-04-07", "last": "2025-04-13"}

    clock = lead.get(page, days).content.decode()
    work = lead.get(page, {**days, "hours": "business"}).content.decode()

    assert "<strong>17 h</strong>" in clock
    assert "Nights and weekends do." in clock
    assert "<strong>30 min</strong>" in work
    assert "Mon–Fri 09:00–17:00, Sat 09:00–13:00, without 1 holiday" in work
    assert "valid choice" in lead.get(page, {**days, "hours": "both"}).content.decode()


def test_the_page_of_times_is_for_leads_and_bounded(sari: Client, lead: Client) -> None:
    room = waiting_room(1, minutes=90)
    make_message(room, sender="agent", sent_at=now())
    refresh(room)
    page = f"{BASE}/times/"
    assert sari.get(page).status_code == 403
    text = lead.get(page).content.decode()
    for words in ("First response", "1 h 30 min", "median", "0–1 h", "24+ h"):
        assert words in text
    assert page not in sari.get(QUEUE).content.decode()
    assert page in lead.get(QUEUE).content.decode()
    for query, words in (
        ({"first": "2025-01-01", "last": "2025-12-31"}, "At most 92 days"),
        ({"first": "2025-02-01", "last": "2025-01-01"}, "comes after the last"),
        ({"first": "2025-02-30", "last": "x"}, "valid date"),
    ):
        assert words in lead.get(page, query).content.decode()
    with CaptureQueriesContext(connection) as few:
        lead.get(page)
    for number in range(2, 12):
        make_message(waiting_room(number), sender="agent", sent_at=now())
    with CaptureQueriesContext(connection) as many:
        lead.get(page)
    assert len(many) <= len(few)


# --- Words and message ids ------------------------------------------------------------------------


def test_messages_are_found_by_their_words_in_rooms_that_one_may_see(
    sari: Client, lead: Client
) -> None:
    room = waiting_room(1, name="Ana")
    make_message(room, body="Apakah kartu Kredit saya sudah dikirim?", sent_at=now())
    theirs = waiting_room(2, assigned_to=User.objects.get(username="chief"))
    make_message(theirs, body="kredit saya yang lain", sent_at=now())
    page = f"{BASE}/find/"

    def bodies(client: Client, text: str, **more: Any) -> list[str]:
        found = client.get(page, {"q": text, "in": "messages", **more}).context["found"]
        return [message.body for message in found.messages]

    assert bodies(sari, "kredit SAYA") == ["Apakah kartu Kredit saya sudah dikirim?"]
    assert len(bodies(lead, "kredit")) == 2
    assert bodies(lead, "kredit nothing") == []
    for text in ("%", "a", "12345", "___", "\x00", "'; DROP"):
        answer = lead.get(page, {"q": text, "in": "messages"}).content.decode()
        assert ("at least 3 letters" in answer) != (text == "'; DROP"), text
    typed = lead.get(f"{BASE}/search/", {"q": "kredit"}).json()
    assert lead.get(typed["more"]["url"]).status_code == 200
    assert "more" not in lead.get(f"{BASE}/search/", {"q": "%"}).json()
    assert of_role("Operator", "op").get(page, {"q": "kredit", "in": "messages"}).status_code == 403


def test_pages_of_messages_neither_skip_nor_repeat(lead: Client) -> None:
    room = waiting_room(1)
    made = [make_message(room, body="promo lebaran", sent_at=now()).pk for _ in range(45)]
    address, seen = f"{BASE}/find/?q=lebaran&in=messages", []
    while address:
        answer = lead.get(address)
        seen += [message.pk for message in answer.context["found"].messages]
        address = answer.context["older_url"]
    assert seen == made[::-1]


def test_a_message_id_of_twilios_leads_to_the_message(lead: Client) -> None:
    room = waiting_room(1)
    message = make_message(room, external_id="SM" + "a1" * 16, sent_at=now())
    answer = lead.get(f"{BASE}/find/", {"q": message.external_id})
    assert answer.headers["Location"] == f"{page_of(room)}?room={room.pk}#message-{message.pk}"


@pytest.mark.postgresql
def test_words_are_found_by_their_index(lead: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = with_words(Message.objects.all(), "kredit").explain()
    assert "message_words" in plan, plan
