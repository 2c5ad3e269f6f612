"""Where the local provider keeps what it knows: one directory per workspace, and nothing else to ask.

WORKSPACES_DIR/<workspace hex>/   home/ or home.ext4, etc/, plan.json, filter, options, lock, supervisor.json,
self_test.json, log WORKSPACES_DIR/uids/<uid>         which workspace has this host user (rooted mode)
SOCKETS_DIR/<workspace hex>.sock  the door, opened outside of every sandbox
"""

import contextlib
import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from apps.workspaces.providers.base import ProviderRefused
from apps.workspaces.providers.local.supervisor import start_time

FIRST_UID = 1_900_000_000
UIDS = 100_000
"""Host users for workspaces: above what systemd and subordinate-id ranges use, below the signed 32-bit limit."""


@dataclass(frozen=True)
class Room:
    """The directory of one workspace on the host's side."""

    path: Path
    socket: Path

    def read(self, name: str) -> dict[str, Any] | None:
        """Content of one of the supervisor's small files, or None."""
        try:
            content = json.loads((self.path / name).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def supervisor(self) -> int | None:
        """The supervisor's process number if that very process still lives."""
        known = self.read("supervisor.json")
        if known is None:
            return None
        try:
            return int(known["pid"]) if start_time(known["pid"]) == known["start"] else None
        except (OSError, KeyError):
            return None

    def is_locked(self) -> bool:
        """Whether a supervisor is alive: the kernel's answer, valid however it ended."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


@dataclass(frozen=True)
class Store:
    """All rooms of one installation."""

    workspaces: Path
    sockets: Path

    def room(self, workspace_id: UUID) -> Room:
        return Room(self.workspaces / workspace_id.hex, self.sockets / f"{workspace_id.hex}.sock")

    def ids(self) -> tuple[UUID, ...]:
        found = []
        for path in sorted(self.workspaces.glob("*/")):
            with contextlib.suppress(ValueError):
                found.append(UUID(hex=path.name))
        return tuple(found)

    def prepare(self) -> None:
        """Make the two directories, closed to everyone else."""
        for path in (self.workspaces, self.workspaces / "uids", self.sockets):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def uid_of(self, workspace_id: UUID) -> int:
        """The host user of this workspace, chosen once and recorded; two workspaces never share one. Raises
        ProviderRefused."""
        record = self.room(workspace_id).path / "uid"
        with contextlib.suppress(FileNotFoundError):
            return int(record.read_text())
        record.parent.mkdir(mode=0o700, exist_ok=True)
        first = int.from_bytes(hashlib.sha256(workspace_id.bytes).digest()[:4], "big")
        for offset in range(UIDS):
            uid = FIRST_UID + (first + offset) % UIDS
            if self._claim(uid, workspace_id):
                temporary = record.with_suffix(".new")
                temporary.write_text(str(uid))
                temporary.rename(record)
                return uid
        raise ProviderRefused("Every host user set aside for workspaces is taken.")

    def release_uid(self, workspace_id: UUID) -> None:
        with contextlib.suppress(FileNotFoundError):
            uid = int((self.room(workspace_id).path / "uid").read_text())
            (self.workspaces / "uids" / str(uid)).unlink(missing_ok=True)

    def _claim(self, uid: int, workspace_id: UUID) -> bool:
        mine = self.workspaces / "uids" / f".{workspace_id.hex}"
        claimed = self.workspaces / "uids" / str(uid)
        mine.write_text(workspace_id.hex)
        try:
            os.link(mine, claimed)
        except FileExistsError:
            return claimed.read_text() == workspace_id.hex
        finally:
            mine.unlink(missing_ok=True)
        return True
