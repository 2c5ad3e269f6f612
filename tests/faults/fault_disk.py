"""No room left: what cannot be written is refused or waits, and nothing half-written stays.

A limit on the size of files that a running process may write (RLIMIT_FSIZE of 0) is a full disk to it alone.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hdh_portal.devstack import family
from tests.faults import campaign
from tests.faults.nemesis import everything_runs
from tests.journeys import steps
from tests.support.portal import RESEARCHER, Portal, uuid_in
from tests.support.visitor import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.sandbox,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit (util-linux) is not installed"),
]


@contextmanager
def no_room(portal: Portal, name: str) -> Iterator[None]:
    """A program and its children can write nothing to files for the length of the block."""
    parent = portal.stack.process_id(name)
    pids = {parent, *family.descendants(parent)}
    for pid in pids:
        limit(pid, "0:")
    try:
        yield
    finally:
        for pid in pids & family.parents().keys():
            limit(pid, "unlimited:")


def limit(pid: int, size: str) -> None:
    """Limit the files of a process, as the account it runs as."""
    owner = Path(f"/proc/{pid}").stat()
    command = ["prlimit", f"--pid={pid}", f"--fsize={size}"]
    subprocess.run(command, user=owner.st_uid, group=owner.st_gid, extra_groups=[], check=True)


def test_a_document_that_finds_no_room_is_refused_in_words_and_leaves_nothing(portal: Portal) -> None:
    dossier = portal.complete_draft()
    query = "SELECT count(*) FROM applications_attachment WHERE application_id = %s"
    before = portal.row(query, uuid_in(dossier))
    with no_room(portal, "portal"):
        answer = steps.attach_protocol(portal.visitor(RESEARCHER), dossier, "protocol")
    assert answer.status in {422, 503}, answer.status
    assert portal.row(query, uuid_in(dossier)) == before
    assert steps.attach_protocol(portal.visitor(RESEARCHER), dossier, "protocol").status == 200
    assert campaign.judge(portal) == []


def test_a_seal_that_finds_no_room_to_be_published_is_published_later(portal: Portal) -> None:
    scene = campaign.scene_of(portal.stack)
    with no_room(portal, "default"):
        portal.submitted_dossier()
        published = len(list(scene.checkpoints.rglob("*.json")))
        sealed = "SELECT count(*) FROM audit_checkpoint"
        wait_until(lambda: portal.row(sealed)[0] > published, 30, "a checkpoint waits for room")
    wait_until(lambda: len(list(scene.checkpoints.rglob("*.json"))) > published, 30, "it is published")
    assert campaign.judge(portal) == []


def test_an_extract_that_finds_no_room_waits_and_goes_on(portal: Portal) -> None:
    dossier = portal.submitted_dossier()
    with no_room(portal, "extract"):
        portal.approve(dossier)
        query = "SELECT max(attempts) FROM core_outboxitem WHERE kind = 'extract.run' AND status = 'pending'"
        wait_until(lambda: (portal.row(query)[0] or 0) >= 3, 60, "the extract was tried and failed")
    portal.wait_until_ready(dossier, 120)
    assert campaign.judge(portal) == []


def test_a_database_without_room_for_its_log_recovers(portal: Portal) -> None:
    """Given a PostgreSQL that cannot write, it dies of it, is started again where there is room, and lost nothing."""
    dossier = portal.complete_draft()
    researcher = portal.visitor(RESEARCHER)
    with no_room(portal, "postgres"), pytest.raises((OSError, AssertionError)):
        steps.save_page(researcher, dossier, "title", {"title": "Sans place"})
    wait_until(lambda: everything_runs(portal.stack), 60, "every process runs")
    assert campaign.judge(portal) == []
