"""Priorities, labels, teams, states, macros, canned answers: what agents do with a room."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.timezone import now

from conversations.models import (
    CannedAnswer,
    Label,
    Macro,
    Message,
    Note,
    NoteRevision,
    Room,
    Sending,
    Team,
)
from conversations.seen import RoomSeen
from conversations.services.desk import CHANGEABLE_FOR
from funnel_site.audit.models import AuditEntry
from tests.customer360.desk import QUEUE, make_everything, page_of, waiting_room
from tests.reviews.making import make_message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("account")]


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


def test_a_note_is_changed_by_its_author_and_what_it_said_stays(sari: Client, lead: Client) -> None:
    room = waiting_room(1)
    sari.post(f"{page_of(room)}note/", {"note": "ring on Monday", "room": room.pk})
    kept = Note.objects.get()
    address = f"{page_of(room)}note/{kept.pk}/"
    assert f'{address}"' in sari.get(page_of(room)).content.decode()
    assert f'{address}"' not in lead.get(page_of(room)).content.decode()
    assert lead.post(address, {"note": "no", "version": 0}).status_code == 403
    assert b"This field is required" in sari.post(address, {"note": " ", "version": 0}).content

    assert sari.post(address, {"note": "ring on Tuesday", "version": 0}).status_code == 302
    assert sari.post(address, {"note": "ring on Tuesday", "version": 1}).status_code == 302
    late = sari.post(address, {"note": "ring in May", "version": 0})

    assert late.status_code == 409
    text = late.content.decode()
    assert "The note was changed at" in text
    assert "ring on Tuesday" in text
    assert late.context["form"].initial == {"note": "ring in May", "version": 1}
    kept.refresh_from_db()
    assert (kept.body, kept.version) == ("ring on Tuesday", 1)
    assert [(one.version, one.body) for one in kept.revisions.all()] == [(0, "ring on Monday")]
    assert f"Changed note {kept.pk}" in AuditEntry.objects.filter(kind="changed").latest("pk").words
    seen = lead.get(page_of(room)).content.decode()
    assert "edited" in seen
    assert "ring on Tuesday" in seen
    assert "ring on Monday" in lead.get(address).content.decode()


def test_a_note_that_is_a_quarter_of_an_hour_old_stays(sari: Client) -> None:
    room = waiting_room(1)
    sari.post(f"{page_of(room)}note/", {"note": "ring on Monday"})
    kept = Note.objects.get()
    address = f"{page_of(room)}note/{kept.pk}/"
    sari.post(address, {"note": "ring on Tuesday", "version": 0})
    Note.objects.update(made_at=now() - CHANGEABLE_FOR)
    assert "Change…" not in sari.get(page_of(room)).content.decode()
    assert sari.get(address).context["form"] is None
    late = sari.post(address, {"note": "ring in May", "version": 1})
    assert late.status_code == 409
    assert b"ring in May" in late.content
    assert Note.objects.get().body == "ring on Tuesday"
    for change in ({"body": "ring never"}, {"version": 7}):
        with pytest.raises(IntegrityError), transaction.atomic():
            NoteRevision.objects.update(**change)


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
