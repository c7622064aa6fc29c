"""Three journeys by the role whose they are: an operator mends and replays, an admin adds an agent, a
reviewer publishes."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from carddata.models import CardStatus, Partner, PartnerFile, RejectedRow
from conversations.models import Customer, InboundEvent
from funnel_site.access.models import Approval
from funnel_site.audit.models import AuditEntry
from reviews.models import Review
from tests.browser.driving import PASSWORD, looks, member, sign_in
from tests.carddata.making import COURIER, courier, line, take, text_of
from tests.reviews.making import make_customer, make_review, make_room


@pytest.fixture
def rejected(tmp_path: Path, transactional_db: None) -> PartnerFile:
    """A file of which no row went in, for the partner does not say in which form its times are."""
    courier(timestamp_formats=["iso8601"])
    file = take(tmp_path, text_of(line(card="ZYW1")))
    assert RejectedRow.objects.get().reason == "bad_timestamp"
    return file


@pytest.fixture
def operator(page: Page, live_server: Any, busy_site: None) -> Page:
    member("omar", "Operator")
    return sign_in(page, live_server.url, "omar")


@pytest.mark.usefixtures("one_writer")
def test_an_operator_mends_a_rejected_row_and_another_has_the_file_taken_back(
    operator: Page, second: Page, live_server: Any, rejected: PartnerFile
) -> None:
    operator.goto(f"{live_server.url}/admin/carddata/rejectedrow/file/{rejected.pk}/")
    expect(operator.locator("body")).to_contain_text("The time is in none")
    Partner.objects.filter(name="Courier").update(timestamp_formats=COURIER["timestamp_formats"])
    operator.click("text=Retry all")
    expect(operator.locator("body")).to_contain_text("went in")
    assert CardStatus.objects.get().card_id == "ZYW1"

    # Taking an import back takes a second operator.
    member("olga", "Operator")
    operator.goto(f"{live_server.url}/admin/carddata/partnerfile/{rejected.pk}/undo/")
    operator.fill("#id_reason", "the wrong month")
    operator.click("button:has-text('Undo the import')")
    expect(operator.locator("body")).to_contain_text("Somebody else has to confirm this")
    # A page that asks every second would lock SQLite's tables in memory for who writes.
    operator.goto("about:blank")
    sign_in(second, live_server.url, "olga")
    second.goto(f"{live_server.url}/admin/access/approval/")
    looks(second, "approvals")
    asked = Approval.objects.latest("pk")
    second.goto(f"{live_server.url}/admin/access/approval/{asked.pk}/change/")
    looks(second, "approval")
    second.click("button:has-text('Confirm')")
    expect(second.locator("body")).to_contain_text("It is being taken back")


def test_an_operator_looks_into_a_dead_letter_and_replays_it(
    operator: Page, live_server: Any
) -> None:
    dead = InboundEvent.objects.get(state="failed")
    operator.goto(f"{live_server.url}/admin/conversations/inboundevent/{dead.pk}/change/")
    expect(operator.locator("pre.fs-raw").last).to_have_text("(hidden)")
    operator.click("text=Show it as it came")
    operator.fill("#id_reason", "ticket 12")
    looks(operator, "reveal-ask")
    operator.click("button:has-text('Show it')")
    expect(operator.locator("#revealed")).to_contain_text("onerror")
    looks(operator, "reveal")
    operator.click("text=Done, hide it")
    operator.click("text=Replay")
    operator.click("button:has-text('Replay')")
    expect(operator.locator("body")).to_contain_text("Replayed 1")
    assert AuditEntry.objects.get(kind="revealed").words == "ticket 12"

    for path, name in (
        ("operations/taskrun/overview/", "operations-overview"),
        ("operations/taskrun/system/", "operations-system"),
        ("conversations/inboundevent/replay_all/", "replay"),
    ):
        operator.goto(f"{live_server.url}/admin/{path}")
        looks(operator, name)


def test_an_admin_adds_an_agent_and_what_the_agent_cannot_reach(
    page: Page, second: Page, live_server: Any, transactional_db: None
) -> None:
    User.objects.create_superuser("admin", password=PASSWORD)
    customer = make_customer(1, name="Siti Rahma")
    Customer.objects.filter(pk=customer.pk).update(phone_number="+6281298765432")
    room = make_room(customer, assigned_to=User.objects.create_user("colleague"))
    sign_in(page, live_server.url, "admin")
    page.goto(f"{live_server.url}/admin/auth/user/add/")
    page.fill("#id_username", "agnes")
    page.fill("#id_password1", PASSWORD)
    page.fill("#id_password2", PASSWORD)
    page.click("button[name=_save]")
    page.check("#id_is_staff")
    page.check("label:has-text('Support agent') input")
    page.fill("#id_reason", "joins the team")
    looks(page, "staff-form")
    page.click("button[name=_save]")
    expect(page.locator("body")).to_contain_text("has these rights now")

    sign_in(second, live_server.url, "agnes")
    second.goto(f"{live_server.url}/admin/customer360/customerprofile/customer/{customer.pk}/")
    expect(second.locator("h1.fs-title")).to_have_text("Siti Rahma")
    assert "81298765432" not in second.content()
    looks(second, "agent-customer")
    second.click("text=Show the number")
    second.fill("#id_reason", "she asked to be called")
    second.click("button:has-text('Show it')")
    expect(second.locator("#revealed")).to_contain_text("+6281298765432")
    for address in (
        f"/admin/conversations/room/{room.pk}/live/",
        "/admin/conversations/inboundevent/",
        "/admin/auth/user/",
        "/admin/privacy/datarequest/find/",
        "/admin/operations/taskrun/overview/",
        f"/admin/reveal/conversations.inboundevent/{room.pk}/",
    ):
        answer = second.goto(f"{live_server.url}{address}")
        assert answer is not None
        assert answer.status == 403, address
    shown = second.goto(f"{live_server.url}/admin/")
    assert shown is not None
    assert "Staff" not in second.locator("#nav-sidebar").inner_text()


def test_a_reviewer_publishes_a_review(
    page: Page, live_server: Any, transactional_db: None
) -> None:
    member("lea", "Support lead")
    review = make_review(1, rating=5, status="read")
    sign_in(page, live_server.url, "lea")
    page.goto(f"{live_server.url}/admin/reviews/review/")
    page.click(f"a[href*='/reviews/review/{review.pk}/change/'] >> nth=0")

    page.click("button:has-text('Publish')")

    expect(page.locator(".fs-card h2").first).to_have_text("Published")
    assert Review.objects.get(pk=review.pk).moderation == "published"
    trail = AuditEntry.objects.filter(who="lea", kind="changed")
    assert any("Published" in entry.words for entry in trail)
