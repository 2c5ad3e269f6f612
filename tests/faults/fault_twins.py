"""Two of what there should be one of, and every process replaced under load."""

import signal
import threading
import time
from contextlib import ExitStack

import pytest

from hdh_portal.devstack.programs import QUEUES
from tests.faults import campaign
from tests.faults.nemesis import Nemesis, another, everything_runs
from tests.support.portal import Portal
from tests.support.visitor import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(400)]


def test_two_beats_two_sealers_and_two_of_every_worker_do_the_work_of_one(portal: Portal) -> None:
    with ExitStack() as twins:
        for name in ("beat", *QUEUES):
            twins.enter_context(another(portal.stack, name))
        dossier = portal.submitted_dossier()
        portal.approve(dossier)
        report = campaign.run(portal, name="twins", seconds=20, pause=60, faults=[lambda nemesis: None])
        portal.wait_until_ready(dossier, 120)
    assert report.violations == []
    assert campaign.judge(portal) == []


def test_every_process_replaced_one_after_the_other_under_load(portal: Portal) -> None:
    """Given a release being rolled out, people see pauses of seconds and lose nothing."""

    def roll(nemesis: Nemesis) -> None:
        for name in ("portal", *QUEUES, "beat", "gateway"):
            nemesis.stack.restart(name, signal.SIGTERM)
            wait_until(lambda: everything_runs(nemesis.stack), 60, f"{name} is replaced")

    report = campaign.run(portal, name="rolling", seconds=5, pause=2, faults=[roll], approvals=1)
    assert report.faults == ["roll"] * len(report.faults)
    assert report.acknowledged >= 20, report
    assert report.violations == []


def test_two_sealers_at_the_same_moment_seal_each_event_once(portal: Portal) -> None:
    """Given commands that seal beside the worker that seals every second, positions have neither gap nor double."""
    stop = threading.Event()

    def seal() -> None:
        while not stop.is_set():
            portal.stack.manage("audit_seal", zone="default")

    threads = [threading.Thread(target=seal) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        portal.complete_draft()
    time.sleep(3)
    stop.set()
    for thread in threads:
        thread.join(60)
    row = portal.row("SELECT count(*), max(position), count(DISTINCT event_id) FROM audit_seal")
    assert len(set(row)) == 1, row
    assert campaign.judge(portal) == []
