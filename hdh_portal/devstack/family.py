"""Finding processes through /proc: our descendants, and what an earlier, killed stack left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path


def parents() -> dict[int, int]:
    """Every live process of the machine (zombies left out) and its parent."""
    found: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            status = _status(int(folder.name))
            if status is not None and status[0] != "Z":
                found[int(folder.name)] = int(status[1])
    return found


def descendants(ancestor: int) -> set[int]:
    """Every live process below this one."""
    tree = parents()
    found: set[int] = set()
    generation = {ancestor}
    while generation:
        generation = {pid for pid, parent in tree.items() if parent in generation} - found
        found |= generation
    return found


def marked(name: str, value: str) -> set[int]:
    """The live processes, ourselves and our ancestors left out, that were started with this environment variable."""
    wanted = f"{name}={value}".encode()
    tree = parents()
    ours = _ancestors(os.getpid(), tree)
    return {pid for pid in tree if pid not in ours and wanted in _environment(pid)}


def end(pids: Callable[[], Iterable[int]], patience: float) -> None:
    """Ask processes to end, wait up to `patience` seconds, then kill those that are left."""
    _signal(pids(), signal.SIGTERM)
    deadline = time.monotonic() + patience
    while (left := list(pids())) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(left, signal.SIGKILL)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _ancestors(pid: int, tree: dict[int, int]) -> set[int]:
    found: set[int] = set()
    while pid in tree:
        found.add(pid)
        pid = tree[pid]
    return found


def _status(pid: int) -> list[str] | None:
    """State and parent, from the fields after the command's name (which may hold anything, even parentheses)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
    except OSError:
        return None


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
