"""Workers die at every boundary of their steps; what kills its worker every time ends with a person."""

import time
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from hdh_portal.devstack import family
from hdh_portal.devstack.programs import QUEUES
from tests.faults import campaign
from tests.faults.gates import gate
from tests.faults.nemesis import broker, everything_runs, owner, send, signal
from tests.support.portal import STEWARDS, Portal, uuid_in
from tests.support.visitor import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(600)]
STEP_DONE = "NEW.status = 'done' AND OLD.status <> 'done'"


def kill_worker(portal: Portal, name: str) -> None:
    """A worker and its children die at once."""
    parent = portal.stack.process_id(name)
    for pid in (*family.descendants(parent), parent):
        if b"celery" in command_of(pid):
            send(pid, signal.SIGKILL)


def command_of(pid: int) -> bytes:
    """The command line of a process; empty when it is gone. (Sandboxes are descendants of a worker too.)"""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def steps_left(portal: Portal, dossier: str) -> int:
    """The steps of the workspace's preparation that are not recorded as done."""
    query = """
        SELECT count(*) FROM workspaces_step s JOIN workspaces_operation o ON o.id = s.operation_id
        JOIN workspaces_workspace w ON w.id = o.workspace_id JOIN projects_project p ON p.id = w.project_id
        WHERE s.status <> 'done' AND p.application_id = %s"""
    return int(portal.row(query, uuid_in(dossier))[0])


def test_the_provision_worker_killed_at_every_step_boundary_makes_one_workspace(portal: Portal) -> None:
    """Given each step of a preparation done in the world and not yet recorded, its worker dies: the step is made again
    or found made, and recorded once."""
    dossier = portal.submitted_dossier()
    url = portal.stack.layout.migration_url
    killed, left = 0, 1
    with gate(url, "workspaces_step", events="UPDATE", when=STEP_DONE) as closed:
        portal.approve(dossier)
        while left:
            closed.wait_for_somebody(120)
            before = steps_left(portal, dossier)
            kill_worker(portal, "provision")
            killed += 1
            closed.let_pass()  # the transaction of the dead
            closed.wait_for_somebody(90)
            closed.let_pass()
            wait_until(lambda before=before: steps_left(portal, dossier) < before, 90, "the step was made again")
            left = steps_left(portal, dossier)
    portal.wait_until_ready(dossier, 90)
    assert killed >= 4
    assert campaign.judge(portal) == []


def reached(portal: Portal, dossier: str, status: str) -> bool:
    """Whether the extract is where it should be, or beyond."""
    return portal.extract(dossier)[0] in (status, "delivered")


@pytest.mark.parametrize("at_commit", [False, True], ids=["before the record", "after the record"])
def test_the_extract_worker_killed_around_its_records_delivers_once(portal: Portal, at_commit: bool) -> None:
    dossier = portal.submitted_dossier()
    url = portal.stack.layout.migration_url
    changed = "NEW.status <> OLD.status"
    with gate(url, "extracts_extractrequest", events="UPDATE", when=changed, at_commit=at_commit) as closed:
        portal.approve(dossier)
        for expected in ("running", "delivered"):
            closed.wait_for_somebody(120)
            kill_worker(portal, "extract")
            closed.open()
            wait_until(lambda wanted=expected: reached(portal, dossier, wanted), 90, f"the extract is {expected}")
            if expected == "running":
                closed.close()
    portal.wait_until_ready(dossier, 120)
    assert portal.events(dossier, "extract.delivered") == 1
    assert campaign.judge(portal) == []


def test_a_child_of_the_pool_killed_in_the_midst_costs_a_lease(portal: Portal) -> None:
    dossier = portal.submitted_dossier()
    portal.approve(dossier)
    wait_until(lambda: portal.extract(dossier)[1] > 5, 60, "the extract is under way", every=0.02)
    parent = portal.stack.process_id("extract")
    for pid, above in family.parents().items():
        if above == parent:
            send(pid, signal.SIGKILL)
    begun = time.monotonic()
    portal.wait_until_ready(dossier, 120)
    assert time.monotonic() - begun < 90
    assert campaign.judge(portal) == []


INSERT = """
    INSERT INTO core_outboxitem
    (key, kind, queue, subject_id, status, attempts, not_before, fence, reason, created_at)
    VALUES (%s, %s, 'extract', '00000000-0000-4000-8000-000000000000', 'pending', 5, now(), 0, '', now())"""
POISON = (
    ("poison:unknown-kind", "no.such.kind"),
    ("poison:no-subject", "extract.run"),
)


def test_poison_ends_on_a_persons_list_and_hinders_nothing(portal: Portal) -> None:
    """Given items that fail whoever tries, and messages that are no messages, everything else goes on."""
    with owner(portal.stack) as connection:
        for key, kind in POISON:
            connection.execute(INSERT, [key, kind])
    with broker(portal.stack) as client:
        for queue in QUEUES:
            client.lpush(queue, b"\x00 no message", b"{}", str(Jsonb({"headers": {}, "body": "!"})))
    dossier = portal.submitted_dossier()
    portal.approve(dossier)
    portal.wait_until_ready(dossier, 120)
    query = (
        "SELECT count(*) FROM core_outboxitem WHERE key LIKE 'poison:%%' AND status = 'needs_human' AND reason <> %s"
    )
    wait_until(lambda: portal.row(query, "") == (len(POISON),), 150, "the poison is on the list")
    page = portal.visitor(STEWARDS[0]).get("/interventions/").text
    assert all(kind in page or key in page for key, kind in POISON)
    with owner(portal.stack) as connection:
        connection.execute("DELETE FROM core_outboxitem WHERE key LIKE 'poison:%'")
    wait_until(lambda: everything_runs(portal.stack), 60, "every process runs")
    assert campaign.judge(portal) == []
