"""Processes die, the broker forgets, the source is away: nothing is lost, nothing is done twice."""

from pathlib import Path

import pytest
import redis

from hdh_portal.devstack.stack import Stack
from tests.faults import campaign
from tests.support.portal import STEWARDS, Portal
from tests.support.visitor import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(600)]
CONVERGES_WITHIN = 120.0
SWEPT_WITHIN = 60.0


def deliveries(stack: Stack) -> list[Path]:
    folder = Path(stack.env("extract")["HDH_DELIVERY_DIR"])
    return [path for path in folder.iterdir() if (path / "manifest.json").exists()]


def broker_address(stack: Stack) -> str:
    """The broker as its own client library writes it (Celery says `redis+socket` for a socket)."""
    return stack.env("web")["CELERY_BROKER_URL"].replace("redis+socket://", "unix://", 1)


def test_workers_killed_in_the_midst_end_with_one_extract_and_one_workspace(portal: Portal) -> None:
    """Given an extract half done, when its worker and the provision worker die by SIGKILL, then all is made once."""
    dossier, before = portal.submitted_dossier(), deliveries(portal.stack)
    portal.approve(dossier)
    wait_until(lambda: portal.extract(dossier)[1] > 20, 60, "the extract is under way", every=0.02)
    portal.stack.kill("extract")
    assert portal.extract(dossier)[0] == "running"
    portal.stack.kill("provision")
    wait_until(lambda: portal.extract(dossier)[0] == "delivered", CONVERGES_WITHIN, "the extract is delivered")
    wait_until(lambda: portal.workspace(dossier) != "requested", 60, "provisioning is under way", every=0.02)
    portal.stack.kill("provision")
    portal.wait_until_ready(dossier, CONVERGES_WITHIN)
    for action in ("extract.requested", "extract.delivered", "workspace.requested", "project.created"):
        assert portal.events(dossier, action) == 1, action
    [made] = set(deliveries(portal.stack)) - set(before)
    portal.stack.manage("extract_verify", str(made), zone="extract")


def test_a_broker_that_forgets_everything_delays_by_seconds_only(portal: Portal) -> None:
    dossier = portal.submitted_dossier()
    with redis.Redis.from_url(broker_address(portal.stack)) as broker:
        portal.approve(dossier)
        broker.flushall()
    seconds = portal.wait_until_ready(dossier, SWEPT_WITHIN + CONVERGES_WITHIN)
    assert seconds < SWEPT_WITHIN, f"{seconds} s"


def test_a_source_that_is_away_needs_a_person_and_then_goes_on(portal: Portal) -> None:
    """Given no source, the request says why and nothing is delivered; once it is back, *Resume* delivers."""
    source = Path(portal.stack.env("extract")["HDH_SOURCE_DIR"])
    hidden = source.with_name("snds-away")
    dossier = portal.submitted_dossier()
    before = len(deliveries(portal.stack))
    source.rename(hidden)
    try:
        portal.approve(dossier)
        wait_until(lambda: portal.extract(dossier)[0] == "needs_human", 60, "the request asks for a person")
    finally:
        hidden.rename(source)
    assert "SOURCE.json" in portal.extract(dossier)[2]
    assert len(deliveries(portal.stack)) == before
    steward = portal.visitor(STEWARDS[0])
    page = steward.get("/interventions/")
    assert "SOURCE.json" in page.text
    answer = steward.submit(page, "/reprendre/")
    assert answer.status == 200
    portal.wait_until_ready(dossier, CONVERGES_WITHIN)


def test_the_web_process_holds_neither_the_source_nor_the_keys(portal: Portal) -> None:
    """Given the zones, the portal's processes were started without what only the extract worker needs."""
    process = portal.stack.process_id("portal")
    variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    names = {variable.split(b"=")[0].decode() for variable in variables}
    assert not names & {"HDH_SOURCE_DIR", "HDH_KEYRING_FILE", "HDH_WORKSPACES_DIR", "HDH_DELIVERY_DIR"}, names
    assert "HDH_SOURCE_DIR" in portal.stack.env("extract")


def test_a_seeded_history_of_faults_under_load_keeps_the_five_promises(portal: Portal) -> None:
    """The short version of `make test-faults`; HDH_FAULT_SEED tells another history."""
    report = campaign.run(portal, name="short", seconds=20, pause=3)
    assert report.violations == []
    assert report.acknowledged >= 10, report
