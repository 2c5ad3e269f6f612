"""Keeping processes alive, and leaving none behind: one thread, one loop, every wait interruptible."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from hdh_portal.devstack import family
from hdh_portal.devstack.console import last_lines, say
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.programs import Program
from hdh_portal.devstack.spawn import adopt_orphans, spawn

POLL_SECONDS = 0.05
LONGEST_BACK_OFF = 30.0
# A process that lived this long starts again with the shortest wait.
SETTLED_SECONDS = 60.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequestedError(Exception):
    """Somebody asked the stack to stop."""


@dataclass
class Child:
    """A program and its present or latest process."""

    program: Program
    process: subprocess.Popen[bytes]
    started: float
    log_begin: int
    starts: int = 1
    failures: int = 0
    exit_code: int | None = None
    due: float = 0.0

    @property
    def is_alive(self) -> bool:
        return self.exit_code is None


class Supervisor:
    """Starts programs, restarts those that die, and stops them all."""

    def __init__(self, log: Path, on_change: Callable[[], None]) -> None:
        self._log = log
        self._on_change = on_change
        self._stop_requested = False
        self._stopping = False
        self._restarting = False
        self._has_terminal = os.isatty(0)
        self.children: dict[str, Child] = {}
        adopt_orphans()
        for number in STOP_SIGNALS:
            signal.signal(number, self._note_stop)

    def _note_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requested = True

    def start(self, program: Program) -> None:
        """Start a program and keep it."""
        self._launch(program, starts=1, failures=0)

    def run(self, program: Program) -> None:
        """Run a short program to its end. Raises StackError with its last words when it fails."""
        self.start(program)
        child = self.children[program.name]
        while child.is_alive:
            self._pause()
        self._forget(program.name)
        if child.exit_code:
            raise StackError(f"`{program.name}` failed:\n{self._last_words(child)}")

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait for a condition. Raises StackError when it takes too long or a process ends meanwhile."""
        deadline = time.monotonic() + seconds
        while not condition():
            self._pause()
            self._refuse_ended()
            if time.monotonic() > deadline:
                raise StackError(f"{what} does not answer after {seconds:.0f} s. The logs are in {self._log}.")

    def watch(self) -> None:
        """Restart whatever dies, until somebody asks to stop: then StopRequestedError is raised."""
        self._restarting = True
        while True:
            self._pause()
            for child in list(self.children.values()):
                if not child.is_alive and time.monotonic() >= child.due:
                    self._restart(child)

    def begin_stop(self) -> None:
        """From now on nothing is restarted, and a further request to stop changes nothing."""
        self._stopping, self._restarting = True, False

    def stop(self, names: Iterable[str]) -> None:
        """Ask these programs to stop, together, and kill those that do not within their time."""
        children = [self.children[name] for name in names if name in self.children]
        for child in children:
            if child.is_alive:
                child.process.send_signal(child.program.stop_signal)
        begun = time.monotonic()
        while waiting := [child for child in children if child.is_alive]:
            for child in waiting:
                if time.monotonic() - begun > child.program.stop_seconds:
                    _kill_group(child)
            time.sleep(POLL_SECONDS)
            self._reap()
        for child in children:
            _kill_group(child)
            self._forget(child.program.name)

    def end_descendants(self, patience: float) -> None:
        """End every process below us, adopted orphans included."""

        def left() -> set[int]:
            self._reap()
            return family.descendants(os.getpid())

        family.end(left, patience)
        while left():
            time.sleep(POLL_SECONDS)

    def _launch(self, program: Program, *, starts: int, failures: int) -> None:
        program.prepare()
        log = self._log / f"{program.name}.log"
        begin = log.stat().st_size if log.exists() else 0
        process = spawn(
            program.command,
            environment=program.environment,
            log=log,
            folder=program.folder,
            account=program.account,
            death_signal=program.stop_signal,
        )
        child = Child(program, process, time.monotonic(), begin, starts=starts, failures=failures)
        self.children[program.name] = child
        self._on_change()

    def _restart(self, child: Child) -> None:
        _kill_group(child)
        self._launch(child.program, starts=child.starts + 1, failures=child.failures)

    def _pause(self) -> None:
        """Let time pass: notice a request to stop and the processes that ended."""
        time.sleep(POLL_SECONDS)
        if not self._stopping and (self._stop_requested or self._lost_terminal()):
            raise StopRequestedError
        self._reap()

    def _lost_terminal(self) -> bool:
        """A hang-up reaches only the first process of the terminal, which may be a `make` that waits for us."""
        return self._has_terminal and not os.isatty(0)

    def _reap(self) -> None:
        by_pid = {child.process.pid: child for child in self.children.values() if child.is_alive}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in by_pid:
                self._note_end(by_pid[pid], os.waitstatus_to_exitcode(status))

    def _note_end(self, child: Child, exit_code: int) -> None:
        child.exit_code = child.process.returncode = exit_code
        if not self._restarting:
            return
        settled = time.monotonic() - child.started > SETTLED_SECONDS
        child.failures = 0 if settled else child.failures
        wait = min(2.0**child.failures, LONGEST_BACK_OFF)
        child.failures += 1
        child.due = time.monotonic() + wait
        say(f"{child.program.name} stopped ({_how(exit_code)}); starting it again in {wait:.0f} s.")

    def _forget(self, name: str) -> None:
        self.children.pop(name, None)
        self._on_change()

    def _last_words(self, child: Child) -> str:
        return last_lines(self._log / f"{child.program.name}.log", child.log_begin)

    def _refuse_ended(self) -> None:
        for child in self.children.values():
            if not child.is_alive:
                how = _how(child.exit_code or 0)
                raise StackError(f"{child.program.name} stopped while starting ({how}):\n{self._last_words(child)}")


def _kill_group(child: Child) -> None:
    try:
        os.killpg(child.process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _how(exit_code: int) -> str:
    return f"killed by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"
