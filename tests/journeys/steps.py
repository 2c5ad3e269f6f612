"""What people do in the portal, as steps over HTTP: each drives the pages a browser without JavaScript would show."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.journeys.independent import DEFINITION_TITLE, PERIOD, SCOPE
from tests.support.visitor import Answer, Form, Visitor

PASSWORD = "demonstration-hdh-2027"
ONE_PAGE_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\nxref\n0 4\n0000000000 65535 f \n"
    b"0000000009 00000 n \n0000000052 00000 n \n0000000101 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"
)
PAGES: Mapping[str, Mapping[str, str]] = {
    "title": {"title": DEFINITION_TITLE},
    "summary": {"summary_fr": "Nous étudions les soins reçus par les personnes atteintes d'un diabète de type 2."},
    "purpose": {
        "purpose_kind": "research",
        "objectives": "Décrire les parcours de soins.",
        "public_interest": "Améliorer la prévention des complications.",
        "benefits": "Moins de complications évitables.",
        "funded": "no",
        "no_forbidden_purpose": "yes",
    },
    "team": {"processing_by": "own"},
    "linkage": {"linked": "no"},
    "protection": {
        "legal_basis": "public_task",
        "recipients": "L'équipe du projet.",
        "transfers": "no",
        "retention_years": "3",
        "rights_contact": "dpo@chu-demo.fr",
    },
    "period": {
        "data_from": PERIOD[0],
        "data_to": PERIOD[1],
        "access_from": "2026-01-01",
        "access_to": "2028-12-31",
    },
}


def sign_in(base_url: str, email: str, code_of: Callable[[str], str]) -> Visitor:
    """Password, then the one-time code; the visitor ends signed in with both factors."""
    visitor = Visitor(base_url)
    page = visitor.get("/connexion/")
    page = visitor.submit(page, "/connexion/", {"email": email, "password": PASSWORD})
    assert "/connexion/code/" in page.url, f"password refused: {page.url} {page.status}"
    page = visitor.submit(page, "/connexion/code/", {"code": code_of(email)})
    assert page.status == 200, f"code refused: {page.status}"
    assert "/connexion/" not in page.url, page.url
    return visitor


def start_dossier(visitor: Visitor, path: str = "permanent_access") -> str:
    """Start a dossier on a path of the procedure; gives its address."""
    page = visitor.get("/dossiers/nouveau/")
    page = visitor.submit(page, "/dossiers/nouveau/", {"path": path})
    found = re.search(r"/dossiers/[0-9a-f-]{36}/", page.url)
    assert found, page.url
    return found.group()


def fill_plain_pages(visitor: Visitor, dossier: str) -> None:
    """The pages made of plain fields."""
    for key, values in PAGES.items():
        save_page(visitor, dossier, key, values)


def save_page(visitor: Visitor, dossier: str, key: str, values: Mapping[str, Any], button: str = "stay") -> Answer:
    """Fill one page and save it."""
    page = visitor.get(f"{dossier}{key}/")
    answer = visitor.submit(page, f"{dossier}{key}/", values, button=button)
    assert answer.status == 200, f"{key}: {answer.status}"
    return answer


def build_population(visitor: Visitor, dossier: str) -> None:
    """Build the tree criterion by criterion with the buttons of the page."""
    _press(visitor, dossier, "add:r", {"add-r": "any_of"})
    for tag in ("stay", "long_term_condition", "drug"):
        _press(visitor, dossier, "add:r_0", {"add-r_0": tag})
    _press(visitor, dossier, "add:r", {"add-r": "age"})
    _press(visitor, dossier, "add:r", {"add-r": "region"})
    _press(visitor, dossier, "wrap:r_2:not", {})
    first, last = PERIOD
    dates = {f"r_0_{n}-{name}": day for n in range(3) for name, day in (("from", first), ("to", last))}
    save_page(
        visitor,
        dossier,
        "population",
        {
            "r_0_0-diagnosis": "E11",
            "r_0_1-diagnosis": "e11",
            "r_0_2-atc": "A10",
            "r_0_2-at_least": "3",
            "r_1-min": "40",
            "r_1-on": "2024-12-31",
            "r_2_0-codes": ["94"],
            **dates,
        },
    )


def _press(visitor: Visitor, dossier: str, operation: str, values: Mapping[str, str]) -> Answer:
    page = visitor.get(f"{dossier}population/")
    answer = visitor.submit(page, f"{dossier}population/", {**values, "op": operation})
    assert answer.status == 200, f"{operation}: {answer.status}"
    return answer


def choose_variables(visitor: Visitor, dossier: str) -> None:
    """Tick the variables and justify each table."""
    columns = [f"{table}.{column}" for table, names in SCOPE.items() for column in names]
    reasons = {f"why-{table}": "Nécessaire à l'objectif principal." for table in SCOPE}
    save_page(visitor, dossier, "variables", {"columns": columns, **reasons})


def attach_protocol(visitor: Visitor, dossier: str, kind: str) -> Answer:
    """Add a document on the attachments page."""
    page = visitor.get(f"{dossier}attachments/")
    return visitor.submit(
        page, f"{dossier}pieces/ajouter/", {"kind": kind}, files={"file": ("protocole.pdf", ONE_PAGE_PDF)}
    )


def submit_dossier(visitor: Visitor, dossier: str) -> Answer:
    """Ask to submit, and submit when the page offers it."""
    address = f"{dossier}deposer/"
    return visitor.submit(visitor.get(address), address)


def missing_links(visitor: Visitor, dossier: str) -> list[str]:
    """The addresses under which the page "submit" says what is missing."""
    page = visitor.get(f"{dossier}deposer/")
    return re.findall(rf'href="({dossier}[a-z]+/[^"]*)"', page.text)


def review_path(dossier: str) -> str:
    """The steward's page of a dossier."""
    return dossier.replace("/dossiers/", "/instruction/")


def return_dossier(steward: Visitor, dossier: str, page: str, reason: str) -> Answer:
    """Send the dossier back for one page."""
    review = steward.get(review_path(dossier))
    return steward.submit(review, f"{review_path(dossier)}renvoyer/", {f"reason-{page}": reason})


def enter_for_the_first_time(researcher: Visitor, page: Answer, action: str, code: str) -> Form:
    """Ask to open the workspace, confirm it by the second factor, and ask again; gives the form for the gateway."""
    asked = researcher.submit(page, action)
    confirmed = researcher.submit(asked, "/compte/confirmer/", {"otp_code": code})
    return researcher.submit(confirmed, action).form("/_enter")


def approve_dossier(steward: Visitor, dossier: str, code: str) -> Answer:
    """Approve what the review page shows, with a fresh one-time code."""
    review = steward.get(review_path(dossier))
    return steward.submit(review, f"{review_path(dossier)}approuver/", {"otp_code": code, "comment": ""})
