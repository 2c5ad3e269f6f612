"""The stages between submission and project, as steps over HTTP: each by the person whose turn it is."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.journeys.steps import attach_protocol, review_path
from tests.support.visitor import Answer, Visitor, wait_until

SECRETARY = "andrea.roux@hdh-demo.fr"
COMMITTEE_MEMBERS = ("maxime.fontaine@univ-demo.fr", "lou.chevalier@univ-demo.fr")
# Who signs for the data controller, and for the platform.
SIGNATORIES = ("charlie.mercier@chu-demo.fr", "dany.lambert@hdh-demo.fr")
FULL_AUTHORISATION = "full_authorisation"
DOCUMENTS = ("protocol", "interests", "information_notice")
DOCUMENT_WITHIN = 60.0
CONDITION = "Rendre compte chaque année au comité."
Code = Callable[[], str]


def today() -> str:
    """The day in Paris, as forms take it."""
    return datetime.now(ZoneInfo("Europe/Paris")).date().isoformat()


def attach_documents(visitor: Visitor, dossier: str) -> None:
    """Every document that a path with a committee demands."""
    for kind in DOCUMENTS:
        attach_protocol(visitor, dossier, kind)


def find_complete(steward: Visitor, dossier: str) -> None:
    """The steward finds the dossier complete: it goes before the committee."""
    review = review_path(dossier)
    _sent(steward.submit(steward.get(review), f"{review}complet/"))


def give_opinion(secretary: Visitor, members: Sequence[Visitor], code: Code) -> None:
    """Reports, a session with its vote, and the opinion that it gave, for the file that waits longest."""
    file = _link(secretary.get("/comite/"), "/comite/dossiers/")
    for rapporteur in _offered(secretary.get(file), "rapporteur"):
        _sent(secretary.submit(secretary.get(file), f"{file}rapporteurs/", {"rapporteur": rapporteur}))
    for member in members:
        _sent(member.submit(member.get(file), f"{file}interet/", {"nature": "none"}))
        _answer(member, file)
    _hold_session(secretary, file)
    for member in members:
        _answer(member, file)
    _sent(secretary.submit(secretary.get(file), f"{file}vote/clore/"))
    said = {"outcome": "favourable", "text_fr": "Le projet est d'intérêt public.", "otp_code": code()}
    _sent(secretary.submit(secretary.get(f"{file}avis/"), f"{file}avis/", said))


def _answer(member: Visitor, file: str) -> None:
    given = {"outcome": "favourable", "comment": "La méthode convient."}
    _sent(member.submit(member.get(file), f"{file}repondre/", given))


def _hold_session(secretary: Visitor, file: str) -> None:
    """A session of today with every member, open, the file on its agenda and its vote open."""
    planned = {"held_on": today(), "starts_at": "09:30", "place": "Salle Braille"}
    page = secretary.submit(secretary.get("/comite/seances/nouvelle/"), "/comite/seances/nouvelle/", planned)
    session = re.search(r"/comite/seances/[0-9a-f-]{36}/", page.url)
    assert session, page.url
    present = _offered(page, "present")
    page = secretary.submit(page, f"{session.group()}preparer/", {"present": present, "chair": present[0]})
    _sent(secretary.submit(page, f"{session.group()}ouvrir/"))
    page = secretary.get(file)
    _sent(secretary.submit(page, f"{file}inscrire/", {"session": _offered(page, "session")[-1]}))
    _sent(secretary.submit(secretary.get(file), f"{file}vote/ouvrir/"))


def refer(researcher: Visitor, dossier: str) -> None:
    """The team refers its dossier to CNIL with the opinion."""
    _sent(researcher.submit(researcher.get(dossier), f"{dossier}saisir-la-cnil/"))


def record_authorisation(steward: Visitor, dossier: str) -> None:
    """The steward records what CNIL decided, with a condition."""
    review = review_path(dossier)
    decided = {
        "outcome": "authorised",
        "reference": "DR-2026-001",
        "decided_on": today(),
        "conditions": CONDITION,
    }
    _sent(steward.submit(steward.get(review), f"{review}cnil/", decided))


def sign(signatory: Visitor, code: Code) -> None:
    """Sign the agreement that waits, once its document is made."""
    agreement = _link(signatory.get("/conventions/"), "/conventions/")
    wait_until(
        lambda: f"{agreement}signer/" in signatory.get(agreement).text, DOCUMENT_WITHIN, "the document is made", 1.0
    )
    page = signatory.get(agreement)
    typed = {"party": _offered(page, "party")[0], "read": "on", "otp_code": code()}
    _sent(signatory.submit(page, f"{agreement}signer/", typed))


def _link(page: Answer, under: str) -> str:
    """The first address of an object under this path."""
    found = re.search(rf'href="({under}[0-9a-f-]{{36}}/)"', page.text)
    assert found, f"no link under {under} on {page.url}"
    return found.group(1)


def _offered(page: Answer, name: str) -> list[str]:
    """The values that the list, or the boxes, of this name offer."""
    listed = re.search(rf'<select name="{name}".*?</select>', page.text, re.DOTALL)
    if listed:
        return re.findall(r'<option value="([^"]+)"', listed.group())
    return re.findall(rf'name="{name}" value="([^"]+)"', page.text)


def _sent(answer: Answer) -> None:
    assert answer.status == 200, f"{answer.url}: {answer.status}"
