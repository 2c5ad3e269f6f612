"""A passkey in a real Chromium with a virtual authenticator: added, then used to sign in."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from apps.accounts.models import Person
from tests.factories.accounts import PASSWORD, TotpDeviceFactory, client_signed_in, current_code

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed: apt-get install chromium")
def test_a_passkey_is_added_and_signs_in(live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = live_server.url
    settings.OTP_WEBAUTHN_ALLOWED_ORIGINS = [address]
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    person = TotpDeviceFactory.create(user__language="en").user
    cookies = {name: morsel.value for name, morsel in client_signed_in(person).cookies.items()}
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_visit, address, person, cookies, current_code(person)).result(timeout=120)


def _visit(address: str, person: Person, cookies: dict[str, str], code: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # a busy machine answers late, not wrongly
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(base_url=address)
        context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
        page = context.new_page()
        devices = context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        made = devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        page.goto("/compte/cles/")
        page.locator("[name=name]").fill("Office computer")
        page.locator("[name=otp_code]").fill(code)
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_text("The passkey was added.")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        # The next address is asked for only once this one has answered: leaving earlier would take the sign-out back.
        expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
        page.goto("/connexion/")
        page.locator("[name=email]").fill(person.email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/connexion/code/**")
        # A device that no longer recognises its user gives nothing.
        verified = {"authenticatorId": made["authenticatorId"], "isUserVerified": False}
        devices.send("WebAuthn.setUserVerified", verified)
        page.locator("[data-passkey] button").dispatch_event("click")
        expect(page.locator("[data-passkey-problem]")).to_be_visible()
        devices.send("WebAuthn.setUserVerified", {**verified, "isUserVerified": True})
        page.locator("[data-passkey] button").dispatch_event("click")
        expect(page.get_by_role("link", name=person.full_name)).to_be_visible()
        # The same passkey confirms an act, in place of a code.
        page.goto("/compte/codes-de-secours/")
        page.get_by_role("button", name="Confirm with my passkey").click()
        expect(
            page.locator("#recovery-codes li").filter(has_text=re.compile(r"[A-Z2-7]{4} [A-Z2-7]{4} [A-Z2-7]{4}"))
        ).to_have_count(10)
        browser.close()
