"""Whether this host can keep the promise of isolation: answered by starting a real sandbox and trying to get out of it.

There is no weaker fallback: where the kernel refuses, no workspace is created, and the answer says the cause and the
fix.
"""

import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from apps.workspaces.providers.base import (
    Observation,
    Problem,
    ProviderRefused,
    ProviderUnavailable,
    RunState,
    WorkspaceSpec,
)
from apps.workspaces.providers.local.homes import INSIDE
from apps.workspaces.providers.local.sandbox import BWRAP, DATA, STAGE
from apps.workspaces.providers.local.seccomp import UnknownArchitecture, filter_bytes

if TYPE_CHECKING:
    from apps.workspaces.providers.local.provider import LocalProvider

_PATIENCE = 20.0
_SMALLEST_CHECK = 63
_SWITCHES = (
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for /usr/bin/bwrap",
    ),
)


def problems(provider: "LocalProvider") -> tuple[Problem, ...]:
    """Everything that keeps `provider` from isolating a workspace on this host; empty if it can."""
    if not Path(BWRAP).exists():
        return (Problem("bubblewrap", "bubblewrap is not installed.", "apt-get install bubblewrap"),)
    try:
        filter_bytes()
        provider.image.mounts()
    except UnknownArchitecture as error:
        return (Problem("processor", f"No system-call filter for the processor {error}.", "Use x86-64 or arm64."),)
    except ProviderRefused as error:
        return (Problem("image", str(error), "make setup"),)
    if provider.rooted and provider.store.workspaces.is_relative_to(STAGE):
        return (Problem("place", f"The workspaces' directory is below {STAGE}.", "Choose another HDH_WORKSPACES_DIR."),)
    for inside in (DATA, INSIDE):
        if any(mount.target.is_relative_to(inside) for mount in provider.image.mounts()):
            cause = f"The workspace image, or its Python, is below {inside}, which means something else inside."
            return (Problem("place", cause, "Choose another HDH_WORKSPACE_IMAGE or another Python."),)
    return _try(provider.for_checking())


def _try(provider: "LocalProvider") -> tuple[Problem, ...]:
    workspace_id = uuid4()
    try:
        with _canaries(provider) as (canaries, data):
            spec = WorkspaceSpec(workspace_id, data)
            provider.provision(spec)
            provider.start(spec, canaries)
            seen = _wait(provider, workspace_id)
            return _judge(seen, provider.store.room(workspace_id).path / "log")
    except ProviderUnavailable as error:
        return (Problem("host", str(error), "Look at the disk and at the worker's log."),)
    finally:
        with contextlib.suppress(ProviderUnavailable):
            provider.destroy(workspace_id)


def _wait(provider: "LocalProvider", workspace_id: UUID) -> Observation:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        seen = provider.observe(workspace_id)
        if seen.state is RunState.BROKEN:
            return seen
        time.sleep(0.01)
    provider.stop(workspace_id)
    return provider.observe(workspace_id)


def _judge(seen: Observation, log: Path) -> tuple[Problem, ...]:
    test = seen.self_test
    if test is None:
        return (_refused(seen.reason, log),)
    if test.escapes:
        return tuple(
            Problem("isolation", f"The sandbox does not hold: {name}.", "Do not use this host.")
            for name in test.escapes
        )
    if test.attempts < _SMALLEST_CHECK:
        return (Problem("isolation", f"Only {test.attempts} attempts were made.", "Build the image again: make setup"),)
    return ()


def _refused(reason: str, log: Path) -> Problem:
    """The kernel or bubblewrap said no: name the switch that is off, if it is one we know."""
    for path, value, fix in _SWITCHES:
        with contextlib.suppress(OSError):
            if Path(path).read_text().strip() == value:
                return Problem("namespaces", "This kernel forbids user namespaces to ordinary users.", fix)
    said = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return Problem("sandbox", (said[-1] if said else reason)[:300], "See docs/local-isolation.md.")


@contextlib.contextmanager
def _canaries(provider: "LocalProvider") -> Iterator[tuple[dict[str, object], Path]]:
    """Things on the host that must stay out of reach: a TCP port, an abstract and a named socket, a file, a process."""
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hdh-check-")))
        data = place / "data"
        data.mkdir(mode=0o755)
        (data / "manifest.json").write_text("{}")
        (place / "file").write_text("canary")
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        name = f"hdh-check-{uuid4().hex}"
        for address in ("\0" + name, str(place / "socket")):
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()
        planted: dict[str, object] = {
            "loopback_port": tcp.getsockname()[1],
            "abstract_socket": name,
            "socket": str(place / "socket"),
            "socket_by_link": str(place / "socket"),
            "file": str(place / "file"),
            "file_by_link": str(place / "file"),
            "file_by_root_of_first": str(place / "file"),
            "process": {"pid": os.getpid(), "command": Path("/proc/self/cmdline").read_text()},
            "hostname": socket.gethostname(),
        }
        yield planted, data
