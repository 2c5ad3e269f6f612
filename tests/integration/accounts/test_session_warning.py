"""Nobody's session ends without warning, and everybody can ask for more time (WCAG 2.2, criterion 2.2.1)."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from apps.accounts import rules
from apps.accounts.models import Person
from apps.accounts.rules import PERSON_LIMITS, SessionLimits
from tests.factories.accounts import Browser, TotpDeviceFactory, client_signed_in

ADDRESS = "/compte/session/"


def seen_ago(client: Browser, minutes: int, started_minutes: int = 60) -> None:
    """Let the last activity of the session lie in the past."""
    session, now = client.session, timezone.now()
    session["seen_at"] = (now - timedelta(minutes=minutes)).timestamp()
    session["started_at"] = (now - timedelta(minutes=started_minutes)).timestamp()
    session.save()


@pytest.mark.django_db
def test_every_page_knows_when_the_session_ends(signed_in: Browser) -> None:
    seen_ago(signed_in, 0)
    page = signed_in.get("/compte/").content.decode()
    found = re.search(r'data-ends="(\d+)"', page)
    assert found
    left = int(found[1]) - timezone.now().timestamp()
    assert PERSON_LIMITS.idle.total_seconds() - 5 <= left <= PERSON_LIMITS.idle.total_seconds()


@pytest.mark.django_db
def test_a_visitor_who_is_not_signed_in_is_not_warned(person: Person) -> None:
    assert "session-warning" not in Browser().get("/").content.decode()
    half = Browser()
    half.force_login(person, backend="apps.accounts.backends.PersonBackend")
    assert "session-warning" not in half.get("/accessibilite/").content.decode()


@pytest.mark.django_db
def test_looking_gives_no_time_and_asking_does(signed_in: Browser) -> None:
    seen_ago(signed_in, 29)
    for _ in range(2):
        assert 50 <= signed_in.get(ADDRESS, headers={"HX-Request": "true"}).json()["seconds"] <= 60
    assert 1_790 <= signed_in.post(ADDRESS).json()["seconds"] <= 1_800
    assert 1_790 <= signed_in.get(ADDRESS, headers={"HX-Request": "true"}).json()["seconds"] <= 1_800


@pytest.mark.django_db
def test_the_longest_session_cannot_be_made_longer(signed_in: Browser) -> None:
    seen_ago(signed_in, 0, started_minutes=12 * 60 - 1)
    assert signed_in.post(ADDRESS).json()["seconds"] <= 60


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed: apt-get install chromium")
def test_in_a_browser_the_warning_comes_is_answered_and_at_last_tells_the_end(
    live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two minutes and four seconds: the warning is due after four seconds.
    monkeypatch.setattr(rules, "PERSON_LIMITS", SessionLimits(idle=timedelta(seconds=124), absolute=timedelta(hours=1)))
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    person = TotpDeviceFactory.create(user__language="en").user
    client = client_signed_in(person)
    seen_ago(client, 0, started_minutes=0)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_visit, live_server.url, client).result(timeout=120)


def _visit(address: str, client: Browser) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(base_url=address)
        cookies = [{"name": name, "value": morsel.value, "url": address} for name, morsel in client.cookies.items()]
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto("/compte/")
        warning = page.locator("#session-warning")
        expect(warning).to_be_hidden()
        expect(warning).to_be_visible(timeout=10_000)
        expect(warning).to_be_focused()
        page.get_by_role("button", name="Stay signed in").click()
        expect(warning).to_be_hidden()
        context.clear_cookies()
        expect(page.get_by_text("Your session has ended.")).to_be_visible(timeout=10_000)
        browser.close()
