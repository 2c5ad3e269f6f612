"""What of this host must be shown, read-only, for the workspace image (a virtual environment) to run."""

from dataclasses import dataclass
from pathlib import Path

from apps.workspaces.providers.base import ProviderRefused

_SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime")


@dataclass(frozen=True)
class Mount:
    """One host path shown inside the sandbox at `target`; `image` marks a disk image to be mounted through a loop
    device."""

    source: Path
    target: Path
    read_only: bool = True
    image: bool = False


@dataclass(frozen=True)
class Image:
    """A virtual environment with JupyterLab, and where its interpreter really lives."""

    venv: Path

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    def mounts(self) -> tuple[Mount, ...]:
        """The environment and its base interpreter at their own paths (both contain absolute links). Raises
        ProviderRefused."""
        if not self.python.exists():
            raise ProviderRefused(f"There is no workspace image at {self.venv}: run `make setup` to build it.")
        places = {self.venv, self._named_base(), self._real_base()}
        return tuple(Mount(path, path) for path in sorted(places) if not path.is_relative_to("/usr"))

    def _named_base(self) -> Path:
        for line in (self.venv / "pyvenv.cfg").read_text().splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "home":
                return Path(value.strip()).parent
        raise ProviderRefused(f"{self.venv} is not a virtual environment: run `make setup` to build it again.")

    def _real_base(self) -> Path:
        return self.python.resolve().parent.parent


def system_mounts() -> tuple[Mount, ...]:
    """The operating system: `/usr` and, on hosts where they are not links into it, the old top directories."""
    tops = [Path("/", name) for name in _SYSTEM_LINKS]
    real = [top for top in tops if top.is_dir() and not top.is_symlink()]
    files = [Path(name) for name in _SYSTEM_FILES if Path(name).exists()]
    return tuple(Mount(path, path) for path in [Path("/usr"), *real, *files])


def system_links() -> tuple[tuple[str, str], ...]:
    """Top directories that are links into `/usr`, as (target, link)."""
    tops = [Path("/", name) for name in _SYSTEM_LINKS]
    return tuple((str(top.readlink()), str(top)) for top in tops if top.is_symlink())
