"""The agent's one screen: found as typed, everything on one page, answered, taken once, closed."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from carddata.models import CardAccess
from conversations.models import (
    CannedAnswer,
    Customer,
    Message,
    MessageTemplate,
    Note,
    Room,
    Sending,
)
from conversations.seen import RoomSeen
from customer360.selectors.timeline import KINDS, timeline
from tests.customer360.desk import make_everything, refresh, waiting_room
from tests.reviews.making import make_customer, make_message

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "/admin/customer360/customerprofile"
AGENT = (
    "conversations.view_customer", "conversations.view_room", "conversations.change_room",
    "conversations.view_message", "conversations.add_message", "conversations.add_note",
    "conversations.view_note", "conversations.see_contacts", "conversations.see_all_rooms",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _account(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_AUTH_TOKEN = "a token of tests"
    settings.CELERY_BROKER_URL = "memory://"


def agent(name: str = "sari", permissions: tuple[str, ...] = AGENT) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    for one in permissions:
        app, codename = one.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def found(client: Client, text: str) -> list[str]:
    answer = client.get(f"{BASE}/search/", {"q": text})
    assert answer.status_code == 200
    return [one["label"] for one in answer.json()["results"]]


def page_of(room: Room) -> str:
    return f"{BASE}/customer/{room.customer_id}/"


def seen_of(room: Room) -> str:
    """What the page shows of the room as it is now."""
    return RoomSeen.of(Room.objects.get(pk=room.pk)).text


def taken(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


@pytest.mark.parametrize(
    "text",
    [
        "+62 812-0000-0007", "0812 0000 0007", "62812 00000007", "whatsapp:+6281200000007",
        "00000007", "0007", "Ana Maria", "ana mar", "MARIA", "ana@example.com", "example.co",
        "room-x7", "ZYW00003", "zyw0000",
    ],
)  # fmt: skip
def test_a_customer_is_found_by_what_an_agent_has(root: Client, text: str) -> None:
    room = waiting_room(7, name="Ana Maria", external_id="room-x7")
    Customer.objects.filter(rooms=room).update(email="Ana@example.com")
    make_customer(8, name="Budi")
    make_everything(room, None, number=3)
    assert found(root, text) == ["Ana Maria"]


@pytest.mark.parametrize("text", ["", "a", "%", "%%%%", "___", "12", "\x00", "<b>", "''--"])
def test_what_is_too_short_gets_a_hint_and_no_rows(root: Client, text: str) -> None:
    waiting_room(1, name="Ana")
    answer = root.get(f"{BASE}/search/", {"q": text}).json()
    assert answer["results"] == []
    assert "3 letters" in answer["hint"]


def test_a_search_costs_the_same_however_many_there_are(root: Client) -> None:
    address = f"{BASE}/search/?q=person"
    for number in range(1, 3):
        waiting_room(number)
    taken(root, address)
    few = taken(root, address)
    for number in range(3, 30):
        waiting_room(number)
    assert taken(root, address) <= few
    assert len(found(root, "person")) == 10


def test_one_sure_find_is_opened_and_a_strangers_card_leads_to_the_card(root: Client) -> None:
    room = waiting_room(1, name="Ana")
    found_one = root.get(f"{BASE}/find/", {"q": "ana"})
    assert found_one.headers["Location"] == page_of(room)
    make_everything(room, None)
    make_everything(waiting_room(2), None, number=2)
    Customer.objects.get(phone_number="+6281200000002").identities.all().delete()
    answer = root.get(f"{BASE}/search/", {"q": "ZYW00002"}).json()["results"]
    assert [one["label"] for one in answer] == ["Card ZYW00002"]
    assert root.get(answer[0]["url"]).status_code == 200


@pytest.mark.postgresql
def test_parts_are_found_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        for query in (
            Customer.objects.filter(name__icontains="mari"),
            Customer.objects.filter(email__icontains="exam"),
        ):
            plan = query.explain()
            assert "_parts" in plan, plan
        cursor.execute("SET enable_seqscan = on")


def test_the_page_shows_every_kind_and_its_cost_does_not_grow(
    root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Presence is written every ten seconds: not while we count.
    for name in ("PRESENT_FOR", "NOTED_EVERY"):
        monkeypatch.setattr(f"conversations.services.desk.{name}", timedelta(hours=1))
    room = waiting_room(1, name="Ana")
    author = User.objects.get(username="root")
    make_everything(room, author)
    address = page_of(room)
    taken(root, address)
    few = taken(root, address)
    text = root.get(address).content.decode()
    for words in (
        "message 1", "note 1", "Review of Phone 1", "Card ZYW00001: Delivered", "Bought Yoga mat",
        "Service case: complaint", "Transaction", "Lead", "May be written to", "Waits since",
    ):  # fmt: skip
        assert words in text, words
    assert CardAccess.objects.filter(kind="page", subject="ZYW00001").exists()
    for number in range(2, 25):
        make_everything(room, author, number=number)
    assert taken(root, address) <= few


def test_the_timeline_is_newest_first_and_pages_without_gaps_or_repeats(root: Client) -> None:
    room = waiting_room(1)
    assert room.customer_id is not None
    for number in range(1, 13):
        make_everything(room, None, number=number)
    moment = now() - timedelta(days=400)
    author = User.objects.get(username="root")
    for _ in range(40):
        make_message(room, sent_at=moment)
    seen, cursor = [], ""
    while True:
        entries, cursor = timeline(room.customer_id, user=author, cursor=cursor)
        seen += [entry.place for entry in entries]
        if not cursor:
            break
    assert seen == sorted(set(seen), reverse=True)
    # A message opens the room; a lead and a transaction are one funnel's.
    assert len(seen) == 12 * 8 + 40 + 1
    only, _ = timeline(room.customer_id, user=author, kinds=["review"])
    assert {entry.kind for entry in only} == {"review"}
    for kind, _label in KINDS:
        assert root.get(page_of(room), {"kind": kind}).status_code == 200
    assert root.get(page_of(room), {"before": "nonsense"}).status_code == 200


def test_what_a_role_may_not_see_is_not_on_the_page() -> None:
    room = waiting_room(1, name="Ana")
    make_everything(room, None)
    text = agent().get(page_of(room)).content.decode()
    assert "message 1" in text
    for words in ("Review of", "ZYW00001", "Yoga mat", "complaint", "Transaction:"):
        assert words not in text
    assert agent("guest", ()).get(page_of(room)).status_code == 403
    assert (
        agent("clerk", ("conversations.view_customer", "conversations.see_contacts"))
        .get(page_of(room))
        .status_code
        == 200
    )
    assert Client().get(page_of(room)).status_code == 302


def test_an_answer_takes_the_room_and_ends_the_waiting() -> None:
    room = waiting_room(1, name="Ana")
    client = agent()
    answer = client.post(f"{page_of(room)}{room.pk}/answer/", {"token": "t1", "body": "Halo Ana"})
    assert answer.status_code == 302
    room.refresh_from_db()
    assert (room.waiting_since, room.assigned_to and room.assigned_to.username) == (None, "sari")
    assert Message.objects.get(sender="agent").body == "Halo Ana"


def test_a_template_may_be_sent_while_the_window_is_open_too() -> None:
    room = waiting_room(1, name="Ana")
    client = agent()
    assert b"fs-picker" not in client.get(page_of(room)).content
    template = MessageTemplate.objects.create(
        name="Pay", content_sid="HX" + "c" * 32, body="Hi {{1}}, the bill is {{2}}."
    )
    assert b'<details class="fs-picker"><summary' in client.get(page_of(room)).content
    address = f"{page_of(room)}{room.pk}/answer/"
    wrong = client.post(address, {"token": "t1", "template": template.pk, "values": "Ana"})
    page = wrong.content.decode()
    assert '<details class="fs-picker" open>' in page
    assert "takes 2 values" in page.split("fs-picker")[1]
    assert 'name="body"' in page
    values = "Ana\nRp 150.000"
    client.post(address, {"token": "t1", "template": template.pk, "values": values})
    sending = Sending.objects.select_related("message").get()
    assert (sending.template, sending.message.body) == (
        template, "Hi Ana, the bill is Rp 150.000."
    )  # fmt: skip


def test_a_colleagues_room_is_answered_only_on_purpose() -> None:
    room = waiting_room(1, name="Ana")
    first, second = agent("sari"), agent("budi")
    assert b"Nobody" in second.get(page_of(room)).content
    first.post(f"{page_of(room)}{room.pk}/do/", {"do": "take"})
    address = f"{page_of(room)}{room.pk}/answer/"
    refused = second.post(address, {"token": "t1", "body": "Halo"})
    assert b"sari has this room" in refused.content
    assert b'name="although"' in refused.content
    assert not Sending.objects.exists()
    assert (
        second.post(address, {"token": "t1", "body": "Halo", "although": "on"}).status_code == 302
    )
    room.refresh_from_db()
    assert room.assigned_to
    assert room.assigned_to.username == "sari"


def test_a_stale_hand_over_changes_nothing() -> None:
    room = waiting_room(1)
    first, second = agent("sari"), agent("budi")
    address = f"{page_of(room)}{room.pk}/do/"
    assert first.post(address, {"do": "take"}).status_code == 302
    second.post(address, {"do": "take"})
    budi = User.objects.get(username="budi")
    said = second.post(address, {"do": "assign", "seen": f"{room.pk}:", "to": budi.pk})
    assert said.status_code == 409
    assert b"belongs to sari since you looked" in said.content
    room.refresh_from_db()
    assert room.assigned_to
    assert room.assigned_to.username == "sari"


def test_a_resolved_room_opens_again_when_the_customer_writes_later() -> None:
    room = waiting_room(1)
    client = agent()
    address = f"{page_of(room)}{room.pk}/do/"
    client.post(address, {"do": "resolve", "seen": seen_of(room)})
    room.refresh_from_db()
    assert (room.status, room.resolved_by and room.resolved_by.username) == ("resolved", "sari")
    make_message(room, sent_at=now() - timedelta(hours=2), body="a late one, sent before")
    refresh(room)
    assert room.status == "resolved"
    make_message(room, sent_at=now() + timedelta(seconds=1))
    refresh(room)
    assert (room.status, room.closed_at) == ("open", None)
    client.post(address, {"do": "resolve", "seen": seen_of(room)})
    client.post(address, {"do": "reopen", "seen": seen_of(room)})
    room.refresh_from_db()
    assert room.status == "open"


def test_a_note_is_kept_and_never_sent() -> None:
    room = waiting_room(1)
    client = agent()
    address = f"{page_of(room)}note/"
    assert client.post(address, {"note": "VIP, be kind", "room": room.pk}).status_code == 302
    assert (Note.objects.get().body, Note.objects.get().room_id) == ("VIP, be kind", room.pk)
    assert not Sending.objects.exists()
    assert not Message.objects.exclude(sender="customer").exists()
    assert b"VIP, be kind" in client.get(page_of(room)).content
    assert b"This field is required" in client.post(address, {"note": " "}).content


def test_canned_answers_are_filled_and_what_is_lacking_is_not_sent() -> None:
    room = waiting_room(1, name="Ana Maria")
    nameless = waiting_room(2, name="")
    client = agent()
    CannedAnswer.objects.create(shortcut="hi", body="Halo {first_name}, ini {agent}")
    CannedAnswer.objects.create(shortcut="theirs", body="x", owner=User.objects.create_user("budi"))
    own = CannedAnswer.objects.create(
        shortcut="mine", body="Dari saya", owner=User.objects.get(username="sari")
    )
    text = client.get(page_of(room)).content.decode()
    assert "Halo Ana, ini sari" in text
    assert own.body in text
    assert "/theirs" not in text
    shown = client.get(page_of(nameless), {"canned": "hi"}).content.decode()
    assert "Halo {first_name}, ini sari</textarea>" in shown
    assert "{first_name}: Nobody knows this" in shown
    sent = client.post(
        f"{page_of(nameless)}{nameless.pk}/answer/", {"token": "t", "body": "Halo {first_name}"}
    )
    assert b"Fill in {first_name} first" in sent.content
    assert not Sending.objects.exists()


def test_a_colleague_who_looks_is_shown() -> None:
    room = waiting_room(1)
    agent("sari").get(page_of(room))
    client = agent("budi")
    client.get(page_of(room))
    shown = client.get(f"{page_of(room)}live/").content.decode()
    assert "sari has this room open" in shown
    assert "budi has" not in shown
    assert "sari" in client.get(f"{BASE}/queue/").content.decode()


@pytest.mark.parametrize("what", ["answer", "do"])
def test_a_room_of_another_customer_cannot_be_reached(what: str) -> None:
    room, other = waiting_room(1), waiting_room(2)
    answer = agent().post(f"{page_of(room)}{other.pk}/{what}/", {"body": "x", "do": "take"})
    assert answer.status_code == 403


def test_links_to_a_customer_lead_to_the_page(root: Client) -> None:
    room = waiting_room(1, name="Ana")
    for address in (
        f"/admin/conversations/room/{room.pk}/change/",
        "/admin/conversations/customer/",
    ):
        assert page_of(room) in root.get(address).content.decode()
