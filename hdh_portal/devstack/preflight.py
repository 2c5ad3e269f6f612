"""What must hold before anything is started: free ports, a sandbox that works, nobody else on the same data."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hdh_portal.devstack.debian import PACKAGES, command_to_type
from hdh_portal.devstack.errors import StackError

HIGHEST_PORT = 65535


@contextmanager
def only_stack(var: Path) -> Iterator[None]:
    """Hold a data folder for the length of the block. Raises StackError when a running stack has it."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "lock").open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            raise StackError(
                f"The portal is already running on {var} (process {held.read().strip()}). "
                "Stop it first (Ctrl-C in its terminal, or `make stop`), or use another folder with HDH_VAR."
            ) from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        yield


def is_running(var: Path) -> bool:
    """Whether a stack holds this data folder now."""
    try:
        with (var / "lock").open("a+") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def chosen_port(wanted: int, name: str) -> int:
    """A port that is free now: the wanted one, or any for 0. Raises StackError naming the variable that chooses it."""
    if not 0 <= wanted <= HIGHEST_PORT:
        raise StackError(f"{name}={wanted} is no port number.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except PermissionError:
            raise StackError(f"Port {wanted} is reserved to root. Choose another one: {name}=8000.") from None
        except OSError:
            raise StackError(
                f"Port {wanted} is taken by another program. "
                f"Choose a free one, for instance: make run {name}={wanted + 10}"
            ) from None
        return int(probe.getsockname()[1])


def require_sandbox() -> None:
    """Make sure that bubblewrap can isolate a process here. Raises StackError with the cause and the cure."""
    program = shutil.which("bwrap")
    if program is None:
        raise StackError(command_to_type(tuple(package for package in PACKAGES if package.shown_by == "bwrap")))
    tried = subprocess.run(  # noqa: S603
        [program, "--unshare-all", "--ro-bind", "/", "/", "true"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        raise StackError(
            f"bubblewrap cannot isolate a process on this machine: {tried.stderr.strip()}\n{cure_of_kernel()}"
        )


def cure_of_kernel() -> str:
    """What to do about a kernel that refuses namespaces, as far as its settings tell."""
    if _kernel_says("kernel/unprivileged_userns_clone", "0"):
        return "The kernel forbids user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if _kernel_says("user/max_user_namespaces", "0"):
        return "The kernel allows no user namespace: sudo sysctl -w user.max_user_namespaces=15000"
    if _kernel_says("kernel/apparmor_restrict_unprivileged_userns", "1"):
        return "AppArmor restricts user namespaces: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    return (
        "Workspaces need Linux namespaces. In a container, allow them (seccomp must permit unshare and mount); "
        "elsewhere, start the portal on a machine whose kernel has them."
    )


def _kernel_says(name: str, value: str) -> bool:
    try:
        return (Path("/proc/sys") / name).read_text().strip() == value
    except OSError:
        return False
