"""Debian's packages that the portal uses: installed when we may, otherwise named in one command to type."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

from hdh_portal.devstack.console import run_quietly, say, timed
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import SETUP_DIR
from hdh_portal.devstack.stamps import digest

RETRY_SECONDS = 3600
LOG = SETUP_DIR / "apt.log"
LIBRARIES = f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}"


@dataclass(frozen=True)
class Package:
    """A Debian package, what shows that it is there, and what does not work without it."""

    name: str
    shown_by: str
    without: str

    def is_there(self) -> bool:
        """Whether the program (or, for an absolute path, the file) is on this machine."""
        return (
            Path(self.shown_by).exists() if self.shown_by.startswith("/") else shutil.which(self.shown_by) is not None
        )


PACKAGES = (
    Package("bubblewrap", "bwrap", "`make run` refuses to start: workspaces have no sandbox"),
    Package("gettext", "xgettext", "`make check` cannot compare the translations"),
    Package("chromium", "chromium", "the browser tests skip"),
    Package("libpangoft2-1.0-0", f"{LIBRARIES}/libpangoft2-1.0.so.0", "the portal prints no PDF"),
    Package("libharfbuzz-subset0", f"{LIBRARIES}/libharfbuzz-subset.so.0", "the portal prints no PDF"),
    Package("openjdk-17-jre-headless", "java", "the tests of the Spark engine skip"),
    Package("fonts-dejavu-core", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "screenshots have no letters"),
)
VENV_PACKAGE = Package("python3-venv", f"{os.__file__[:-5]}ensurepip", "nothing can be installed")


def missing_packages() -> tuple[Package, ...]:
    """The packages of the portal that this machine lacks."""
    return tuple(package for package in PACKAGES if not package.is_there())


def ensure_packages() -> None:
    """Install what is missing when we may; otherwise say what to type, and go on without it."""
    missing = missing_packages()
    if not missing or _tried_lately(missing):
        return
    try:
        install(missing)
    except StackError as error:
        _remember_attempt(missing)
        say(str(error))


def install(packages: tuple[Package, ...]) -> None:
    """Install packages with apt. Raises StackError with the command to type when we may not, or when apt fails."""
    names = [package.name for package in packages]
    advice = command_to_type(packages)
    prefix = privileged_prefix()
    if prefix is None or shutil.which("apt-get") is None:
        raise StackError(advice)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = [*prefix, "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    with timed(f"Installing Debian's {', '.join(names)}"):
        run_quietly([*apt, "update"], log=LOG, failing=f"apt-get update failed. {advice}", environment=environment)
        run_quietly(
            [*apt, "install", "-y", "--no-install-recommends", *names],
            log=LOG,
            failing=f"apt-get install failed. {advice}",
            environment=environment,
        )


def command_to_type(packages: tuple[Package, ...]) -> str:
    """The sentence that names missing packages, what fails without each, and the command that brings them."""
    names = " ".join(package.name for package in packages)
    losses = "\n".join(f"  without {package.name}, {package.without};" for package in packages)
    return f"Debian packages are missing:\n{losses}\n  the command: sudo apt-get update && sudo apt-get install {names}"


def privileged_prefix() -> list[str] | None:
    """What to put before a command to run it as root without a question; None when that is not possible."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    allowed = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)  # noqa: S603
    return [sudo, "-n"] if allowed.returncode == 0 else None


def _attempt_file(packages: tuple[Package, ...]) -> Path:
    return SETUP_DIR / f"apt-{digest(*(package.name for package in packages))[:12]}"


def _remember_attempt(packages: tuple[Package, ...]) -> None:
    _attempt_file(packages).touch()


def _tried_lately(packages: tuple[Package, ...]) -> bool:
    attempt = _attempt_file(packages)
    return attempt.exists() and time.time() - attempt.stat().st_mtime < RETRY_SECONDS
