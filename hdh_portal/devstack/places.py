"""Where things lie: the checkout, its data folder, and homes that an ordinary account can reach when we are root."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hdh_portal.devstack.errors import StackError

REPOSITORY = Path(__file__).resolve().parent.parent.parent
VENV = REPOSITORY / ".venv"
PYTHON = VENV / "bin" / "python"
SETUP_DIR = REPOSITORY / "var" / "setup"
# The workspaces' Python: one per checkout, whatever data folder a stack uses.
WORKSPACE_IMAGE = REPOSITORY / "var" / "image"
STATIC_DIR = REPOSITORY / "var" / "static"
# Linux refuses longer addresses for unix sockets (sockaddr_un, less the final zero).
LONGEST_SOCKET_PATH = 107
# Room for the longest name we put into a folder of sockets: a workspace's 32 hexadecimal digits and a suffix.
SOCKET_NAME_ROOM = 42


def var_directory() -> Path:
    """The data folder of the stack: `HDH_VAR`, or `var/` of the checkout."""
    return Path(os.environ.get("HDH_VAR") or REPOSITORY / "var").resolve()


@dataclass(frozen=True)
class Account:
    """An ordinary account of this machine that services drop to when the stack is started by root."""

    name: str
    uid: int
    gid: int


def service_account() -> Account | None:
    """The account that embedded services run as; None when we are ordinary already.

    PostgreSQL refuses to run as root. Raises StackError when root's machine has neither `postgres` nor `nobody`.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise StackError(
        "PostgreSQL does not run as root and this machine has no account `postgres` or `nobody` to run it."
    )


def become(account: Account | None) -> Callable[[], None]:
    """What a child does between fork and exec to be that account (nothing for None)."""

    def drop() -> None:
        if account is not None:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)

    return drop


def reachable(path: Path, account: Account | None) -> bool:
    """Whether the account may walk down to this existing folder (a checkout under a 0700 home cannot be reached)."""
    if account is None:
        return True
    return all(_may_enter(folder, account) for folder in [path, *path.parents])


def _may_enter(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def digest_of(var: Path) -> str:
    """A short name for a data folder, the same at every start."""
    return hashlib.sha256(str(var).encode()).hexdigest()[:12]


def service_home(var: Path, account: Account | None) -> Path:
    """Where the services' data go: the data folder, or one under /var/lib when their account cannot reach it."""
    return var if reachable(var, account) else Path("/var/lib/hdh-portal") / digest_of(var)


def socket_home(var: Path, account: Account | None) -> Path:
    """Where unix sockets go: `run/` of the data folder, or a shorter place where addresses would be too long."""
    inside = var / "run"
    if len(str(inside)) + SOCKET_NAME_ROOM <= LONGEST_SOCKET_PATH and reachable(var, account):
        return inside
    return _runtime_directory() / digest_of(var)


def _runtime_directory() -> Path:
    if os.geteuid() == 0:
        return make_directory(Path("/run/hdh-portal"), mode=0o755)
    session = os.environ.get("XDG_RUNTIME_DIR")
    if session and Path(session).is_dir() and Path(session).stat().st_uid == os.geteuid():
        return make_directory(Path(session) / "hdh-portal", mode=0o700)
    return make_directory(Path(f"/tmp/hdh-portal-{os.geteuid()}"), mode=0o700)  # noqa: S108  ownership is checked


def same_file(copy: Path, original: Path) -> bool:
    """Whether a copy, made with its original's time, is there and still current."""
    if not copy.exists():
        return False
    one, other = copy.stat(), original.stat()
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def make_directory(path: Path, *, mode: int, account: Account | None = None) -> Path:
    """Make a folder of ours with exactly this mode. Raises StackError when somebody else made it before us."""
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    owner = account.uid if account else os.geteuid()
    if path.is_symlink() or path.stat().st_uid not in {owner, os.geteuid()}:
        raise StackError(f"{path} belongs to somebody else. Remove it, or choose another data folder with HDH_VAR.")
    path.chmod(mode)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    return path
