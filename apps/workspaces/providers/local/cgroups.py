"""Limits of memory, processes and processor for one workspace: cgroup v2, else v1, else only per-process limits.

Nothing is pretended: `Group.kind` and `Group.facts` say what is really limited, and the operator sees it.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.workspaces.providers.base import Limits

_PARENT = "hdh-workspaces"
_PERIOD = 100_000
_V2_CONTROLLERS = ("memory", "pids", "cpu")


@dataclass(frozen=True)
class Group:
    """Where one workspace is limited: `paths` are directories to put its processes in; none means rlimits only."""

    kind: str
    paths: tuple[Path, ...]

    @property
    def facts(self) -> dict[str, str]:
        whole = {"cgroup2": "memory, processes, processor", "cgroup1": "memory, processes, processor"}
        return {"limits": self.kind, "limited_as_a_whole": whole.get(self.kind, "nothing: each process alone")}


def group_create(name: str, limits: Limits, root: Path = Path("/sys/fs/cgroup")) -> Group:
    """Make the group of workspace `name` with its limits, by the best means this host and user allow."""
    for make in (_create_v2, _create_v1):
        with contextlib.suppress(OSError):
            return make(name, limits, root)
    return Group("rlimits", ())


def group_remove(paths: tuple[Path, ...]) -> None:
    """Kill what is left in the group and remove it; absent is fine."""
    for path in paths:
        for pid in _members(path):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            path.rmdir()


def group_usage(paths: tuple[Path, ...]) -> tuple[int | None, int | None]:
    """Bytes of memory and number of processes now; None where not counted."""
    memory = _first_number(paths, ("memory.current", "memory.usage_in_bytes"))
    return memory, _first_number(paths, ("pids.current",))


def _create_v2(name: str, limits: Limits, root: Path) -> Group:
    parent = _own_path(root, "") / _PARENT if os.geteuid() != 0 else root / _PARENT
    if not (root / "cgroup.controllers").exists():
        raise FileNotFoundError("cgroup v2 is not mounted")
    parent.mkdir(exist_ok=True)
    for above in (parent.parent, parent):
        (above / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in _V2_CONTROLLERS))
    path = parent / name
    path.mkdir(exist_ok=True)
    (path / "memory.max").write_text(str(limits.memory))
    (path / "memory.oom.group").write_text("0")
    with contextlib.suppress(OSError):
        (path / "memory.swap.max").write_text("0")
    (path / "pids.max").write_text(str(limits.processes))
    (path / "cpu.max").write_text(f"{int(limits.processors * _PERIOD)} {_PERIOD}")
    return Group("cgroup2", (path,))


def _create_v1(name: str, limits: Limits, root: Path) -> Group:
    settings = {
        "memory": {"memory.limit_in_bytes": limits.memory},
        "pids": {"pids.max": limits.processes},
        "cpu": {"cpu.cfs_period_us": _PERIOD, "cpu.cfs_quota_us": int(limits.processors * _PERIOD)},
    }
    paths = []
    for controller, values in settings.items():
        if not (root / controller / "cgroup.procs").exists():
            raise FileNotFoundError(f"no v1 hierarchy for {controller}")
        path = _own_path(root / controller, controller) / _PARENT / name
        path.mkdir(parents=True, exist_ok=True)
        for file, value in values.items():
            (path / file).write_text(str(value))
        paths.append(path)
    return Group("cgroup1", tuple(paths))


def _own_path(mount: Path, controller: str) -> Path:
    """The directory of this process's own group, so that limits set around it still hold for what it starts."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return mount / path.lstrip("/")
    raise FileNotFoundError(f"this process is in no {controller or 'v2'} group")


def _members(path: Path) -> Iterator[int]:
    with contextlib.suppress(OSError):
        yield from (int(pid) for pid in (path / "cgroup.procs").read_text().split())


def _first_number(paths: tuple[Path, ...], files: tuple[str, ...]) -> int | None:
    for path in paths:
        for file in files:
            with contextlib.suppress(OSError, ValueError):
                return int((path / file).read_text())
    return None
