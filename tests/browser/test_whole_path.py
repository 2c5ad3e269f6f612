"""From a blank dossier to the open workspace, by clicking and typing, in French; every page looked at on the way."""

import re

import pytest
from playwright.sync_api import Browser, expect

from hdh_portal.devstack.stack import Stack
from tests.browser.conftest import Person, arrive
from tests.journeys.independent import PERIOD, SCOPE
from tests.journeys.steps import ONE_PAGE_PDF

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.timeout(600)]
RESEARCHER, STEWARD = "camille.durand@chu-demo.fr", "morgan.petit@hdh-demo.fr"


def test_a_researcher_applies_a_steward_decides_and_the_workspace_opens_then_closes(
    stack: Stack, chromium: Browser, somebody: list[Person]
) -> None:
    researcher, steward = arrive(stack, chromium, somebody), arrive(stack, chromium, somebody)
    dossier = start(researcher)
    plain_pages(researcher, dossier)
    population(researcher, dossier)
    variables(researcher, dossier)
    period_and_document(researcher, dossier)
    submit(researcher, dossier)
    decide(steward, dossier)
    lab = watch_and_open(researcher, dossier)
    suspend(steward, researcher, lab)
    faults = researcher.faults + steward.faults
    assert not faults, "\n".join(faults)


def start(researcher: Person) -> str:
    page = researcher.page
    researcher.go("/")
    researcher.check("home")
    researcher.go("/connexion/")
    researcher.check("sign-in")
    researcher.sign_in(RESEARCHER)
    researcher.check("my-applications-empty")
    researcher.go("/dossiers/nouveau/")
    researcher.check("start")
    page.locator("#id_path").select_option("permanent_access")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/dossiers/[0-9a-f-]{36}/title/"))
    return "/dossiers/" + page.url.split("/dossiers/")[1].split("/")[0] + "/"


def saved(researcher: Person) -> None:
    """What was typed is saved without any button."""
    expect(researcher.page.locator("#save-state")).to_contain_text(re.compile(r"\d\d:\d\d"), timeout=5000)


def plain_pages(researcher: Person, dossier: str) -> None:
    page = researcher.page
    page.locator("#id_title").press_sequentially("Parcours de soins du diabète de type 2")
    saved(researcher)
    researcher.check("page-title")
    page.reload()
    expect(page.locator("#id_title")).to_have_value("Parcours de soins du diabète de type 2")
    researcher.go(f"{dossier}summary/")
    page.locator("#id_summary_fr").fill("Nous étudions les soins reçus par les personnes atteintes d'un diabète.")
    saved(researcher)
    researcher.go(f"{dossier}purpose/")
    page.locator("#id_objectives").fill("Décrire les parcours de soins.")
    page.locator("#id_public_interest").fill("Améliorer la prévention.")
    page.locator("#id_benefits").fill("Moins de complications évitables.")
    for name, value in (("purpose_kind", "research"), ("funded", "no")):
        choose(researcher, name, value)
    page.locator("[name=no_forbidden_purpose]").check(force=True)
    saved(researcher)
    researcher.check("page-purpose")
    researcher.go(f"{dossier}team/")
    choose(researcher, "processing_by", "own")
    saved(researcher)
    researcher.check("page-team")
    researcher.go(f"{dossier}linkage/")
    choose(researcher, "linked", "no")
    saved(researcher)
    researcher.go(f"{dossier}protection/")
    for name, value in (("legal_basis", "public_task"), ("transfers", "no")):
        choose(researcher, name, value)
    for name, text in (("recipients", "L'équipe."), ("retention_years", "3"), ("rights_contact", "dpo@chu-demo.fr")):
        page.locator(f"#id_{name}").fill(text)
    saved(researcher)
    researcher.check("page-protection")


def choose(researcher: Person, name: str, value: str) -> None:
    """One answer among several, as radio buttons or as a list."""
    radio = researcher.page.locator(f"input[name={name}][value={value}]")
    if radio.count():
        radio.check(force=True)
    else:
        researcher.page.locator(f"select[name={name}]").select_option(value)


def population(researcher: Person, dossier: str) -> None:
    page = researcher.page
    researcher.go(f"{dossier}population/")
    researcher.check("population-empty")
    add(researcher, "r", "any_of")
    add(researcher, "r_0", "stay")
    page.locator("#r_0_0-diagnosis").fill("E11")
    page.locator("#r_0_0-from").fill(PERIOD[0])
    page.locator("#r_0_0-to").fill(PERIOD[1])
    add(researcher, "r_0", "drug")
    page.locator("#r_0_1-atc").fill("A10")
    page.locator("#r_0_1-at_least").fill("3")
    page.locator("#r_0_1-from").fill(PERIOD[0])
    page.locator("#r_0_1-to").fill(PERIOD[1])
    add(researcher, "r", "age")
    page.locator("#r_1-min").fill("quarante")
    page.locator("#r_1-on").fill("2024-12-31")
    expect(page.locator("#r_1-min-error")).not_to_be_empty(timeout=5000)
    expect(page.locator("#r_1-min")).to_have_value("quarante")
    researcher.picture("population-error-wide")
    page.locator("#r_1-min").fill("40")
    expect(page.locator("main")).to_contain_text("avaient au moins 40", timeout=5000)
    expect(page.locator("main")).to_contain_text("were at least 40 years old")
    page.reload()
    expect(page.locator("#r_0_1-atc")).to_have_value("A10")
    researcher.check("population")


def add(researcher: Person, place: str, kind: str) -> None:
    """Add a criterion with the button of its group, and wait until it is there."""
    page = researcher.page
    before = page.locator("fieldset.applications-node").count()
    page.locator(f"#add-{place}").select_option(kind)
    page.locator(f"button[name=op][value='add:{place}']").click()
    expect(page.locator("fieldset.applications-node")).not_to_have_count(before, timeout=5000)


def variables(researcher: Person, dossier: str) -> None:
    page = researcher.page
    researcher.go(f"{dossier}variables/")
    for table, columns in SCOPE.items():
        page.locator(f"#table-{table} > summary").click()
        for column in columns:
            page.locator(f"[id='column-{table}.{column}']").check(force=True)
        page.locator(f"#id_why-{table}").fill("Nécessaire à l'objectif principal.")
    saved(researcher)
    page.reload()
    expect(page.locator("[id='column-IR_BEN_R.BEN_SEX_COD']")).to_be_checked()
    researcher.check("variables")


def period_and_document(researcher: Person, dossier: str) -> None:
    page = researcher.page
    researcher.go(f"{dossier}period/")
    days = {"data_from": PERIOD[0], "data_to": PERIOD[1], "access_from": "2026-01-01", "access_to": "2028-12-31"}
    for name, day in days.items():
        page.locator(f"#id_{name}").fill(day)
    saved(researcher)
    researcher.check("page-period")
    researcher.go(f"{dossier}deposer/")
    expect(page.locator(f"main a[href^='{dossier}attachments/']")).to_be_visible()
    researcher.check("submit-missing")
    researcher.go(f"{dossier}attachments/")
    page.locator("[name=kind]").select_option("protocol")
    page.locator("input[type=file]").set_input_files(
        {"name": "protocole.pdf", "mimeType": "application/pdf", "buffer": ONE_PAGE_PDF}
    )
    page.locator(f"form[action='{dossier}pieces/ajouter/'] button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("protocole.pdf")
    researcher.check("attachments")


def submit(researcher: Person, dossier: str) -> None:
    page = researcher.page
    researcher.go(f"{dossier}deposer/")
    researcher.check("submit-ready")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(dossier + "$"))
    researcher.check("dossier-submitted")
    researcher.go("/dossiers/")
    researcher.check("my-applications")


def decide(steward: Person, dossier: str) -> None:
    page, review = steward.page, dossier.replace("/dossiers/", "/instruction/")
    steward.sign_in(STEWARD)
    steward.check("queue")
    page.locator(f"main a[href='{review}']").first.click()
    expect(page.locator("main")).to_contain_text("Sont retenues les personnes")
    steward.check("review")
    page.locator("#approve_otp_code").fill("000000")
    page.locator(f"form[action='{review}approuver/'] button[type=submit]").click()
    expect(page.locator("#approve_otp_code[aria-invalid=true]")).to_be_visible()
    steward.picture("review-wrong-code-wide")
    steward.complaints.clear()  # the browser tells of the refusal's status, 422 or 403, as an error
    page.locator("#approve_otp_code").fill(steward.stack.manage("demo_code", STEWARD).strip())
    page.locator(f"form[action='{review}approuver/'] button[type=submit]").click()
    expect(page.locator(f"main a[href='{dossier}projet/']")).to_be_visible()
    steward.check("review-approved")


def watch_and_open(researcher: Person, dossier: str) -> Person:
    page = researcher.page
    researcher.go(f"{dossier}projet/")
    researcher.picture("project-under-way-wide")
    opens = page.locator("form[action$='/ouvrir/'] button")
    expect(opens).to_be_visible(timeout=120_000)
    researcher.check("project-ready")
    read_the_report(researcher)
    researcher.go(f"{dossier}projet/")
    opens.click()
    page.locator("[name=otp_code]").fill(researcher.stack.manage("demo_code", RESEARCHER).strip())
    researcher.check("first-opening")
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile(r"//ws-[0-9a-f]{32}\.localhost"), timeout=30_000)
    expect(page.locator("#jp-main-dock-panel, .jp-LabShell").first).to_be_visible(timeout=60_000)
    run_notebook(researcher)
    return researcher


def read_the_report(researcher: Person) -> None:
    """What was made for the project, and unit by unit, in both languages."""
    researcher.page.locator("main a[href^='/extractions/']").first.click()
    researcher.check("extract-report")
    researcher.page.locator("main a[href$='/unites/']").click()
    expect(researcher.page.locator("main table tbody tr").first).to_contain_text("source/")
    researcher.check("extract-units")
    researcher.speak("en")
    researcher.check("en-extract-units")
    researcher.speak("fr")


def run_notebook(researcher: Person) -> None:
    """The notebook that waits in the workspace opens the extract."""
    page = researcher.page
    page.locator(".jp-DirListing-item:has-text('.ipynb')").first.dblclick()
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=30_000)
    expect(page.locator("#jp-bottom-panel, .jp-StatusBar-Widget").first).to_contain_text("Idle", timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).click()
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text("Sont retenues", timeout=60_000)
    expect(page.locator(".jp-OutputArea-output table").first).to_be_visible(timeout=60_000)
    assert page.locator(".jp-OutputArea-output .ansi-red-fg").count() == 0, "no cell failed"
    researcher.picture("workspace-wide")


def suspend(steward: Person, researcher: Person, lab: Person) -> None:
    page = steward.page
    page.locator("main a[href$='/projet/']").click()
    page.locator("main a[href$='/suspendre/']").click()
    steward.check("suspend")
    page.locator("main [name=reason]").fill("Contrôle de routine.")
    page.locator("main form button[type=submit]").last.click()
    expect(page.locator("main")).to_contain_text("Contrôle de routine.", timeout=30_000)
    steward.check("project-suspended")
    lab.page.reload()
    expect(lab.page.locator("body")).not_to_contain_text("jp-LabShell")
    assert lab.page.locator(".jp-LabShell").count() == 0, "JupyterLab stopped answering"
    researcher.complaints.clear()
    lab.picture("workspace-suspended-wide")
