"""A whole running portal as a Python object, for journeys, browser tests and benchmarks."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

from hdh_portal.devstack.console import last_lines
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import PYTHON, REPOSITORY
from hdh_portal.devstack.programs import manage
from hdh_portal.devstack.state import State, read_state
from hdh_portal.devstack.zones import Layout, environment

START_SECONDS = 600
STOP_SECONDS = 60
RESTART_SECONDS = 60
DEVSTACK = (str(PYTHON), "-m", "hdh_portal.devstack")
# A stack of a test uses its own embedded services, not those of the test that starts it.
LEFT_OUT = {"DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "HDH_VAR"}


class Stack:
    """A portal on a data folder of its own and (by default) free ports, stopped at the end of the `with` block.

    `people` is the size of the synthetic SNDS that the first start makes.
    """

    def __init__(
        self, var: Path, *, portal_port: int = 0, gateway_port: int | None = None, people: int | None = None
    ) -> None:
        self.var = var.resolve()
        self._people = {} if people is None else {"HDH_SYNTHETIC_PEOPLE": str(people)}
        self._ports = ["--port", str(portal_port)]
        if gateway_port is not None:
            self._ports += ["--gateway-port", str(gateway_port)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def state(self) -> State:
        """What the supervisor last wrote. Raises StackError before the first start."""
        state = read_state(self.var)
        if state is None:
            raise StackError(f"No stack was started on {self.var}.")
        return state

    @property
    def layout(self) -> Layout:
        return self.state.layout

    @property
    def portal_url(self) -> str:
        return self.layout.portal_url

    @property
    def gateway_port(self) -> int:
        return self.layout.gateway_port

    def start(self) -> None:
        """Start everything and wait until it answers. Raises StackError with the supervisor's last words."""
        if self._process is not None:
            self._process.wait(STOP_SECONDS)  # one that was killed from outside
        self.var.mkdir(parents=True, exist_ok=True)
        output = self.var / "supervisor.log"
        begin = output.stat().st_size if output.exists() else 0
        with output.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [*DEVSTACK, "run", *self._ports],
                env=self._environment(),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StackError(f"The stack does not start:\n{last_lines(output, begin)}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop everything. Raises StackError when the supervisor had to be killed."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise StackError(f"The stack did not stop within {STOP_SECONDS} s.") from None
        finally:
            self._process = None

    def wipe(self) -> None:
        """Remove the data of the stack, wherever it had to be put. Raises StackError while it runs."""
        done = subprocess.run(  # noqa: S603
            [*DEVSTACK, "reset"], env=self._environment(), cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StackError(done.stdout.strip())

    def env(self, zone: str) -> dict[str, str]:
        """The whole environment of the processes of a zone."""
        return environment(self.layout, zone)

    def process_id(self, name: str) -> int:
        """The present or latest process of a program (`portal`, `extract`, `postgres`…). Raises KeyError for none."""
        return self.state.processes[name][0]

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Signal a program; should it die of it, the supervisor starts it again. Gives the number of its starts.

        One that has just ended by itself is waited for: its next process gets the signal.
        Raises StackError when none comes.
        """
        process, starts = self.state.processes[name]
        while not _sent(process, number):
            process, starts = self._next_process(name, starts)
        return starts

    def restart(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """End a program with a signal and wait for its next process. Raises StackError when none comes."""
        self._next_process(name, self.kill(name, number))

    def _next_process(self, name: str, starts: int) -> tuple[int, int]:
        deadline = time.monotonic() + RESTART_SECONDS
        while (latest := self.state.processes.get(name, (0, 0)))[1] <= starts:
            if time.monotonic() > deadline:
                raise StackError(f"{name} was not started again within {RESTART_SECONDS} s.")
            time.sleep(0.05)
        return latest

    def manage(self, *words: str, zone: str = "web") -> str:
        """What a command of Django's prints in the environment of a zone. Raises StackError when it fails."""
        done = subprocess.run(  # noqa: S603
            manage(*words), env=self.env(zone), cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StackError(f"`manage.py {words[0]}` failed: {done.stderr.strip()}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
        return {**kept, **self._people, "HDH_VAR": str(self.var)}

    def _is_ready(self) -> bool:
        state = read_state(self.var)
        return state is not None and self._process is not None and state.supervisor == self._process.pid and state.ready


def _sent(process: int, number: signal.Signals) -> bool:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True
