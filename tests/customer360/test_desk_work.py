"""Labels, teams, priorities, macros, shared views, times of answers: what agents do besides answering."""

from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from carddata.models import CardAccess
from conversations.models import (
    CannedAnswer,
    Label,
    Macro,
    Message,
    Note,
    Room,
    SavedFilter,
    Sending,
    Team,
)
from conversations.seen import RoomSeen
from customer360.selectors.queue import QueueQuery, queue_page
from customer360.selectors.times import response_times
from tests.carddata.cards import make_card
from tests.customer360.desk import make_everything, refresh, waiting_room
from tests.reviews.making import make_customer, make_message, make_room

pytestmark = pytest.mark.django_db
BASE = "/admin/customer360/customerprofile"
QUEUE = f"{BASE}/queue/"


@pytest.fixture(autouse=True)
def _account(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_AUTH_TOKEN = "a token of tests"
    settings.CELERY_BROKER_URL = "memory://"
    import_module("carddata.migrations.0002_known_partners").add_partners(apps, None)


def of_role(role: str, name: str) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def sari() -> Client:
    return of_role("Support agent", "sari")


@pytest.fixture
def lead() -> Client:
    return of_role("Support lead", "chief")


def page_of(room: Room) -> str:
    return f"{BASE}/customer/{room.customer_id}/"


def do(client: Client, room: Room, what: str, **fields: Any) -> Any:
    seen = fields.pop("seen", RoomSeen.of(Room.objects.get(pk=room.pk)).text)
    return client.post(f"{page_of(room)}{room.pk}/do/", {"do": what, "seen": seen, **fields})


def listed(client: Client, **query: Any) -> list[int]:
    return [room.pk for room in client.get(QUEUE, query).context["rooms"]]


# --- Priority, team, labels -----------------------------------------------------------------------


def test_priority_team_and_labels_are_set_shown_and_filtered_by(sari: Client, lead: Client) -> None:
    room, other = waiting_room(1), waiting_room(2)
    refund = Label.objects.create(name="refund", colour="red")
    team = Team.objects.create(name="Billing")
    fields = {"version": 0, "priority": 4, "team": team.pk, "labels": [refund.pk]}
    assert do(sari, room, "describe", **fields).status_code == 302

    for address in (page_of(room), QUEUE, f"/admin/conversations/room/{room.pk}/change/"):
        text = lead.get(address).content.decode()
        for words in ("Urgent", "Billing", "refund", "fs-label-red"):
            assert words in text, (address, words)
    everything = [room.pk, other.pk]
    assert sorted(listed(sari)) == everything
    for query in ({"label": refund.pk}, {"team": team.pk}, {"priority": "3"}):
        assert listed(sari, **query) == [room.pk], query
    for query in ({"label": "9" * 30}, {"team": "x"}, {"priority": "9"}):
        assert sorted(listed(sari, **query)) == everything, query
    for text in (
        f"labels__id__exact={refund.pk}",
        f"team__id__exact={team.pk}",
        "priority__exact=4",
    ):
        rows = lead.get(f"/admin/conversations/room/?{text}").context["cl"].result_list
        assert [one.pk for one in rows] == [room.pk], text


def test_of_two_who_describe_a_room_the_second_is_told_and_loses_nothing(
    sari: Client, lead: Client
) -> None:
    room = waiting_room(1)
    vip = Label.objects.create(name="vip")
    assert do(lead, room, "describe", version=0, priority=3).status_code == 302
    said = do(sari, room, "describe", version=0, priority=1, labels=[vip.pk])
    text = said.content.decode()
    assert said.status_code == 409
    assert "changed by chief at" in text
    form = said.context["room_form"]
    assert (form.initial["priority"], list(form.initial["labels"])) == (1, [vip])
    room.refresh_from_db()
    assert (room.priority, room.labels.count()) == (3, 0)
    # What they had picked is there; saved again, it is taken.
    again = form.initial["version"]
    assert do(sari, room, "describe", version=again, priority=1, labels=[vip.pk]).status_code == 302
    room.refresh_from_db()
    assert (room.priority, room.version) == (1, 2)


def test_a_state_that_cannot_follow_is_answered_409_and_its_button_is_grey(sari: Client) -> None:
    room = waiting_room(1)
    assert do(sari, room, "resolve").status_code == 302
    for what in ("resolve", "snooze", "pending"):
        answer = do(sari, room, what, until="reply")
        assert (answer.status_code, b"already" in answer.content) == (409, True)
    text = sari.get(page_of(room)).content.decode()
    for what, is_grey in (
        ("resolve", True),
        ("snooze", True),
        ("pending", True),
        ("reopen", False),
    ):
        button = text[text.index(f'value="{what}"') :].partition(">")[0]
        assert ("disabled" in button) == is_grey, what
    assert "Resolved by sari" in text
    assert do(sari, room, "reopen").status_code == 302
    assert do(sari, room, "snooze", until="tomorrow").status_code == 302
    assert "Snoozed until" in sari.get(page_of(room)).content.decode()
    assert listed(sari) == []
    assert listed(sari, state="snoozed") == [room.pk]
    assert do(sari, room, "dance").status_code == 403


def test_who_resolves_does_not_overlook_what_has_just_come(sari: Client) -> None:
    room = waiting_room(1)
    seen = RoomSeen.of(room).text
    Room.objects.filter(pk=room.pk).update(last_message_at=now())
    answer = do(sari, room, "resolve", seen=seen)
    assert (answer.status_code, b"the customer has written" in answer.content) == (409, True)
    assert Room.objects.get().status == "open"


# --- Whose rooms ----------------------------------------------------------------------------------


def test_an_agent_neither_sees_nor_changes_what_a_colleague_has(sari: Client) -> None:
    budi = User.objects.create_user("budi", is_staff=True)
    theirs = waiting_room(1, name="Ana", assigned_to=budi)
    make_message(theirs, body="a secret of Ana's", sent_at=now())
    make_everything(theirs, budi, number=2)
    tick = RoomSeen.of(theirs).text
    before = Room.objects.filter(pk=theirs.pk).values().get()

    page = sari.get(page_of(theirs)).content.decode()
    live = sari.get(f"{page_of(theirs)}live/", {"room": theirs.pk}).content.decode()
    for text in (page, live):
        assert "secret of Ana" not in text
        assert "note 2" not in text
    assert listed(sari, state="open") == []
    for what in ("take", "assign", "close"):
        fields = {"do": what, "room": [tick], "to": "", "sure": "1"}
        assert sari.post(f"{QUEUE}change/", fields).status_code == 302
    for what in ("take", "resolve", "describe", "assign"):
        answer = do(sari, theirs, what, version=0, priority=4)
        assert answer.status_code == 409
        assert b"budi has taken this room meanwhile" in answer.content
    macro = Macro.objects.create(name="Done", state="resolved")
    address = f"{page_of(theirs)}{theirs.pk}/macro/"
    assert sari.post(address, {"macro": macro.pk, "seen": tick}).status_code == 403
    assert Room.objects.filter(pk=theirs.pk).values().get() == before


def test_what_was_typed_is_not_lost_when_a_colleague_takes_the_room(sari: Client) -> None:
    room = waiting_room(1)
    budi = User.objects.create_user("budi", is_staff=True)
    Room.objects.update(assigned_to=budi)
    address = f"{page_of(room)}{room.pk}/answer/"
    answer = sari.post(address, {"token": "t", "body": "Halo kak, bisa besok"})
    assert answer.status_code == 409
    assert b"Halo kak, bisa besok" in answer.content
    assert not Sending.objects.exists()


# --- Macros and canned answers --------------------------------------------------------------------


def run(client: Client, room: Room, macro: Macro, *, token: str = "t", seen: str = "") -> Any:
    seen = seen or RoomSeen.of(Room.objects.get(pk=room.pk)).text
    fields = {"macro": macro.pk, "token": token, "seen": seen}
    return client.post(f"{page_of(room)}{room.pk}/macro/", fields)


def test_a_macro_does_all_its_steps_once(sari: Client) -> None:
    room = waiting_room(1, name="Ana Maria")
    team = Team.objects.create(name="Billing")
    macro = Macro.objects.create(
        name="Refund", reply="Halo {first_name}, sudah kami proses", note="refund sent",
        team=team, priority=2, assign="me", state="resolved",
    )  # fmt: skip
    macro.labels.add(Label.objects.create(name="refund"))
    text = sari.get(page_of(room)).content.decode()
    for words in ("send “Halo Ana, sudah kami proses”", "label refund", "resolve it"):
        assert words in text
    seen = RoomSeen.of(room).text

    assert run(sari, room, macro, seen=seen).status_code == 302
    # The second click of a double one.
    assert run(sari, room, macro, seen=seen).status_code == 409

    room.refresh_from_db()
    assert room.assigned_to is not None
    found = (room.status, room.priority, room.team, room.assigned_to.username)
    assert found == ("resolved", 2, team, "sari")
    assert [label.name for label in room.labels.all()] == ["refund"]
    assert Message.objects.get(sender="agent").body == "Halo Ana, sudah kami proses"
    assert Note.objects.get().body == "refund sent"
    assert Sending.objects.count() == 1


def test_a_macro_that_cannot_do_a_step_does_none(sari: Client) -> None:
    nameless = waiting_room(1, name="")
    outside = waiting_room(2, minutes=60 * 30)
    macro = Macro.objects.create(name="Hi", reply="Halo {first_name}", priority=4, state="resolved")
    plain = Macro.objects.create(name="Bye", reply="Sampai jumpa", priority=4, state="resolved")
    answers = [run(sari, nameless, macro), run(sari, outside, plain, token="u")]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert b"nobody knows {first_name}" in answers[0].content
    assert b"Nothing done" in answers[1].content
    assert not Room.objects.exclude(status="open", priority=0, version=0).exists()
    assert not Message.objects.filter(sender="agent").exists()


def test_own_macros_and_answers_are_nobody_elses_and_shared_ones_need_a_right(
    sari: Client, lead: Client
) -> None:
    chief = User.objects.get(username="chief")
    room = waiting_room(1)
    theirs = Macro.objects.create(name="Mine alone", owner=chief, state="resolved")
    assert b"Mine alone" not in sari.get(page_of(room)).content
    assert run(sari, room, theirs).status_code == 409
    pages = "/admin/conversations/macro"
    assert sari.get(f"{pages}/{theirs.pk}/change/").status_code == 302
    shared = Macro.objects.create(name="For all", state="resolved")
    fields = {"name": "Changed", "owner": "", "state": "open"}
    assert sari.post(f"{pages}/{shared.pk}/change/", fields).status_code == 403
    assert lead.post(f"{pages}/{shared.pk}/change/", fields).status_code == 302
    sari.post(f"{pages}/add/", {**fields, "name": "New"})
    assert set(Macro.objects.values_list("name", flat=True)) == {"Mine alone", "Changed"}


def test_a_place_that_no_answer_fills_is_shown_and_not_sent(sari: Client) -> None:
    room = waiting_room(1, name="Ana")
    CannedAnswer.objects.create(shortcut="price", body="Halo {name}, harganya {harga}")
    shown = sari.get(page_of(room), {"canned": "price"}).content.decode()
    assert "Halo Ana, harganya {harga}</textarea>" in shown
    assert "{harga}: Nobody knows this" in shown
    address = f"{page_of(room)}{room.pk}/answer/"
    refused = sari.post(address, {"token": "t", "body": "Halo Ana, harganya {harga}"})
    assert b"Fill in {harga} first" in refused.content
    assert not Sending.objects.exists()
    assert sari.post(address, {"token": "t", "body": "harganya {150rb}"}).status_code == 302


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
    from customer360.selectors.words import _has_words

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Message.objects.filter(_has_words("kredit")).explain()
    assert "message_words" in plan, plan
