"""Every role of the procedure at their browser: a full authorisation in French, an MR-007 dossier in each language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.utils.translation import gettext, override
from playwright.sync_api import Browser, expect

from hdh_portal.devstack.stack import Stack
from tests.browser.conftest import Person, arrive
from tests.journeys.procedure import COMMITTEE_MEMBERS, CONDITION, FULL_AUTHORISATION, SECRETARY, SIGNATORIES, today
from tests.journeys.steps import review_path
from tests.support.portal import RESEARCHER, STEWARDS, Portal

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.timeout(1800)]
OPINION = "Le projet est d'intérêt public."


@dataclass
class Cast:
    """Everybody of the procedure, each signed in at a browser of their own."""

    stack: Stack
    researcher: Person
    steward: Person
    secretary: Person
    members: list[Person]
    signatories: list[Person]
    session: str = ""
    everybody: list[Person] = field(default_factory=list)

    def faults(self) -> str:
        return "\n".join(fault for person in self.everybody for fault in person.faults)


@pytest.fixture(scope="module")
def cast(stack: Stack, chromium: Browser) -> Iterator[Cast]:
    everybody: list[Person] = []

    def signed_in(email: str) -> Person:
        person = arrive(stack, chromium, everybody)
        person.sign_in(email)
        return person

    researcher, steward, secretary = signed_in(RESEARCHER), signed_in(STEWARDS[1]), signed_in(SECRETARY)
    members = [signed_in(email) for email in COMMITTEE_MEMBERS]
    signatories = [signed_in(email) for email in SIGNATORIES]
    yield Cast(stack, researcher, steward, secretary, members, signatories, everybody=everybody)
    for person in everybody:
        person.context.close()


@pytest.fixture(scope="module")
def portal(stack: Stack) -> Portal:
    return Portal(stack)


def test_a_full_authorisation_through_every_role_in_french(cast: Cast, portal: Portal) -> None:
    dossier = portal.complete_draft(FULL_AUTHORISATION)
    submit_and_find_complete(cast, dossier, "full")
    committee(cast, dossier, "full")
    cast.researcher.go(dossier)
    expect(cast.researcher.page.locator("main")).to_contain_text(OPINION)
    cast.researcher.check("full-choice")
    press(cast.researcher, f"{dossier}saisir-la-cnil/")
    authority_decides(cast.steward, dossier)
    approve(cast, dossier, "full")
    everybody_signs(cast, dossier, "full")
    workspace_opens(cast.researcher, dossier)
    assert not cast.faults(), cast.faults()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_mr007_dossier_through_every_role(cast: Cast, portal: Portal, language: str) -> None:
    dossier, name = portal.complete_draft("mr007"), f"{language}-mr007"
    for person in cast.everybody:
        person.faults.clear()
        person.go("/compte/")
        person.speak(language)
    submit_and_find_complete(cast, dossier, name)
    committee(cast, dossier, name)
    researcher = cast.researcher
    researcher.go(dossier)
    researcher.page.locator("#commit_reference").fill("2100001")
    researcher.page.locator("#commit_decided_on").fill(today())
    researcher.check(f"{name}-commitment")
    press(researcher, f"{dossier}engagement/")
    approve(cast, dossier, name)
    everybody_signs(cast, dossier, name)
    researcher.go(f"{dossier}projet/")
    with override(language):
        signed = gettext("signed by every party")
    expect(researcher.page.locator("main a[href^='/conventions/']")).to_contain_text(signed)
    researcher.check(f"{name}-project")
    assert not cast.faults(), cast.faults()


def press(person: Person, action: str) -> None:
    """Send the form that goes to this address, and see that it was taken."""
    person.page.locator(f"form[action='{action}'] button[type=submit]").click()
    expect(person.page.locator(".fr-alert--success").first).to_be_visible(timeout=30_000)


def submit_and_find_complete(cast: Cast, dossier: str, name: str) -> None:
    page, review = cast.researcher.page, review_path(dossier)
    cast.researcher.go(f"{dossier}deposer/")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(f"{dossier}$"))
    cast.steward.go(review)
    cast.steward.check(f"{name}-review")
    press(cast.steward, f"{review}complet/")


def committee(cast: Cast, dossier: str, name: str) -> None:
    """Reports, session, vote and opinion."""
    secretary = cast.secretary
    secretary.go("/comite/")
    secretary.check(f"{name}-committee-home")
    secretary.page.locator("main table a[href^='/comite/dossiers/']").first.click()
    secretary.page.wait_for_url(re.compile("/comite/dossiers/"))
    file = "/comite/dossiers/" + secretary.page.url.rstrip("/").split("/")[-1] + "/"
    for _ in cast.members:
        secretary.page.locator("#rapporteur_rapporteur").select_option(index=1)
        press(secretary, f"{file}rapporteurs/")
    secretary.check(f"{name}-committee-file")
    report(cast, file, name)
    hold_session(cast, name)
    secretary.go(file)
    secretary.page.locator("#schedule_session").select_option(index=1)
    press(secretary, f"{file}inscrire/")
    press(secretary, f"{file}vote/ouvrir/")
    for member in cast.members:
        member.go(file)
        member.page.locator("#answer_outcome").select_option("favourable")
        press(member, f"{file}repondre/")
    secretary.go(file)
    press(secretary, f"{file}vote/clore/")
    write_opinion(secretary, file, name)


def report(cast: Cast, file: str, name: str) -> None:
    for place, member in enumerate(cast.members):
        member.go("/avis/")
        expect(member.page.locator("main a[href='/comite/']").first).to_be_visible()
        member.go(file)
        expect(member.page.locator("#content-read")).to_have_count(0)
        if not place:
            member.check(f"{name}-member-before-declaring")
        member.page.locator("#id_nature").select_option("none")
        press(member, f"{file}interet/")
        expect(member.page.locator("#content-read")).to_be_visible()
        member.page.locator("#answer_outcome").select_option("favourable")
        member.page.locator("#answer_comment").fill("La méthode convient.")
        if not place:
            member.check(f"{name}-member-reports")
        press(member, f"{file}repondre/")


def hold_session(cast: Cast, name: str) -> None:
    """A session of today, with everybody, open; the same for both dossiers."""
    if cast.session:
        return
    page = cast.secretary.page
    for address, picture in (("membres", "members"), ("interets", "interests"), ("seances", "sessions")):
        cast.secretary.go(f"/comite/{address}/")
        cast.secretary.check(f"{name}-committee-{picture}")
    cast.secretary.go("/comite/seances/nouvelle/")
    for field_name, value in (("held_on", today()), ("starts_at", "09:30"), ("place", "Salle Braille")):
        page.locator(f"#id_{field_name}").fill(value)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile("/comite/seances/[0-9a-f-]{36}/"))
    cast.session = "/comite/seances/" + page.url.rstrip("/").split("/")[-1] + "/"
    for box in page.locator("input[name=present]").all():
        box.check(force=True)
    page.locator("#prepare_chair").select_option(index=1)
    cast.secretary.check(f"{name}-committee-session")
    press(cast.secretary, f"{cast.session}preparer/")
    press(cast.secretary, f"{cast.session}ouvrir/")


def write_opinion(secretary: Person, file: str, name: str) -> None:
    page = secretary.page
    page.locator(f"main a[href='{file}avis/']").click()
    page.locator("#opinion_outcome").select_option("favourable")
    page.locator("#opinion_text_fr").fill(OPINION)
    secretary.check(f"{name}-committee-opinion")
    page.locator("#opinion_otp_code").fill(secretary.stack.manage("demo_code", SECRETARY).strip())
    press(secretary, f"{file}avis/")
    secretary.check(f"{name}-committee-decided")


def authority_decides(steward: Person, dossier: str) -> None:
    page, review = steward.page, review_path(dossier)
    steward.go(review)
    page.locator("#cnil_outcome").select_option("authorised")
    for name, value in (("reference", "DR-2026-001"), ("decided_on", today()), ("conditions", CONDITION)):
        page.locator(f"#cnil_{name}").fill(value)
    steward.check("full-review-cnil")
    press(steward, f"{review}cnil/")


def approve(cast: Cast, dossier: str, name: str) -> None:
    steward, review = cast.steward, review_path(dossier)
    steward.go(review)
    steward.page.locator("#approve_otp_code").fill(cast.stack.manage("demo_code", STEWARDS[1]).strip())
    press(steward, f"{review}approuver/")
    expect(steward.page.locator("main a[href^='/conventions/']").first).to_be_visible()
    steward.check(f"{name}-review-approved")
    cast.researcher.go(f"{dossier}projet/")
    assert cast.researcher.page.locator("form[action$='/ouvrir/']").count() == 0, "nothing opens before the signatures"
    cast.researcher.complaints.clear()  # the browser tells of the missing page as an error


def everybody_signs(cast: Cast, dossier: str, name: str) -> None:
    agreement = ""
    for email, signatory in zip(SIGNATORIES, cast.signatories, strict=True):
        page = signatory.page
        signatory.go("/conventions/")
        signatory.check(f"{name}-agreements")
        page.locator("main table a[href^='/conventions/']").first.click()
        page.wait_for_url(re.compile("/conventions/[0-9a-f-]{36}/"))
        agreement = "/conventions/" + page.url.rstrip("/").split("/")[-1] + "/"
        document_made(signatory)
        signatory.check(f"{name}-agreement")
        page.locator("#SignForm_read").check(force=True)
        page.locator("#SignForm_otp_code").fill(cast.stack.manage("demo_code", email).strip())
        press(signatory, f"{agreement}signer/")
    cast.researcher.go(agreement)
    expect(cast.researcher.page.locator("main .fr-badge--success").first).to_be_visible()
    cast.researcher.check(f"{name}-agreement-signed")
    cast.researcher.go(f"{agreement}verifier/")
    cast.researcher.check(f"{name}-agreement-verified")


def document_made(signatory: Person) -> None:
    """A worker makes the document: the page offers to sign it once it is there."""
    for _ in range(60):
        if signatory.page.locator("#SignForm_read").count():
            return
        signatory.page.wait_for_timeout(1000)
        signatory.page.reload()
    raise AssertionError("the document of the agreement was not made within a minute")


def workspace_opens(researcher: Person, dossier: str) -> None:
    page = researcher.page
    researcher.go(f"{dossier}projet/")
    opens = page.locator("form[action$='/ouvrir/'] button")
    expect(opens).to_be_visible(timeout=300_000)
    researcher.check("full-project")
    opens.click()
    page.locator("[name=otp_code]").fill(researcher.stack.manage("demo_code", RESEARCHER).strip())
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile(r"//ws-[0-9a-f]{32}\.localhost"), timeout=60_000)
    expect(page.locator("#jp-main-dock-panel, .jp-LabShell").first).to_be_visible(timeout=60_000)
    researcher.complaints.clear()
