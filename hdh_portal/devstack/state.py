"""What a running stack tells the others about itself, in a file that only its owner reads."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.preflight import is_running
from hdh_portal.devstack.zones import Layout


@dataclass(frozen=True)
class State:
    """The layout of a stack, its supervisor, its processes (name to process id and number of starts)."""

    layout: Layout
    supervisor: int
    ready: bool
    processes: dict[str, tuple[int, int]]

    def write(self) -> None:
        """Replace the file of this stack's data folder."""
        file = state_file(self.layout.var)
        unfinished = file.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
            json.dump(asdict(self), written, default=str, indent=1)
        unfinished.rename(file)


def read_state(var: Path) -> State | None:
    """What the latest stack of this data folder wrote; None when there was none."""
    try:
        content = json.loads(state_file(var).read_text())
    except FileNotFoundError:
        return None
    places = content["layout"]
    layout = Layout(**{**places, "var": Path(places["var"]), "sockets": Path(places["sockets"])})
    processes = {name: (pid, starts) for name, (pid, starts) in content["processes"].items()}
    return State(layout, content["supervisor"], content["ready"], processes)


def running_state(var: Path) -> State:
    """The state of the stack that runs on this data folder. Raises StackError when none does, or is not ready yet."""
    state = read_state(var)
    if state is None or not is_running(var):
        raise StackError("The portal is not running: start it with `make run`.")
    if not state.ready:
        raise StackError("The portal is still starting.")
    return state


def state_file(var: Path) -> Path:
    """Where the state of a data folder's stack is."""
    return var / "stack.json"
