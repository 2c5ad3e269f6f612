"""The web process dies between the statements of a change, and just after its COMMIT."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from hdh_portal.devstack import family
from tests.faults import campaign
from tests.faults.gates import gate
from tests.faults.ledger import NOT_KNOWN
from tests.faults.nemesis import Nemesis, everything_runs, send, signal
from tests.journeys import steps
from tests.support.portal import RESEARCHER, Portal, uuid_in
from tests.support.visitor import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Place:
    """Where in the transaction of a submit: after which statement."""

    table: str
    events: str
    when: str


BETWEEN = (
    Place("applications_application", "UPDATE", "NEW.status = 'submitted' AND OLD.status <> 'submitted'"),
    Place("applications_submission", "INSERT", ""),
    Place("audit_event", "INSERT", "NEW.action = 'application.submitted'"),
)


def kill_web(portal: Portal) -> None:
    """The web process and its children die at once."""
    master = portal.stack.process_id("portal")
    for pid in (*family.descendants(master), master):
        send(pid, signal.SIGKILL)


def in_background(action: Callable[[], object]) -> threading.Thread:
    """Start what will be cut short."""

    def run() -> None:
        try:
            action()
        except NOT_KNOWN:
            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def submissions(portal: Portal, dossier: str) -> tuple[int, int, str]:
    """Rows, events and status of a dossier's submissions."""
    query = """
        SELECT (SELECT count(*) FROM applications_submission WHERE application_id = a.id), a.status
        FROM applications_application a WHERE id = %s"""
    rows, status = portal.row(query, uuid_in(dossier))
    return rows, portal.events(dossier, "application.submitted"), status


def submit_and_die(portal: Portal, dossier: str, place: Place, *, at_commit: bool) -> None:
    url = portal.stack.layout.migration_url
    with gate(url, place.table, events=place.events, when=place.when, at_commit=at_commit) as closed:
        client = in_background(lambda: steps.submit_dossier(portal.visitor(RESEARCHER), dossier))
        closed.wait_for_somebody()
        kill_web(portal)
        closed.open()
        wait_until(lambda: not closed.waiting(), 10, "the database let go of the transaction")
    client.join(60)
    wait_until(lambda: everything_runs(portal.stack), 60, "the portal answers again")


@pytest.mark.parametrize("place", BETWEEN, ids=lambda place: place.table)
def test_a_submit_cut_between_two_statements_did_not_happen(portal: Portal, place: Place) -> None:
    dossier = portal.complete_draft()
    submit_and_die(portal, dossier, place, at_commit=False)
    assert submissions(portal, dossier) == (0, 0, "draft")
    steps.submit_dossier(portal.visitor(RESEARCHER), dossier)
    assert submissions(portal, dossier) == (1, 1, "submitted")
    assert campaign.judge(portal) == []


def test_a_submit_whose_answer_was_cut_after_the_commit_happened_once(portal: Portal) -> None:
    """Given a commit that nobody heard of, when the person tries again, then the page says that it is submitted."""
    dossier = portal.complete_draft()
    submit_and_die(portal, dossier, BETWEEN[1], at_commit=True)
    assert submissions(portal, dossier) == (1, 1, "submitted")
    with pytest.raises(AssertionError, match="no form"):
        steps.submit_dossier(portal.visitor(RESEARCHER), dossier)
    assert submissions(portal, dossier) == (1, 1, "submitted")
    assert campaign.judge(portal) == []


def test_an_approval_whose_bell_never_rang_is_carried_out(portal: Portal) -> None:
    """Given a web process that dies after the COMMIT of an approval and before it rings, the sweep finds the rows."""
    dossier = portal.submitted_dossier()
    url = portal.stack.layout.migration_url
    with gate(url, "core_outboxitem", events="INSERT", at_commit=True) as closed:
        client = in_background(lambda: portal.approve(dossier))
        closed.wait_for_somebody(90)
        kill_web(portal)
        closed.open()
    client.join(60)
    Nemesis.heal(Nemesis(portal.stack, campaign.random.Random(0)))
    portal.wait_until_ready(dossier, 120)
    assert portal.events(dossier, "project.created") == 1
    assert campaign.judge(portal) == []


def test_a_document_cut_between_file_and_row_leaves_neither(portal: Portal) -> None:
    """Given a document written and a web process that dies before its row is committed, the file is swept away."""
    dossier = portal.complete_draft()
    url = portal.stack.layout.migration_url
    with gate(url, "applications_attachment", events="INSERT") as closed:
        client = in_background(lambda: steps.attach_protocol(portal.visitor(RESEARCHER), dossier, "protocol"))
        closed.wait_for_somebody()
        kill_web(portal)
        closed.open()
    client.join(60)
    wait_until(lambda: everything_runs(portal.stack), 60, "the portal answers again")
    assert campaign.judge(portal) == []
