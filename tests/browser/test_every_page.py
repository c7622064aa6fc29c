"""Every kind of page in a real browser: readable by everybody, within the screen, and by the policy.

One walk through all addresses of the admin: axe-core's rules of WCAG 2.2 AA in light and dark, no
sideways scrolling in English and Indonesian, no error in the console, no breach of the Content
Security Policy. SCREENSHOTS=folder keeps a picture of each.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from funnel_site.access.preferences import LANGUAGE, remember
from tests.browser.driving import PASSWORD, PHONE, SHOTS, be_dark, member
from tests.funnel_site.world import BUTTONS, World, addresses, make_world

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LAPTOP: ViewportSize = {"width": 1366, "height": 768}
# The walk is shared among workers.
PARTS = 2
# The same page for every model: some of them stand for all.
ALIKE, SOME = re.compile(r"/(history|delete)/$"), 4
# Beside the models' own addresses.
MORE = ("/admin/", "/admin/password_change/")
# A rule, and the element of the theme that breaks it; docs/pages.md says why it is left.
KNOWN = {"list": '<ul class="object-tools">'}
# Shown as they are, and by other means than a page.
NO_PAGES = re.compile(r"_(live|search|progress|resubmit|export|file|fetch)$|autocomplete|jsi18n")
RUN_AXE = """
async ([tags, only, seen]) => {
  const options = only ? {runOnly: {type: "rule", values: only}} : {runOnly: {type: "tag", values: tags}};
  const found = await axe.run(seen ? {exclude: [[seen]]} : document, {...options, resultTypes: ["violations"]});
  return found.violations.map((one) => [one.id, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " <- " + node.target.join(" ").slice(0,80))]);
}
"""
SIDEBAR = "#nav-sidebar"
SCROLLS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """
() => [...document.querySelectorAll("#content :is(a, button, input:not([type=hidden]), select, summary, textarea)")]
  .filter((one) => one.checkVisibility() && !one.closest("p, li, td, dd, .fs-sr") && !one.matches("input[type=checkbox], input[type=radio], input[type=file], .select2-hidden-accessible"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => box.width > 0 && (box.width < 23.5 || box.height < 23.5))
  .map(([one, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${one.outerHTML.slice(0, 120)}`)
"""


@dataclass
class Walk:
    """A browser's page with what went wrong on the way."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)
    address: str = ""
    looked_at: set[str] = field(default_factory=set)
    """The looks in which the sidebar was judged: it is the same on every page."""

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.note(f"script: {error}"))

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.note(f"console: {message.text[:300]}")

    def note(self, fault: str) -> None:
        self.faults.append(f"{self.address}: {fault}")

    def open(self, address: str) -> None:
        self.address = address
        self.page.goto(f"{self.base}{address}", wait_until="load")

    def must_fit(self, what: str) -> None:
        over = self.page.evaluate(SCROLLS)
        if over > 0:
            self.note(f"{what}: {over} pixels wider than the screen")

    def must_be_accessible(self, what: str, only: list[str] | None = None) -> None:
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE)
        seen = SIDEBAR if what in self.looked_at else ""
        self.looked_at.add(what)
        for rule, nodes in self.page.evaluate(RUN_AXE, [RULES, only, seen]):
            left = [node for node in nodes if not node.startswith(KNOWN.get(rule, "\0"))]
            if left:
                self.note(f"{what}, {rule}: {'; '.join(left)}")

    def shoot(self, what: str) -> None:
        if SHOTS:
            SHOTS.mkdir(parents=True, exist_ok=True)
            name = self.address.strip("/").replace("/", "-")
            self.page.screenshot(path=SHOTS / f"{name}-{what}.png")


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def signed_in(browser: Browser, live_server: Any, user: User, size: ViewportSize) -> BrowserContext:
    """A browser with the session of somebody; the sign-in form has a test of its own."""
    client = Client()
    client.force_login(user)
    context = browser.new_context(viewport=size, reduced_motion="reduce", locale="en-GB")
    value = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
    return context


def pages_for(user: User, world: World) -> Iterator[str]:
    """The addresses that answer this person with a page."""
    client = Client()
    client.force_login(user)
    walked = [
        address
        for _, name, address in addresses(world)
        if not BUTTONS.search(name) and not NO_PAGES.search(name)
    ]
    alike: Counter[str] = Counter()
    for address in dict.fromkeys([*MORE, *walked]):
        if found := ALIKE.search(address):
            alike[found[0]] += 1
            if alike[found[0]] > SOME:
                continue
        answer = client.get(address)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            yield address


def speak(user: User, context: BrowserContext, language: str) -> None:
    key = next(one["value"] for one in context.cookies() if one["name"] == "sessionid")
    session = SessionStore(session_key=key)
    remember(user=user, session=session, language=language, time_zone="")
    session.save()
    assert session[LANGUAGE] == language


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_by_the_rules(
    browser: Browser, live_server: Any, world: World, part: int
) -> None:
    chief = User.objects.create_superuser("chief", password=PASSWORD)
    context = signed_in(browser, live_server, chief, LAPTOP)
    walk = Walk(context.new_page(), live_server.url)
    pages = list(pages_for(chief, world))[part::PARTS]
    for address in pages:
        walk.open(address)
        walk.must_fit("in English")
        walk.must_be_accessible("light")
        walk.shoot("light")
        be_dark(walk.page, dark=True)
        walk.must_be_accessible("dark", ["color-contrast"])
        walk.shoot("dark")
    speak(chief, context, "id")
    for address in pages:
        walk.open(address)
        assert walk.page.get_attribute("html", "lang") == "id"
        walk.must_fit("in Indonesian")
    context.close()

    assert len(pages) > 100 / PARTS
    assert not walk.faults, "\n".join(walk.faults)


def test_an_agents_pages_on_a_phone(browser: Browser, live_server: Any, world: World) -> None:
    agent = member("agent", "Support agent")
    context = signed_in(browser, live_server, agent, PHONE)
    walk = Walk(context.new_page(), live_server.url)
    pages = list(pages_for(agent, world))
    for address in pages:
        walk.open(address)
        walk.must_fit("on a phone")
        walk.must_be_accessible("on a phone")
        for small in walk.page.evaluate(SMALL):
            walk.note(f"too small to touch: {small}")
        walk.shoot("phone")
    context.close()

    assert len(pages) > 15
    assert not walk.faults, "\n".join(walk.faults)
