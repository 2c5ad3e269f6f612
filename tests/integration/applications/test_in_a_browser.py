"""The dossier in a real Chromium: saved as it is typed, criteria built in the page, accessible, policy kept."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections
from django.urls import reverse

from apps.accounts.models import Person
from apps.applications import services
from apps.applications.models import Application, Page
from tests.factories.accounts import client_signed_in, steward
from tests.factories.applications import at_status, complete_contents, draft, fill, researcher

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"),
]
Visit = Callable[[Any], None]


@pytest.fixture
def in_a_browser(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Person, Visit], None]:
    """Run a visit as a person signed in, in a thread: the browser's library has an event loop of its own."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)

    def run(person: Person, visit: Visit) -> None:
        session = client_signed_in(person).cookies["sessionid"].value

        def in_thread() -> None:
            with _page(live_server.url, session) as page:
                visit(page)

        with ThreadPoolExecutor(1) as thread:
            thread.submit(in_thread).result(timeout=180)

    return run


@contextmanager
def _page(address: str, session: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    refused: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        try:
            context = browser.new_context(base_url=address, locale="fr-FR")
            context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
            page = context.new_page()
            page.on("console", lambda line: refused.append(line.text) if "Content Security" in line.text else None)
            page.on("pageerror", lambda error: refused.append(str(error)))
            yield page
        finally:
            browser.close()
            connections.close_all()
    assert refused == []


def elsewhere(act: Callable[[], object]) -> None:
    """Act from another process's point of view: a thread and a connection of its own."""

    def acting() -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(acting).result(timeout=30)


def save_title(application: Application, title: str, by: Person) -> None:
    content = {"title": title, "acronym": ""}
    services.page_save(application=application, key="title", content=content, seen_version=1, by=by)


def address(name: str, application: Application, *more: str) -> str:
    return reverse(f"applications:{name}", args=[application.pk, *more])


def saved(page: Any, act: Callable[[], object]) -> None:
    """Act, and wait until the page saved itself."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.status == 200):
        act()


def has(page: Any, selector: str, words: str) -> None:
    """Wait until a part of the page holds these words."""
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_contain_text(words)


def accessible(page: Any) -> None:
    """No violation of the accessibility rules that a machine can check."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == [], page.url


def test_pages_save_themselves_as_they_are_typed(in_a_browser: Callable[[Person, Visit], None]) -> None:
    """Given a researcher who types and leaves without pressing anything, what they typed is there, valid or not."""
    by = researcher()
    application = draft(by)

    def visit(page: Any) -> None:
        page.goto(address("page", application, "title"))
        saved(page, lambda: page.locator("#id_title").press_sequentially("Diabète et reins", delay=20))
        has(page, "#save-state", "Enregistré à")
        page.goto(address("page", application, "purpose"))
        saved(page, lambda: page.select_option("#id_purpose_kind", "other"))
        saved(page, lambda: page.fill("#id_purpose_other", "x" * 201))
        has(page, "#id_purpose_other_error", "200 caractères au plus")
        accessible(page)

    in_a_browser(by, visit)
    assert Page.objects.get(application=application, key="title").content["title"] == "Diabète et reins"
    assert Page.objects.get(application=application, key="purpose").content["purpose_other"] == "x" * 201


def test_a_population_is_built_in_the_page(in_a_browser: Callable[[Person, Visit], None]) -> None:
    """Given a hurried researcher, each operation is done once, nothing typed is lost, and the sentence follows."""
    by = researcher()
    application = draft(by)
    fill(application, by, {"period": complete_contents()["period"]})

    def visit(page: Any) -> None:
        from playwright.sync_api import expect

        page.goto(address("page", application, "population"))
        page.select_option("#add-r", "stay")
        page.click("#op-addr")
        expect(page.locator("#r_0-diagnosis")).to_be_focused()
        page.locator("#r_0-diagnosis-search").press_sequentially("diab", delay=20)
        page.click("button:has-text('Ajouter E11 —')")
        expect(page.locator("#r_0-diagnosis")).to_have_value("E11")
        page.select_option("#add-r", "drug")
        page.click("#op-addr")
        page.fill("#r_1-atc", "A10")
        page.fill("#r_1-at_least", "3")
        page.click("#op-wrapr_1not")
        page.wait_for_selector("#r_1_0-atc")
        page.wait_for_timeout(1500)  # the saves of what was typed before come now, and must not press the button again
        has(page, "#sentence", "et qui ne sont pas de celles qui se sont fait délivrer en ville à au moins 3")
        has(page, "#sentence", "and who are not among those who had a drug dispensed")
        saved(page, lambda: page.fill("#r_0-at_least", "abc"))
        has(page, "#r_0-at_least-error", "nombre entier")
        accessible(page)
        page.fill("#r_0-at_least", "2")
        page.press("#r_0-diagnosis", "Enter")
        has(page, "#sentence", "à au moins 2")

    in_a_browser(by, visit)
    tree = Page.objects.get(application=application, key="population").content["population"]
    stay, excluded = tree["all_of"]
    assert (stay["stay"]["diagnosis"], stay["stay"]["at_least"]) == (["E11"], 2)
    assert excluded["not"]["drug"]["atc"] == ["A10"]


def test_a_colleague_who_saved_meanwhile_is_not_overwritten(in_a_browser: Callable[[Person, Visit], None]) -> None:
    by, colleague = researcher(), researcher(given_name="Alex", family_name="Martin")
    application = draft(by)
    services.member_add(application=application, email=colleague.email, by=by)

    def visit(page: Any) -> None:
        page.goto(address("page", application, "title"))
        elsewhere(lambda: save_title(application, "La leur", colleague))
        page.fill("#id_title", "La mienne")
        has(page, "#save-state", "Alex Martin a enregistré cette page")
        page.click("#save-state button")
        has(page, "main", "Les deux versions")
        has(page, "main", "La leur")
        assert page.input_value("#id_title") == "La mienne"
        accessible(page)

    in_a_browser(by, visit)
    assert Page.objects.get(application=application, key="title").content["title"] == "La leur"


def test_every_page_of_the_team_is_accessible(in_a_browser: Callable[[Person, Visit], None]) -> None:
    by = researcher()
    blank, full = draft(by), at_status("returned", by=by)

    def visit(page: Any) -> None:
        for path in (reverse("applications:list"), reverse("applications:create")):
            page.goto(path)
            accessible(page)
        for application in (blank, full):
            for path in (address("detail", application), address("submit", application)):
                page.goto(path)
                accessible(page)
            for key in application.specification.keys:
                page.goto(f"{address('page', application, key)}?missing=1")
                accessible(page)

    in_a_browser(by, visit)


def test_every_page_of_the_steward_is_accessible(in_a_browser: Callable[[Person, Visit], None]) -> None:
    application = at_status("submitted")

    def visit(page: Any) -> None:
        for path in (reverse("applications:queue"), address("review", application)):
            page.goto(path)
            accessible(page)
        page.click("text=Renvoyer le dossier")
        has(page, "main", "Indiquez un motif en regard d’au moins une page")
        accessible(page)

    in_a_browser(steward(), visit)
