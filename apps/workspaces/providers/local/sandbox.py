"""The command line of one sandbox, and the plan that its supervisor carries out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.workspaces.providers.base import Limits
from apps.workspaces.providers.local import homes, supervisor
from apps.workspaces.providers.local.image import Mount, system_links

BWRAP = "/usr/bin/bwrap"
TOOLS = Path("/opt/hdh")
STAGE = Path("/mnt")
DATA = Path("/data")
_INSIDE_ID = "1000"
_ENVIRONMENT = {
    "HOME": str(homes.INSIDE),
    "USER": "researcher",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "TERM": "xterm-256color",
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
    "MPLBACKEND": "agg",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_OPEN_FILES = 8192
_NAMESPACES = ("user", "pid", "ipc", "uts", "net", "cgroup")


@dataclass(frozen=True)
class Sandbox:
    """Everything that makes one sandbox. `uid` is its host user in rooted mode, None when the portal's own user runs
    it."""

    mounts: tuple[Mount, ...]
    limits: Limits
    uid: int | None
    command: tuple[str, ...]
    search_path: tuple[Path, ...]

    def argv(self) -> list[str]:
        """The command line that anybody inside can read: bubblewrap's options, with the host's paths, are not on it."""
        return [BWRAP, "--args", str(supervisor.OPTIONS_FD), "--", *self.command]

    def options(self) -> list[str]:
        """bubblewrap's options. Order matters: later mounts cover earlier ones, and the root is closed last."""
        return [
            *(f"--unshare-{one}" for one in _NAMESPACES),
            *("--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
            *("--uid", _INSIDE_ID, "--gid", _INSIDE_ID, "--hostname", "workspace"),
            *("--seccomp", str(supervisor.FILTER_FD)),
            *("--proc", "/proc", "--dev", "/dev"),
            *self._temporary("/dev/shm"),  # noqa: S108
            *("--remount-ro", "/dev"),
            *self._temporary("/tmp"),  # noqa: S108
            *(word for target, link in system_links() for word in ("--symlink", target, link)),
            *self._parents(),
            *(word for index, mount in enumerate(self.mounts) for word in self._bind(index, mount)),
            *("--remount-ro", "/"),
            *(word for item in self._environment().items() for word in ("--setenv", *item)),
            *("--chdir", str(homes.INSIDE)),
        ]

    def plan(self, *, room: Path, socket: Path, groups: tuple[Path, ...], identity: str) -> dict[str, Any]:
        """What the supervisor reads."""
        return {
            "id": identity,
            "room": str(room),
            "socket": str(socket),
            "filter": str(room / "filter"),
            "options": str(room / "options"),
            "argv": self.argv(),
            "uid": self.uid,
            "stage": self._stage() if self.uid is not None else [],
            "groups": [str(path / "cgroup.procs") for path in groups],
            "rlimits": self._rlimits(counted_together=bool(groups)),
        }

    def _rlimits(self, *, counted_together: bool) -> dict[str, int]:
        """Limits of each process. The number of processes is limited inside (launcher), where only the sandbox's own
        count."""
        memory = {} if counted_together else {"RLIMIT_DATA": self.limits.memory}
        return {
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": _OPEN_FILES,
            "RLIMIT_FSIZE": self.limits.home,
            "RLIMIT_MEMLOCK": 0,
            **memory,
        }

    def _environment(self) -> dict[str, str]:
        return _ENVIRONMENT | {"PATH": ":".join([*map(str, self.search_path), "/usr/bin", "/bin"])}

    def _temporary(self, path: str) -> tuple[str, ...]:
        return ("--size", str(self.limits.temporary), "--perms", "1777", "--tmpfs", path)

    def _parents(self) -> list[str]:
        """Directories above each mount, made passable: those bubblewrap makes itself are closed to the inner user."""
        above = {parent for mount in self.mounts for parent in mount.target.parents}
        bare = above - {Path("/"), Path("/usr"), Path("/tmp"), Path("/dev")}  # noqa: S108
        return [word for path in sorted(bare) for word in ("--perms", "0755", "--dir", str(path))]

    def _bind(self, index: int, mount: Mount) -> tuple[str, str, str]:
        source = mount.source if self.uid is None else STAGE / str(index)
        return ("--ro-bind" if mount.read_only else "--bind", str(source), str(mount.target))

    def _stage(self) -> list[dict[str, Any]]:
        return [
            {
                "source": str(mount.source),
                "staged": str(STAGE / str(index)),
                "read_only": mount.read_only,
                "image": mount.image,
            }
            for index, mount in enumerate(self.mounts)
        ]
