"""In a real browser: what was typed survives the end of the session; lines of a group; every new page is accessible."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from apps.accounts.models import Person, PortalSession
from apps.applications.models import Page
from tests.factories.applications import at_status, draft, researcher
from tests.integration.applications.test_in_a_browser import (
    CHROMIUM,
    Visit,
    accessible,
    address,
    elsewhere,
    in_a_browser,
    saved,
)

__all__ = ["in_a_browser"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"),
]


def fits(page: Any) -> None:
    """Accessible, and nothing beyond a window of 360 pixels."""
    accessible(page)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def test_what_was_typed_survives_the_end_of_the_session(in_a_browser: Callable[[Person, Visit], None]) -> None:
    """Given a session that ends while somebody types, coming back to the page offers the text and saves it."""
    from playwright.sync_api import expect

    by = researcher()
    application = draft(by)
    sessions: list[Any] = []

    def end() -> None:
        sessions.extend(PortalSession.objects.filter(person=by))
        PortalSession.objects.filter(person=by).delete()

    def again() -> None:
        PortalSession.objects.bulk_create(sessions)

    def visit(page: Any) -> None:
        page.goto(address("page", application, "summary"))
        signed_in = page.context.cookies()
        elsewhere(end)
        page.fill("#id_summary_fr", "Un résumé écrit trop tard.")
        page.wait_for_url("**/connexion/?next=**")
        elsewhere(again)
        page.context.add_cookies(signed_in)
        page.goto(address("page", application, "summary"))
        expect(page.locator("#kept-typing")).to_be_visible()
        accessible(page)
        saved(page, lambda: page.click("[data-do=put-back]"))
        expect(page.locator("#id_summary_fr")).to_have_value("Un résumé écrit trop tard.")
        page.reload()
        expect(page.locator("#kept-typing")).to_be_hidden()

    in_a_browser(by, visit)
    held = Page.objects.get(application=application, key="summary").content
    assert held["summary_fr"] == "Un résumé écrit trop tard."


def test_the_new_pages_are_accessible_and_narrow(in_a_browser: Callable[[Person, Visit], None]) -> None:
    by = researcher()
    application = draft(by)
    submitted = at_status("submitted", by=by)

    def visit(page: Any) -> None:
        page.goto(address("page", application, "purpose"))
        saved(page, lambda: page.select_option("#id_funded", "yes"))
        saved(page, lambda: page.fill("#id_funders-0-name", "ANR"))
        page.click("button[value='add:funders']")
        page.wait_for_selector("#id_funders-1-name")
        fits(page)
        for key in ("linkage", "protection", "attachments"):
            page.goto(address("page", application, key))
            fits(page)
        for path in (
            reverse("applications:assistant") + "?purpose=research&who=public_body&data=snds&result=individual"
            "&persons=no&linkage=no&interest=public",
            reverse("applications:notices"),
            reverse("applications:notice_preference"),
            address("messages", submitted),
            reverse("directory:list"),
            reverse("applications:create"),
        ):
            page.goto(path)
            fits(page)

    in_a_browser(by, visit)
