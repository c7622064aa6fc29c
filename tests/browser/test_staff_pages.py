"""The staff pages in a real browser: they work, say what they should, and break no policy."""

from typing import Any

from playwright.sync_api import Page, expect

from conversations.models import InboundEvent, Room
from funnels.models import Funnel
from tests.browser.driving import fits, looks, shoot


def test_staff_find_their_way_through_every_list(staff: Page, live_server: Any) -> None:
    for path, words in (
        ("", "Conversations"),
        ("conversations/customer/", "customer"),
        ("conversations/room/", "room"),
        ("conversations/message/", "message"),
        ("conversations/inboundevent/", "Dead letter"),
        ("funnels/funnel/", "Leads"),
        ("funnels/keyword/", "Last sync"),
        ("funnels/keywordsync/", "no file"),
        ("access/apikey/", "API key"),
        ("django_celery_beat/periodictask/", "schedules"),
    ):
        staff.goto(f"{live_server.url}/admin/{path}")
        # The sidebar has many of the words, too.
        expect(staff.locator("#main")).to_contain_text(words, ignore_case=True)
        assert fits(staff), path
        shoot(staff, f"list-{path.strip('/').replace('/', '-') or 'index'}")


def test_the_funnel_list_shows_the_totals_of_what_is_filtered(
    staff: Page, live_server: Any
) -> None:
    leads = Funnel.objects.filter(is_latest=True).count()
    staff.goto(f"{live_server.url}/admin/funnels/funnel/")
    expect(staff.locator(".fs-figure").first).to_contain_text(str(leads))

    staff.goto(f"{live_server.url}/admin/funnels/funnel/?stage__exact=transaction")

    paid = Funnel.objects.filter(stage="transaction").count()
    expect(staff.locator(".fs-figure").nth(2)).to_contain_text(str(paid))
    shoot(staff, "funnels-filtered")


def test_a_room_is_a_transcript_with_its_facts(staff: Page, live_server: Any) -> None:
    funnel = Funnel.objects.filter(stage="transaction", transaction_value__gt=0).first()
    assert funnel is not None
    staff.goto(f"{live_server.url}/admin/conversations/room/{funnel.room_id}/change/")

    expect(staff.locator(".fs-message").first).to_be_visible()
    expect(staff.locator(".fs-fact").first).to_be_visible()
    expect(staff.locator(".fs-card").first).to_contain_text("Transaction")
    looks(staff, "room")


def test_a_fact_is_corrected_and_the_correction_lifted(staff: Page, live_server: Any) -> None:
    funnel = Funnel.objects.filter(stage="transaction").first()
    assert funnel is not None
    staff.goto(f"{live_server.url}/admin/funnels/funnel/{funnel.pk}/change/")
    shoot(staff, "funnel")
    staff.select_option("select[name=field]", "transaction_value")
    staff.fill("input[name=value]", "123456")
    staff.fill("input[name=reason]", "the customer sent the slip")
    staff.click("button:has-text('Correct')")
    expect(staff.locator(".fs-card").first).to_contain_text("123,456")
    shoot(staff, "funnel-corrected")

    staff.click("button:has-text('Lift')")

    funnel.refresh_from_db()
    assert not funnel.is_corrected


def test_a_dead_letter_shows_its_body_as_text_and_can_be_replayed(
    staff: Page, live_server: Any
) -> None:
    dead = InboundEvent.objects.get(state="failed")
    staff.goto(f"{live_server.url}/admin/conversations/inboundevent/?state__exact=failed")
    expect(staff.locator("body")).to_contain_text("usable phone number")
    shoot(staff, "inbox-dead-letter")
    staff.goto(f"{live_server.url}/admin/conversations/inboundevent/{dead.pk}/change/")
    expect(staff.locator("pre.fs-raw").last).to_contain_text("onerror")
    shoot(staff, "dead-letter")

    staff.click("text=Replay")
    staff.click("button:has-text('Replay')")

    expect(staff.locator("body")).to_contain_text("Replayed 1")


def test_sync_now_says_what_came_of_it(staff: Page, live_server: Any, settings: Any) -> None:
    settings.KEYWORDS_SHEET = "lost.csv"
    staff.goto(f"{live_server.url}/admin/funnels/keyword/")
    expect(staff.locator(".fs-note")).to_contain_text("There is no file")

    staff.click("text=Sync now")
    staff.click("button:has-text('Sync now')")

    expect(staff.locator("body")).to_contain_text("There is no file lost.csv")
    shoot(staff, "keywords-failed-sync")


def test_a_customer_is_found_by_any_spelling_of_the_number(staff: Page, live_server: Any) -> None:
    room = Room.objects.exclude(customer=None).exclude(customer__phone_number="").first()
    assert room is not None
    assert room.customer is not None
    national = "0" + room.customer.phone_number[3:]
    staff.goto(f"{live_server.url}/admin/conversations/customer/?q={national}")
    if room.customer.phone_number.startswith("+62"):
        expect(staff.locator("#result_list")).to_contain_text(room.customer.phone_number)
    staff.goto(f"{live_server.url}/admin/conversations/customer/{room.customer_id}/change/")
    expect(staff.locator("body")).to_contain_text("Conversations")
    shoot(staff, "customer")


def test_the_api_page_draws_under_the_strict_policy(staff: Page, live_server: Any) -> None:
    staff.goto(f"{live_server.url}/docs")

    expect(staff.locator("body")).to_contain_text("/api/funnel-report", timeout=15_000)
    shoot(staff, "docs")
