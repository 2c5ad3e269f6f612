"""The supervisor keeps programs alive and leaves none behind, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hdh_portal.devstack.family import marked
from hdh_portal.devstack.places import REPOSITORY

pytestmark = pytest.mark.faults
PATIENCE = 15


class Nursery:
    """The supervisor under test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def start(self, *names: str, terminal: int | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.devstack.nursery", str(self.folder), *names],
            cwd=REPOSITORY,
            stdin=terminal,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.line() == "watching"

    def line(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def child(self, name: str) -> tuple[int, int]:
        rows = dict(line.split(" ", 1) for line in (self.folder / "children").read_text().splitlines())
        pid, starts = rows[name].split()
        return int(pid), int(starts)

    def left(self) -> set[int]:
        return marked("HDH_NURSERY", str(self.folder))

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path)
    yield nursery
    nursery.end()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_program_that_dies_is_started_again_and_said(nursery: Nursery) -> None:
    nursery.start("sleeper")
    first, _ = nursery.child("sleeper")
    os.kill(first, signal.SIGKILL)
    assert nursery.line() == "sleeper stopped (killed by SIGKILL); starting it again in 1 s."
    assert eventually(lambda: nursery.child("sleeper")[1] == 2)
    assert nursery.child("sleeper")[0] != first


def test_a_program_that_keeps_dying_is_tried_less_and_less_often(nursery: Nursery) -> None:
    nursery.start("broken")
    assert nursery.line() == "broken stopped (exit code 1); starting it again in 1 s."
    assert nursery.line() == "broken stopped (exit code 1); starting it again in 2 s."
    assert "out of order" in (nursery.folder / "broken.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_leaves_nothing_not_even_what_fled_or_refuses(nursery: Nursery, number: signal.Signals) -> None:
    nursery.start("sleeper", "stubborn", "daemon")
    assert eventually((nursery.folder / "daemon.pid").exists)
    nursery.signal(number)
    assert nursery.line() == "stopped"
    assert nursery.left() == set()


def test_a_daemon_of_a_program_that_died_is_found_at_the_stop(nursery: Nursery) -> None:
    nursery.start("daemon")
    assert eventually((nursery.folder / "daemon.pid").exists)
    os.kill(nursery.child("daemon")[0], signal.SIGKILL)
    nursery.line()
    nursery.signal(signal.SIGTERM)
    assert nursery.line() == "stopped"
    assert nursery.left() == set()


def test_programs_do_not_outlive_a_supervisor_that_is_killed(nursery: Nursery) -> None:
    nursery.start("sleeper")
    nursery.signal(signal.SIGKILL)
    assert eventually(lambda: nursery.left() == set())


def test_a_terminal_that_hangs_up_stops_everything(nursery: Nursery) -> None:
    master, terminal = os.openpty()
    nursery.start("sleeper", terminal=terminal)
    os.close(terminal)
    os.close(master)
    assert nursery.line() == "stopped"
    assert nursery.left() == set()
