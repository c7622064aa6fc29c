"""The dashboard in a real browser: filters, drill-downs, light and dark, and no console error."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from customer360.models import CustomerProfile
from tests.browser.driving import PHONE, be_dark, fits, shoot
from tests.customer360.shop import build_shop

DASHBOARD = "/admin/customer360/customerprofile/dashboard/"


@pytest.fixture
def dashboard(chief: Page, live_server: Any) -> Page:
    """The dashboard of a small shop."""
    assert build_shop().state == "done"
    chief.goto(f"{live_server.url}{DASHBOARD}")
    return chief


def drawn(page: Page) -> int:
    page.wait_for_function("window.c3 !== undefined")
    return int(page.evaluate("window.c3.drawn.length"))


def click_part(page: Page, key: str, dataset: int = 0, place: int = 0) -> None:
    """Click into the middle of one part of a chart, as a hand would."""
    canvas = page.locator(f"canvas[data-key={key}]")
    canvas.scroll_into_view_if_needed()
    at = page.evaluate(
        """([key, dataset, place]) => {
          const chart = window.c3.drawn.find((one) => one.canvas.dataset.key === key);
          const point = chart.getDatasetMeta(dataset).data[place].tooltipPosition(true);
          return [point.x, point.y];
        }""",
        [key, dataset, place],
    )
    canvas.click(position={"x": at[0], "y": at[1]})


def test_every_picture_is_drawn_and_fits_light_dark_and_on_a_phone(dashboard: Page) -> None:
    assert drawn(dashboard) == 7
    assert fits(dashboard)
    shoot(dashboard, "dashboard-light")
    light = dashboard.evaluate("window.c3.drawn[0].options.plugins.legend.labels.color")

    be_dark(dashboard, dark=True)
    dashboard.wait_for_function(
        "light => window.c3.drawn[0].options.plugins.legend.labels.color !== light", arg=light
    )
    assert drawn(dashboard) == 7
    shoot(dashboard, "dashboard-dark")
    be_dark(dashboard, dark=False)
    dashboard.set_viewport_size(PHONE)
    dashboard.reload()
    assert drawn(dashboard) == 7
    assert fits(dashboard)
    shoot(dashboard, "dashboard-phone")


def test_a_period_is_chosen_by_a_click_and_by_dates(dashboard: Page) -> None:
    customers = dashboard.locator("[data-figure=total_customers]")
    everybody = CustomerProfile.objects.count()

    dashboard.click("text=All time")
    expect(dashboard.locator(".c3-fresh")).to_contain_text("All time")
    expect(customers).to_have_text(str(everybody))

    dashboard.fill("input[name=date_from]", "2025-06-01")
    dashboard.fill("input[name=date_to]", "2025-07-01")
    dashboard.click("button:has-text('Show')")
    expect(dashboard.locator(".c3-fresh")).to_contain_text("1 Jun 2025 to 1 Jul 2025")
    expect(customers).not_to_have_text(str(everybody))


def test_a_click_on_a_slice_lists_its_customers(dashboard: Page) -> None:
    drawn(dashboard)
    label = dashboard.evaluate(
        "window.c3.drawn.find((one) => one.canvas.dataset.key === 'customer_segments').data.labels[0]"
    )

    click_part(dashboard, "customer_segments")

    dashboard.wait_for_url("**customer_segment=**")
    expect(dashboard.locator("#result_list")).to_contain_text(label)
    shoot(dashboard, "profiles-of-a-segment")


def test_clicks_on_bubble_month_category_and_channel_open_their_rows(dashboard: Page) -> None:
    for key, within in (
        ("rfm_segmentation", "recency_score="),
        ("churn_risk", "churn_risk__exact="),
        ("monthly_revenue", "/sales/?date_from="),
        ("product_category_performance", "category="),
        ("funnel_by_channel", "/funnels/funnel/?"),
    ):
        drawn(dashboard)
        click_part(dashboard, key)
        dashboard.wait_for_url(re.compile(re.escape(within)))
        dashboard.go_back()


def test_a_picture_is_a_table_that_leads_to_the_same_rows(dashboard: Page) -> None:
    table = dashboard.locator("#table-monthly_revenue")
    table.locator("summary").click()
    revenue = table.locator("tbody tr").first.locator("td").nth(1).inner_text()
    table.locator("tbody a").first.click()

    expect(dashboard.locator(".fs-figure").nth(2)).to_contain_text(revenue)
    shoot(dashboard, "sales-of-a-month")
    dashboard.click("text=← Dashboard")
    expect(dashboard.locator(".c3-kpis")).to_be_visible()


def test_a_definition_opens_by_keyboard(dashboard: Page) -> None:
    question = dashboard.locator("summary[aria-label='What is Retention?']")
    question.focus()
    dashboard.keyboard.press("Enter")

    expect(dashboard.locator(".c3-kpi:has(#kpi-retention_rate) .c3-definition")).to_contain_text(
        "(E - N) ÷ S"
    )


def test_a_top_customers_page_speaks_in_words(dashboard: Page) -> None:
    dashboard.locator("#table-top_customers tbody a").first.click()

    expect(dashboard.locator(".c3-profile")).to_contain_text("Among the buyers")
    expect(dashboard.locator(".c3-profile")).to_contain_text(re.compile("orders?, "))
    shoot(dashboard, "profile")
    dashboard.set_viewport_size(PHONE)
    assert fits(dashboard)
    shoot(dashboard, "profile-phone")


def test_the_export_is_what_is_shown(dashboard: Page) -> None:
    with dashboard.expect_download() as download:
        dashboard.locator(".c3-churn_risk a:has-text('CSV')").click()

    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "churn_risk,count,share,total_lifetime_value"
    assert len(lines) - 1 == dashboard.locator("#table-churn_risk tbody tr").count()


def test_an_empty_site_says_how_to_begin(chief: Page, live_server: Any) -> None:
    chief.goto(f"{live_server.url}{DASHBOARD}")

    expect(chief.locator(".c3-start")).to_contain_text("load_cdp")
    assert drawn(chief) == 0
    assert fits(chief)
    shoot(chief, "dashboard-empty")


def test_axe_finds_no_serious_fault(dashboard: Page) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )

    found = axe.Axe().run(dashboard, context=".c3")

    serious = [
        (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
