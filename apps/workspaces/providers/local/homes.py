"""The home of a workspace: what its people keep between two starts.

As root, it is a disk image of fixed size (a hard quota, mounted by the supervisor in its own mount namespace);
otherwise a plain directory, whose size is measured and shown but not enforced. `kind` says which, and the operator
sees it.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from apps.workspaces.providers.base import Limits, ProviderUnavailable
from apps.workspaces.providers.local.image import Mount

INSIDE = Path("/home/researcher")
_MKFS = Path("/usr/sbin/mkfs.ext4")
_LOOP = Path("/dev/loop-control")


@dataclass(frozen=True)
class Home:
    """Home of one workspace, kept in its room."""

    room: Path
    owner: int | None
    starter: Path

    @property
    def has_quota(self) -> bool:
        return self._image.exists() or (self.owner is not None and _MKFS.exists() and _LOOP.exists())

    @property
    def kind(self) -> str:
        return "quota" if self.has_quota else "measured, no quota"

    @property
    def _image(self) -> Path:
        return self.room / "home.ext4"

    @property
    def _directory(self) -> Path:
        return self.room / "home"

    def create(self, limits: Limits) -> None:
        """Make the home once, with the starter notebook; a half-made one is made again. Raises ProviderUnavailable."""
        if self._image.exists() or self._directory.exists():
            return
        fresh = self.room / "home.tree"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(self.starter, fresh)
        self._give(fresh)
        if self.has_quota:
            self._make_image(fresh, limits.home)
            shutil.rmtree(fresh)
        else:
            fresh.rename(self._directory)

    def mount(self) -> Mount:
        if self._image.exists():
            return Mount(self._image, INSIDE, read_only=False, image=True)
        return Mount(self._directory, INSIDE, read_only=False)

    def size(self) -> int:
        """Bytes on the host's disk."""
        paths = [self._image] if self._image.exists() else list(self._directory.rglob("*"))
        return sum(path.lstat().st_blocks * 512 for path in paths if not path.is_symlink())

    def _give(self, fresh: Path) -> None:
        for path in [fresh, *fresh.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
            if self.owner is not None:
                os.chown(path, self.owner, self.owner)

    def _make_image(self, content: Path, size: int) -> None:
        temporary = self._image.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        with temporary.open("wb") as file:
            file.truncate(size)
        owner = f"root_owner={self.owner}:{self.owner},lazy_itable_init=1"
        command = [str(_MKFS), "-q", "-F", "-m", "0", "-E", owner, "-d", str(content), str(temporary)]
        made = subprocess.run(command, capture_output=True, check=False, env={})  # noqa: S603
        if made.returncode != 0:
            raise ProviderUnavailable(f"mkfs.ext4 answered {made.returncode}")
        temporary.rename(self._image)
