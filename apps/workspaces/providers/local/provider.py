"""Workspaces on this very host, each in a bubblewrap sandbox with no network.

The host's kernel is shared: this provider is for development, demonstration and pilots on synthetic data, and says so.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID, uuid4

from apps.workspaces.providers.base import (
    Observation,
    Problem,
    ProviderRefused,
    ProviderUnavailable,
    RunState,
    SelfTest,
    Usage,
    WorkspaceSpec,
)
from apps.workspaces.providers.local import checks, homes, supervisor
from apps.workspaces.providers.local.cgroups import group_create, group_remove, group_usage
from apps.workspaces.providers.local.homes import Home
from apps.workspaces.providers.local.image import Image, Mount, system_mounts
from apps.workspaces.providers.local.sandbox import DATA, TOOLS, Sandbox
from apps.workspaces.providers.local.seccomp import filter_bytes
from apps.workspaces.providers.local.store import Room, Store
from apps.workspaces.providers.sandboxed import Sandboxed

_NO_HOME = "The workspace has no home: it must be provisioned first."
_ARRIVED = "extract"
_PROGRAMS = ("launcher.py", "isolation.py", "forbidden_calls.py", "settings/overrides.json")
_ETC = {
    "passwd": f"researcher:x:1000:1000:researcher:{homes.INSIDE}:/bin/bash\n",
    "group": "researcher:x:1000:\n",
    "hosts": "127.0.0.1 localhost workspace\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "hostname": "workspace\n",
}


class LocalProvider(Sandboxed):
    """Provider `local`. `tools` holds the launcher and the self-test; `starter` what a new home contains."""

    name = "local"

    def __init__(self, *, workspaces: Path, sockets: Path, image: Path, tools: Path) -> None:
        self.store = Store(workspaces, sockets)
        self.image = Image(image)
        self.tools = tools

    @property
    def rooted(self) -> bool:
        """Whether each workspace can have its own host user."""
        return os.geteuid() == 0

    def check(self) -> tuple[Problem, ...]:
        """Start a real sandbox and try to get out of it; see `checks`."""
        return checks.problems(self)

    def for_checking(self) -> "LocalProvider":
        """The same provider, whose workspaces are nobody's: they live for one check only."""
        return LocalProvider(
            workspaces=self.store.workspaces / "check",
            sockets=self.store.sockets / "check",
            image=self.image.venv,
            tools=self.tools,
        )

    def provision(self, spec: WorkspaceSpec) -> Mapping[str, str]:
        """Make room and home. Returns {"home": …, "user": …}. Raises ProviderUnavailable, ProviderRefused."""
        self.store.prepare()
        room = self.store.room(spec.id)
        try:
            room.path.mkdir(mode=0o700, exist_ok=True)
            home = self._home(spec.id)
            home.create(spec.limits)
            self._write_etc(room)
        except OSError as error:
            raise ProviderUnavailable(f"the workspace's directory: {error.strerror}") from error
        return {"home": f"{spec.id.hex}/home", "user": str(self._uid(spec.id) or os.geteuid())}

    def bring(self, spec: WorkspaceSpec) -> bool:
        """Copy an extract that stands in an object store into the room, some megabytes at a time, each file once its
        checksum is that of the manifest. Raises ProviderUnavailable, ProviderRefused."""
        if spec.data is None or isinstance(spec.data, Path):
            return True
        # The client of object stores stays out of processes that only enqueue.
        from apps.workspaces.providers.local.arriving import arrive

        room = self.store.room(spec.id).path
        if not room.exists():
            raise ProviderRefused(_NO_HOME)
        return arrive(spec.data, room / _ARRIVED, spec.manifest)

    def start(self, spec: WorkspaceSpec, canaries: Mapping[str, object] | None = None) -> str:
        """Leave a plan and start its supervisor, unless one lives. Raises ProviderUnavailable, ProviderRefused."""
        room = self.store.room(spec.id)
        if not room.path.exists():
            raise ProviderRefused(_NO_HOME)
        if room.is_locked():
            return self._external_id(room)
        self._refuse_unreadable(spec)
        (room.path / "ended.json").unlink(missing_ok=True)
        (room.path / "filter").write_bytes(filter_bytes())
        group = group_create(spec.id.hex, spec.limits)
        made = self.sandbox(spec, canaries)
        (room.path / "options").write_bytes(b"".join(word.encode() + b"\0" for word in made.options()))
        plan = made.plan(room=room.path, socket=room.socket, groups=group.paths, identity=uuid4().hex)
        plan["facts"] = {**group.facts, "home": self._home(spec.id).kind, "host_user": self._mode()}
        path = room.path / "plan.json"
        path.write_text(json.dumps(plan))
        self._launch(path)
        return str(plan["id"])

    def stop(self, workspace_id: UUID) -> None:
        """Ask the supervisor to end its sandbox. A sandbox cannot outlive its supervisor."""
        pid = self.store.room(workspace_id).supervisor()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def destroy(self, workspace_id: UUID) -> None:
        """Remove home and room. Raises ProviderUnavailable while the sandbox still runs (it is asked to stop)."""
        room = self.store.room(workspace_id)
        if room.is_locked():
            self.stop(workspace_id)
            raise ProviderUnavailable("the sandbox is stopping")
        if not room.path.exists():
            return
        group_remove(self._groups(room))
        room.socket.unlink(missing_ok=True)
        self.store.release_uid(workspace_id)
        shutil.rmtree(room.path)

    def observe(self, workspace_id: UUID) -> Observation:
        """Read the room: who holds its lock, what the self-test said, how the last run ended."""
        room = self.store.room(workspace_id)
        if not room.path.exists():
            return Observation(RunState.ABSENT)
        plan = room.read("plan.json") or {}
        facts = plan.get("facts", {})
        test = _self_test(room)
        if room.is_locked():
            state = RunState.RUNNING if test is not None else RunState.STARTING
            return Observation(state, test, facts)
        ended = (room.read("ended.json") or {}).get("reason", "")
        state = RunState.STOPPED if ended in {"", "stopped"} else RunState.BROKEN
        return Observation(state, test, facts, ended)

    def endpoint(self, workspace_id: UUID) -> Path:
        return self.store.room(workspace_id).socket

    def usage(self, workspace_id: UUID) -> Usage:
        room = self.store.room(workspace_id)
        memory, processes = group_usage(self._groups(room))
        return Usage(memory, processes, self._home(workspace_id).size() if room.path.exists() else 0)

    def list_all(self) -> tuple[UUID, ...]:
        return self.store.ids()

    def sandbox(self, spec: WorkspaceSpec, canaries: Mapping[str, object] | None = None) -> Sandbox:
        """The sandbox of one workspace. With canaries, it only tries to reach them and ends. Raises ProviderRefused."""
        options = ["--listen-fd", str(supervisor.LISTEN_FD), "--report-fd", str(supervisor.REPORT_FD)]
        options += ["--processes", str(spec.limits.processes)]
        options += ["--canaries", json.dumps(canaries)] if canaries is not None else []
        return Sandbox(
            mounts=self._mounts(spec),
            limits=spec.limits,
            uid=self._uid(spec.id),
            command=(str(self.image.python), "-I", str(TOOLS / "launcher.py"), *options),
            search_path=(self.image.venv / "bin",),
        )

    def _mounts(self, spec: WorkspaceSpec) -> tuple[Mount, ...]:
        room = self.store.room(spec.id).path
        data = self._data(spec) or room / "nothing"
        return (
            *system_mounts(),
            *self.image.mounts(),
            *(Mount(room / "etc" / name, Path("/etc") / name) for name in _ETC),
            *(Mount(self.tools / name, TOOLS / name) for name in _PROGRAMS),
            Mount(data, DATA),
            self._home(spec.id).mount(),
        )

    def _data(self, spec: WorkspaceSpec) -> Path | None:
        """The folder of the extract on this host: where it was delivered, or the copy in the room."""
        if spec.data is None or isinstance(spec.data, Path):
            return spec.data
        return self.store.room(spec.id).path / _ARRIVED / spec.data.name

    def _write_etc(self, room: Room) -> None:
        for directory in ("etc", "nothing"):
            (room.path / directory).mkdir(mode=0o755, exist_ok=True)
            (room.path / directory).chmod(0o755)
        for name, content in _ETC.items():
            (room.path / "etc" / name).write_text(content)
            (room.path / "etc" / name).chmod(0o644)

    def _home(self, workspace_id: UUID) -> Home:
        return Home(self.store.room(workspace_id).path, self._uid(workspace_id), self.tools / "home")

    def _uid(self, workspace_id: UUID) -> int | None:
        return self.store.uid_of(workspace_id) if self.rooted else None

    def _refuse_unreadable(self, spec: WorkspaceSpec) -> None:
        """A workspace's own host user reads the delivery as "others"; directories above it keep everyone else out."""
        data = self._data(spec)
        if data is None:
            return
        try:
            readable = all(path.stat().st_mode & 0o004 for path in (data, *data.iterdir()))
        except OSError as error:
            raise ProviderRefused(f"The delivery cannot be read: {error.strerror}.") from error
        if self.rooted and not readable:
            raise ProviderRefused("The delivery is closed to the workspace's user: deliver with umask 022.")

    def _mode(self) -> str:
        return "own host user" if self.rooted else "the portal's user, in a user namespace"

    def _external_id(self, room: Room) -> str:
        return str((room.read("supervisor.json") or {}).get("plan", ""))

    def _groups(self, room: Room) -> tuple[Path, ...]:
        plan = room.read("plan.json") or {}
        return tuple(Path(path).parent for path in plan.get("groups", ()))

    def _launch(self, plan: Path) -> None:
        """Returns as soon as the supervisor has detached itself; nothing of this process's environment goes along."""
        command = [sys.executable, "-I", "-S", supervisor.__file__, str(plan)]
        try:
            subprocess.run(command, check=True, env={}, capture_output=True, timeout=20, cwd="/")  # noqa: S603
        except (subprocess.SubprocessError, OSError) as error:
            raise ProviderUnavailable("the sandbox's supervisor did not start") from error


def _self_test(room: Room) -> SelfTest | None:
    report = room.read("self_test.json")
    return SelfTest(int(report["attempts"]), tuple(report["escapes"])) if report else None
