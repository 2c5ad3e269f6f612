"""Yesterday's backup put back: the log says that a day is missing, and goes on only where an operator says so."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from hdh_portal.devstack import family
from hdh_portal.devstack.postgres import server_binaries
from hdh_portal.devstack.stack import Stack
from tests.faults import campaign
from tests.faults.checker import violations
from tests.faults.nemesis import everything_runs, send
from tests.support.portal import RESEARCHER
from tests.support.visitor import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(400)]
TOOLS = server_binaries()
SERVED = ("portal", "default", "extract", "provision", "beat", "gateway")


def tool(name: str, stack: Stack, *words: str) -> None:
    """One of PostgreSQL's own tools on the portal's database, as its owner."""
    command = [str(TOOLS / name), "--dbname", stack.layout.migration_url, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def verify(stack: Stack, *words: str) -> tuple[int, str]:
    """Exit code and words of `audit_verify`."""
    done = subprocess.run(
        [str(campaign.REPOSITORY / ".venv" / "bin" / "python"), "manage.py", "audit_verify", *words],
        env=stack.env("default"),
        cwd=campaign.REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.skipif(not (TOOLS / "pg_dump").exists(), reason="pg_dump is not installed")
def test_a_backup_put_back_is_noticed_and_the_same_backup_read_elsewhere_verifies(tmp_path: Path) -> None:
    with campaign.running(tmp_path) as portal:
        stack = portal.stack
        yesterday = portal.submitted_dossier()
        wait_until(lambda: verify(stack)[0] == 0, 30, "the log is sealed and verifies")
        backup = tmp_path / "backup"
        tool("pg_dump", stack, "--format=custom", "--file", str(backup))
        today = portal.submitted_dossier()
        assert campaign.judge(portal) == []
        sealed = portal.row("SELECT max(sequence) FROM audit_checkpoint")[0]
        put_back(stack, backup)
        code, said = verify(stack)
        assert code == 1, said
        assert "published" in said, said
        found = [str(one) for one in violations(campaign.scene_of(stack), tmp_path / "none", converges_within=3)]
        assert any("checkpoints are published" in one for one in found), found
        assert portal.visitor(RESEARCHER).get(yesterday).status == 200
        assert portal.visitor(RESEARCHER).get(today).status == 404
        assert portal.row("SELECT max(sequence) FROM audit_checkpoint")[0] < sealed, "the sealer refuses to go on"
        assert "RolledBackError" in (stack.layout.log / "default.log").read_text()


def put_back(stack: Stack, backup: Path) -> None:
    """As docs/operator.md says: stop what serves, restore, start."""
    supervisor = stack.state.supervisor
    os.kill(supervisor, signal.SIGSTOP)  # or it would start again what is stopped
    try:
        for name in SERVED:
            parent = stack.process_id(name)
            for pid in (*family.descendants(parent), parent):
                send(pid, signal.SIGKILL)
        tool("pg_restore", stack, "--clean", "--if-exists", "--single-transaction", "--exit-on-error", str(backup))
    finally:
        os.kill(supervisor, signal.SIGCONT)
    wait_until(lambda: everything_runs(stack), 90, "the portal serves the restored database")
