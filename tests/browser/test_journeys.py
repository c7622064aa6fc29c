"""Three journeys by the role whose they are: an operator mends and replays, an admin adds an agent, a
reviewer publishes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser, Page, expect

from carddata.models import CardStatus, Partner, RejectedRow
from conversations.models import Customer, InboundEvent
from funnel_site.access.models import Approval
from funnel_site.audit.models import AuditEntry
from reviews.models import Review
from tests.browser.test_sign_in_pages import looks
from tests.browser.test_staff_pages import (  # noqa: F401 - fixtures for these tests
    CHROMIUM,
    browser_type_launch_args,
    busy_site,
)
from tests.carddata.making import COURIER, courier, line, take, text_of
from tests.reviews.making import make_customer, make_review, make_room

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Debian's chromium is not installed"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]
PASSWORD = "correct horse battery"


def member(name: str, role: str) -> User:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def sign_in(page: Page, address: str, name: str) -> Page:
    page.set_viewport_size({"width": 1366, "height": 900})
    page.goto(f"{address}/admin/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("button[type=submit]")
    expect(page.locator("#id_password")).to_have_count(0)
    return page


@pytest.fixture
def second(browser: Browser) -> Iterator[Page]:
    """Another person's browser."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_an_operator_mends_a_rejected_row_and_replays_a_dead_letter(
    page: Page,
    second: Page,
    live_server: Any,
    busy_site: None,  # noqa: F811
    tmp_path: Path,
) -> None:
    member("omar", "Operator")
    courier(timestamp_formats=["iso8601"])
    file = take(tmp_path, text_of(line(card="ZYW1")))
    assert RejectedRow.objects.get().reason == "bad_timestamp"
    dead = InboundEvent.objects.get(state="failed")
    sign_in(page, live_server.url, "omar")

    page.goto(f"{live_server.url}/admin/carddata/rejectedrow/file/{file.pk}/")
    expect(page.locator("body")).to_contain_text("The time is in none")
    Partner.objects.filter(name="Courier").update(timestamp_formats=COURIER["timestamp_formats"])
    page.click("text=Retry all")
    expect(page.locator("body")).to_contain_text("went in")
    assert CardStatus.objects.get().card_id == "ZYW1"

    page.goto(f"{live_server.url}/admin/conversations/inboundevent/{dead.pk}/change/")
    expect(page.locator("pre.fs-raw").last).to_have_text("(hidden)")
    page.click("text=Show it as it came")
    page.fill("#id_reason", "ticket 12")
    looks(page, "reveal-ask")
    page.click("button:has-text('Show it')")
    expect(page.locator("#revealed")).to_contain_text("onerror")
    looks(page, "reveal")
    page.click("text=Done, hide it")
    page.click("text=Replay")
    page.click("button:has-text('Replay')")
    expect(page.locator("body")).to_contain_text("Replayed 1")

    for one in ("overview", "system"):
        page.goto(f"{live_server.url}/admin/operations/taskrun/{one}/")
        looks(page, f"operations-{one}")
    page.goto(f"{live_server.url}/admin/conversations/inboundevent/replay_all/")
    looks(page, "replay")
    assert AuditEntry.objects.get(kind="revealed").words == "ticket 12"

    # Taking an import back takes a second operator.
    member("olga", "Operator")
    page.goto(f"{live_server.url}/admin/carddata/partnerfile/{file.pk}/undo/")
    page.fill("#id_reason", "the wrong month")
    page.click("button:has-text('Undo the import')")
    expect(page.locator("body")).to_contain_text("Somebody else has to confirm this")
    sign_in(second, live_server.url, "olga")
    second.goto(f"{live_server.url}/admin/access/approval/")
    looks(second, "approvals")
    second.goto(
        f"{live_server.url}/admin/access/approval/{Approval.objects.latest('pk').pk}/change/"
    )
    looks(second, "approval")
    second.click("button:has-text('Confirm')")
    expect(second.locator("body")).to_contain_text("It is being taken back")


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
