"""A real stack and a real Chromium for the whole browser suite; pictures and accessibility checks of each page."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from hdh_portal.devstack.stack import Stack
from tests.journeys.steps import PASSWORD

CHROMIUM = shutil.which("chromium")
PICTURES = Path(os.environ.get("HDH_PICTURES", "var/pictures"))
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole portal on a data folder of its own."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    running = Stack(tmp_path_factory.mktemp("stack") / "var")
    try:
        with running:
            yield running
    finally:
        running.wipe()


# The driver runs an event loop in this thread: it must be gone before tests of the database run in the same process.
@pytest.fixture(scope="module")
def playwright_here() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def chromium(playwright_here: Playwright, stack: Stack) -> Iterator[Browser]:
    flags = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    browser = playwright_here.chromium.launch(executable_path=CHROMIUM, args=flags)
    yield browser
    browser.close()


@dataclass
class Person:
    """Somebody at their browser: their language, their window, and what goes wrong in it."""

    stack: Stack
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.stack.portal_url.rstrip("/") + path)

    def sign_in(self, email: str) -> None:
        self.go("/connexion/")
        self.page.get_by_role("textbox").first.fill(email)
        self.page.locator("input[type=password]").fill(PASSWORD)
        self.page.locator("main form button[type=submit]").click()
        self.page.locator("input[name=code]").fill(self.stack.manage("demo_code", email).strip())
        self.page.locator("main form button[type=submit]").click()
        self.page.wait_for_url(lambda url: "/connexion/" not in url)

    def speak(self, language: str) -> None:
        """Choose the language of the portal, from any of its pages."""
        if self.page.locator("html").get_attribute("lang") != language:
            self.page.locator(f"header button[name=language][value={language}]:visible").first.click()
        self.page.wait_for_selector(f"html[lang={language}]")

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        # Hiding the caret would put style attributes into the page, which its policy rightly refuses.
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True, caret="initial")

    def check(self, name: str) -> None:
        """Pictures wide and narrow; notes accessibility violations, sideways scrolling, complaints of the browser."""
        self.picture(f"{name}-wide")
        violations = Axe().run(self.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
        self.faults += [f"{name}: {one['id']}: {one['nodes'][0]['html']}" for one in violations.response["violations"]]
        self.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        sideways = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        self.picture(f"{name}-narrow")
        self.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        if sideways > 0:
            self.faults.append(f"{name}: {sideways} pixels beyond a narrow screen")
        self.faults += [f"{name}: {complaint}" for complaint in self.complaints]
        self.complaints.clear()


@pytest.fixture
def somebody(chromium: Browser, stack: Stack) -> Iterator["list[Person]"]:
    """Makes people: call `arrive(stack, chromium, people)`."""
    people: list[Person] = []
    yield people
    for person in people:
        person.context.close()


def arrive(stack: Stack, chromium: Browser, people: list[Person], language: str = "fr") -> Person:
    """Somebody opens a browser of their own."""
    context = chromium.new_context(viewport=WIDE, locale=f"{language}-FR", reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    person = Person(stack, context, page)
    page.on("console", lambda said: person.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: person.complaints.append(str(error)))
    people.append(person)
    return person
