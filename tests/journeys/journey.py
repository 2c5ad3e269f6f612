"""`make journey`: the whole path on a stack of its own, then what a sceptic would check.

A researcher applies for a full authorisation, a steward returns the dossier and finds it complete, the committee gives
its opinion, CNIL's decision is recorded, the steward approves, the parties sign, workers extract and provision, the
researcher runs a real kernel on the extract through the gateway, the steward suspends. The last line printed is one
JSON object with the seconds of each stage; the exit status is 0 only if everything held.
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

from hdh_portal.devstack.stack import Stack
from tests.journeys import independent, inside, procedure, steps
from tests.support.visitor import Visitor, wait_until
from tests.support.workspace_visitor import WorkspaceVisitor

RESEARCHER = "camille.durand@chu-demo.fr"
STRANGER = "sacha.leroy@labo-demo.fr"
STEWARD = "morgan.petit@hdh-demo.fr"
READY_WITHIN = 180.0
CUT_WITHIN = 2.0


@dataclass
class Journey:
    """The stack, what is known so far, and the seconds of each stage."""

    stack: Stack
    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    dossier: str = ""
    project: str = ""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 2)
        print(f"{name}: {self.seconds[name]} s", flush=True)

    def code_of(self, email: str) -> str:
        return self.stack.manage("demo_code", email).strip()

    def sign_in(self, email: str) -> Visitor:
        return steps.sign_in(self.stack.portal_url, email, self.code_of)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="hdh-journey-") as folder:
        journey = Journey(Stack(Path(folder) / "var"))
        started = time.monotonic()
        try:
            with journey.stack:
                journey.seconds["start"] = round(time.monotonic() - started, 2)
                drive(journey)
        finally:
            journey.stack.wipe()
    print(json.dumps({"holds": True, "seconds": journey.seconds, "facts": journey.facts}))
    return 0


def drive(journey: Journey) -> None:
    """Every stage in order; raises AssertionError at the first thing that does not hold."""
    researcher, steward = apply(journey)
    return_and_resubmit(journey, researcher, steward)
    authorise(journey, researcher, steward)
    wait_for_workspace(journey, researcher)
    guest = open_workspace(journey, researcher)
    look_inside(journey, guest)
    check_delivery(journey)
    check_stranger(journey)
    suspend(journey, steward, guest)
    check_timeline(researcher, journey)


def apply(journey: Journey) -> tuple[Visitor, Visitor]:
    with journey.stage("sign_in"):
        researcher, steward = journey.sign_in(RESEARCHER), journey.sign_in(STEWARD)
    with journey.stage("apply"):
        journey.dossier = steps.start_dossier(researcher, procedure.FULL_AUTHORISATION)
        assert len(steps.missing_links(researcher, journey.dossier)) > 5, "an empty dossier lists what it lacks"
        steps.fill_plain_pages(researcher, journey.dossier)
        steps.build_population(researcher, journey.dossier)
        steps.choose_variables(researcher, journey.dossier)
        procedure.attach_documents(researcher, journey.dossier)
        assert steps.missing_links(researcher, journey.dossier) == []
        assert journey.dossier in steps.submit_dossier(researcher, journey.dossier).url
    return researcher, steward


def return_and_resubmit(journey: Journey, researcher: Visitor, steward: Visitor) -> None:
    dossier = journey.dossier
    with journey.stage("return_and_resubmit"):
        assert dossier.split("/")[2] in steward.get("/instruction/").text
        steps.return_dossier(steward, dossier, "title", "Précisez la question étudiée.")
        assert "Précisez la question étudiée." in researcher.get(f"{dossier}title/").text
        title = f"{independent.DEFINITION_TITLE} : parcours de soins"
        steps.save_page(researcher, dossier, "title", {"title": title})
        steps.submit_dossier(researcher, dossier)


def authorise(journey: Journey, researcher: Visitor, steward: Visitor) -> None:
    """Every stage of a full authorisation, by those whose turn it is."""
    dossier = journey.dossier
    with journey.stage("sign_in_of_deciders"):
        secretary = journey.sign_in(procedure.SECRETARY)
        members = [journey.sign_in(email) for email in procedure.COMMITTEE_MEMBERS]
        signatories = {email: journey.sign_in(email) for email in procedure.SIGNATORIES}
    with journey.stage("committee"):
        procedure.find_complete(steward, dossier)
        procedure.give_opinion(secretary, members, lambda: journey.code_of(procedure.SECRETARY))
    with journey.stage("cnil"):
        procedure.refer(researcher, dossier)
        procedure.record_authorisation(steward, dossier)
    with journey.stage("approve"):
        answer = steps.approve_dossier(steward, dossier, journey.code_of(STEWARD))
        assert answer.status == 200, answer.status
    assert researcher.get(f"{dossier}projet/").status == 404, "nothing opens before every party has signed"
    with journey.stage("sign"):
        for email, signatory in signatories.items():
            procedure.sign(signatory, partial(journey.code_of, email))
    journey.project = researcher.get(f"{dossier}projet/").url


def wait_for_workspace(journey: Journey, researcher: Visitor) -> None:
    def page() -> str:
        return researcher.get(f"{journey.project}etapes/").text

    def extracted() -> bool:
        alert = re.search(r'fr-alert--warning".*?</div>', page(), re.DOTALL)
        assert not alert, f"the extract or the workspace needs a person: {alert and alert.group()}"
        return "fr-badge--success" in page().split('id="workspace-title"')[0]

    with journey.stage("extract"):
        wait_until(extracted, READY_WITHIN, "the extract is delivered")
    with journey.stage("workspace_after_extract"):
        wait_until(lambda: "/ouvrir/" in page(), READY_WITHIN, "the workspace opens")


def open_workspace(journey: Journey, researcher: Visitor) -> WorkspaceVisitor:
    with journey.stage("open"):
        page = researcher.get(journey.project)
        action = next(form.action for form in page.forms() if form.action.endswith("/ouvrir/"))
        entry = steps.enter_for_the_first_time(researcher, page, action, journey.code_of(RESEARCHER))
        found = re.match(r"http://ws-([0-9a-f]{32})\.localhost:(\d+)/_enter", entry.action)
        assert found, entry.action
        guest = WorkspaceVisitor(port=int(found[2]), workspace_id=UUID(found[1]))
        ticket = dict(entry.fields)["ticket"]
        portal = journey.stack.portal_url.rstrip("/")
        assert guest.enter(ticket, origin=portal) == 303, "the ticket lets in"
        assert guest.ask("GET", "/lab")[0] == 200, "JupyterLab answers"
        thief = WorkspaceVisitor(port=guest.port, workspace_id=guest.workspace_id)
        assert thief.enter(ticket, origin=portal) != 303, "a ticket is used once"
    return guest


def look_inside(journey: Journey, guest: WorkspaceVisitor) -> None:
    with journey.stage("kernel"):
        said = inside.run(guest, inside.SCRIPT)
    assert said.startswith("{"), f"the kernel failed: {said}"
    seen = json.loads(said)
    assert not seen["reached"], f"the sandbox reached the network: {seen['reached']}"
    assert not seen["written"], f"the sandbox wrote where it must not: {seen['written']}"
    assert seen["interfaces"] == ["lo"], seen["interfaces"]
    assert seen["rows"] > 0, "the extract is read inside"
    journey.facts["rows_read_inside"] = seen["rows"]
    journey.facts["persons_read_inside"] = seen["persons"]


def check_delivery(journey: Journey) -> None:
    with journey.stage("sceptic"):
        layout = journey.stack.env("extract")
        source, deliveries = Path(layout["HDH_SOURCE_DIR"]), Path(layout["HDH_DELIVERY_DIR"])
        (delivery,) = (path for path in deliveries.iterdir() if (path / "manifest.json").exists())
        expected = independent.cohort(source)
        assert expected == journey.facts["persons_read_inside"], (expected, journey.facts)
        assert independent.columns_delivered(delivery) == independent.columns_expected(), "only what was approved"
        forbidden = independent.identifiers(source)
        assert len(forbidden) > 1000, "there are identifiers to look for"
        assert independent.leaked_values(delivery, forbidden) == []
        logs = [path for path in (journey.stack.var / "log").rglob("*") if path.is_file()]
        texts = [*logs, delivery / "manifest.json", delivery / "README.md"]
        assert independent.leaked_text(texts, forbidden) == []
        journey.stack.manage("extract_verify", str(delivery), zone="extract")
        journey.facts |= {"cohort": expected, "identifiers_searched": len(forbidden), "files_searched": len(texts)}


def check_stranger(journey: Journey) -> None:
    """Somebody of another organisation gets the answer of a missing page, everywhere."""
    with journey.stage("stranger"):
        stranger = journey.sign_in(STRANGER)
        missing = "00000000-0000-4000-8000-000000000000"
        dossier_id = journey.dossier.split("/")[2]
        project_id = journey.project.rstrip("/").split("/")[-1]
        paths = [journey.dossier, f"{journey.dossier}title/", f"{journey.dossier}deposer/", f"{journey.dossier}projet/"]
        paths += [steps.review_path(journey.dossier), f"/projets/{project_id}/", f"/projets/{project_id}/etapes/"]
        for path in paths:
            answer = stranger.get(path)
            assert answer.status == 404, (path, answer.status)
            absent = stranger.get(path.replace(dossier_id, missing).replace(project_id, missing))
            assert _without_tokens(answer.text) == _without_tokens(absent.text), path
        assert Visitor(journey.stack.portal_url).get(journey.dossier, follow=False).status == 302


def _without_tokens(page: str) -> str:
    """A page without what differs at every request: tokens, the request's number, the page's own address."""
    page = re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', r"\1", page)
    page = re.sub(r'name="next" value="[^"]*"', "", page)
    return re.sub(r"<code>[0-9a-f]{12}</code>", "", page)


def suspend(journey: Journey, steward: Visitor, guest: WorkspaceVisitor) -> None:
    with journey.stage("suspend"):
        project = steward.get(journey.project)
        address = re.search(r"/espaces/[0-9a-f-]{36}/suspendre/", project.text)
        assert address, "the steward may suspend"
        form = steward.get(address.group())
        cut = inside.seconds_until_cut(
            guest, lambda: steward.submit(form, address.group(), {"reason": "Contrôle de routine."})
        )
        assert cut <= CUT_WITHIN, f"the open socket lived {cut} s after the suspension"
        assert guest.ask("GET", "/api/kernels")[0] >= 400, "no further request passes"
    journey.facts["socket_cut_after_seconds"] = round(cut, 2)


def check_timeline(researcher: Visitor, journey: Journey) -> None:
    """The dossier's own page tells the whole story."""
    events = len(re.findall(r"<li", researcher.get(journey.dossier).text.split('id="timeline"')[1]))
    assert events >= 12, f"the timeline has {events} lines"
    journey.facts["timeline_lines"] = events


if __name__ == "__main__":
    sys.exit(main())
