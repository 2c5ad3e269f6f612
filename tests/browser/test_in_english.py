"""The same pages in English, and the first sign-in of somebody who has no second factor yet."""

import base64
import re

import pytest
from django_otp.oath import totp
from playwright.sync_api import Browser, expect

from hdh_portal.devstack.stack import Stack
from tests.browser.conftest import Person, arrive
from tests.journeys.steps import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PAGES = (
    "title",
    "summary",
    "purpose",
    "team",
    "population",
    "variables",
    "linkage",
    "period",
    "protection",
    "attachments",
)


def test_every_page_of_a_dossier_in_english(stack: Stack, chromium: Browser, somebody: list[Person]) -> None:
    researcher = arrive(stack, chromium, somebody)
    researcher.sign_in("alex.martin@chu-demo.fr")
    researcher.speak("en")
    researcher.go("/dossiers/nouveau/")
    researcher.check("en-start")
    researcher.page.locator("#id_path").select_option("permanent_access")
    researcher.page.locator("main form button[type=submit]").click()
    researcher.page.wait_for_url(re.compile("/title/"))
    dossier = "/dossiers/" + researcher.page.url.split("/dossiers/")[1].split("/")[0] + "/"
    for key in PAGES:
        researcher.go(f"{dossier}{key}/")
        expect(researcher.page.locator("html")).to_have_attribute("lang", "en")
        researcher.check(f"en-{key}")
    for name, path in (("overview", dossier), ("submit", f"{dossier}deposer/"), ("list", "/dossiers/")):
        researcher.go(path)
        researcher.check(f"en-{name}")
    for name, path in (("projects", "/projets/"), ("account", "/compte/"), ("accessibility", "/accessibilite/")):
        researcher.go(path)
        researcher.check(f"en-{name}")
    researcher.go("/no-such-page/")
    researcher.complaints.clear()
    researcher.check("en-not-found")
    assert not researcher.faults, "\n".join(researcher.faults)


def test_somebody_enrols_their_second_factor_and_arrives(
    stack: Stack, chromium: Browser, somebody: list[Person]
) -> None:
    person = arrive(stack, chromium, somebody)
    page = person.page
    person.go("/connexion/")
    page.get_by_role("textbox").first.fill("nouvelle.personne@chu-demo.fr")
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/enrolement/"))
    expect(page.locator("main svg").first).to_be_visible()
    person.check("enrolment")
    secret = re.search(r"(?:[A-Z2-7]{4} ){3,}[A-Z2-7]{1,4}", page.locator("main").inner_text())
    assert secret, "the secret can be typed by hand"
    seed = base64.b32decode(secret.group().replace(" ", ""))
    page.locator("input[name=code]").fill(f"{totp(seed):06d}")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/codes-de-secours/"))
    person.check("recovery-codes")
    person.go("/dossiers/")
    expect(page).to_have_url(re.compile("/dossiers/$"))
    assert not person.faults, "\n".join(person.faults)
