"""Who may take one note, review or rejected row away for good, with what stays and what is noted."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from carddata.models import Partner, PartnerFile, RejectedRow
from conversations.models import Note
from conversations.services.desk import add_note
from funnel_site.audit.models import AuditEntry
from privacy.models import LegalHold
from reviews.models import Review
from tests.customer360.desk import of_role, page_of, waiting_room
from tests.reviews.making import make_review

pytestmark = pytest.mark.django_db
REVIEW = "/admin/reviews/review"
REJECT = "/admin/carddata/rejectedrow"


@pytest.fixture
def steward() -> Client:
    return of_role("Privacy steward", "tuti")


@pytest.fixture
def agent() -> Client:
    return of_role("Support agent", "sari")


@pytest.fixture
def lead() -> Client:
    return of_role("Support lead", "rina")


def last_words() -> tuple[str, str]:
    """Who did something last, and what the trail says of it."""
    entry = AuditEntry.objects.filter(kind="changed").latest("id")
    return entry.who, entry.words


def test_an_agent_hides_a_review_with_a_reason_and_cannot_show_it_again(
    agent: Client, lead: Client
) -> None:
    review = make_review(moderation="published")
    rejected = make_review(2, moderation="rejected")
    page, deed = f"{REVIEW}/{review.pk}/change/", f"{REVIEW}/{review.pk}/moderate/"
    shown = agent.get(page).content.decode()
    assert ">Hide<" in shown
    assert not [
        word for word in (">Publish<", ">Reject<", "Public answer", "/delete/") if word in shown
    ]

    assert agent.post(deed, {"because": ""}).status_code == 200
    agent.post(deed, {"because": "Insulting"})
    assert last_words() == ("sari", "Hid: Insulting")
    agent.post(f"{REVIEW}/{rejected.pk}/moderate/", {"because": "Insulting"})

    states = dict(Review.objects.values_list("pk", "moderation"))
    assert states == {review.pk: "hidden", rejected.pk: "rejected"}
    for button in ("publish", "again", "reject"):
        assert agent.post(deed, {button: "1", "because": "Insulting"}).status_code == 403
    assert lead.post(deed, {"publish": "1"}).status_code == 302
    listed = {"action": "hide", "_selected_action": [review.pk], "because": "Advertising"}
    agent.post(f"{REVIEW}/", listed)
    review.refresh_from_db()
    assert review.hidden_because == "Advertising"


def test_leads_and_stewards_delete_notes_agents_do_not(
    agent: Client, lead: Client, steward: Client
) -> None:
    room = waiting_room(1, name="Ana")
    assert room.customer
    notes = [
        add_note(customer=room.customer, room=room, text=f"rude {n}", author=None) for n in (1, 2)
    ]
    addresses = [f"{page_of(room)}note/{note.pk}/delete/" for note in notes]
    assert "/delete/" not in agent.get(page_of(room)).content.decode()
    assert agent.post(addresses[0], {"because": "x"}).status_code == 403
    assert addresses[0] in lead.get(page_of(room)).content.decode()

    assert b"rude 1" in lead.get(addresses[0]).content
    assert b"This field is required" in lead.post(addresses[0], {"because": " "}).content
    other = waiting_room(2)
    assert (
        lead.post(f"{page_of(other)}note/{notes[0].pk}/delete/", {"because": "x"}).status_code
        == 404
    )
    assert Note.objects.count() == 2
    assert lead.post(addresses[0], {"because": "Not about the matter"}).status_code == 302
    assert last_words() == ("rina", f"Deleted note {notes[0].pk} for good: Not about the matter")
    assert steward.post(addresses[1], {"because": "Asked for"}).status_code == 302

    assert not Note.objects.exists()
    assert not AuditEntry.objects.filter(words__contains="rude").exists()


def test_a_steward_deletes_a_review_and_its_stars_are_still_counted(
    steward: Client, lead: Client
) -> None:
    review = make_review(
        user_name="Ana Maria", rating=2, moderation="published", answer="Sorry, Ana"
    )
    lead.post(f"{REVIEW}/{review.pk}/moderate/", {"again": "1"})
    address = f"{REVIEW}/{review.pk}/delete/"
    assert lead.get(address).status_code == 403
    assert address in steward.get(f"{REVIEW}/{review.pk}/change/").content.decode()
    assert b"keep their counts" in steward.get(address).content

    assert steward.post(address, {"because": ""}).status_code == 200
    steward.post(address, {"because": "Names a neighbour"})

    assert last_words() == ("tuti", "Deleted for good: Names a neighbour")
    review.refresh_from_db()
    assert (review.product_name, review.rating, review.moderation) == ("iPhone 15", 2, "rejected")
    kept = (review.user_name, review.product_review, review.contact_number, review.answer)
    assert kept == ("(erased)", "(erased)", "", "")
    assert review.moderation_events.latest("id").reason == "Names a neighbour"
    assert not LogEntry.objects.filter(object_repr__contains="A. M.").exists()
    assert "Ana" not in steward.get(f"{REVIEW}/{review.pk}/history/").content.decode()


def test_a_legal_hold_keeps_what_staff_would_delete(steward: Client) -> None:
    room = waiting_room(1)
    assert room.customer
    review = make_review(customer=room.customer)
    note = add_note(customer=room.customer, room=None, text="keep", author=None)
    user = User.objects.get(username="tuti")
    LegalHold.objects.create(customer=room.customer, reason="a court", set_by=user, set_at=now())

    for address in (f"{REVIEW}/{review.pk}/delete/", f"{page_of(room)}note/{note.pk}/delete/"):
        assert b"legal hold" in steward.post(address, {"because": "Asked for"}).content

    review.refresh_from_db()
    assert review.product_review != "(erased)"
    assert Note.objects.exists()


def test_a_steward_takes_a_rejected_row_away_and_the_counts_stay(steward: Client) -> None:
    partner: Any = Partner.objects.order_by("pk").first()
    file = PartnerFile.objects.create(
        partner=partner, name="cards.csv", sha256="0" * 64, size=1, read=1, rejected=1
    )
    row = RejectedRow.objects.create(
        file=file, line=2, reason="bad_contact", raw="ZYW1,Ana,+62812", detail="+62812"
    )
    operator = of_role("Operator", "omar")
    address = f"{REJECT}/{row.pk}/delete/"
    assert operator.get(address).status_code == 403
    assert address in steward.get(f"{REJECT}/{row.pk}/change/").content.decode()
    assert address not in operator.get(f"{REJECT}/{row.pk}/change/").content.decode()

    steward.post(address, {"because": "Sent by mistake"})

    assert last_words() == ("tuti", "Deleted for good: Sent by mistake")
    row.refresh_from_db()
    file.refresh_from_db()
    assert (row.raw, row.detail, row.closed, file.rejected) == ("(erased)", "", "dismissed", 1)
