"""Python environments installed from locked, hashed requirements, and rebuilt when an installation was cut short."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

from hdh_portal.devstack import debian
from hdh_portal.devstack.console import run_quietly, timed
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import REPOSITORY, SETUP_DIR, VENV, WORKSPACE_IMAGE
from hdh_portal.devstack.stamps import Stamp, digest

# Belong to every environment without being locked.
KEPT = {"pip", "setuptools"}


@dataclass(frozen=True)
class Environment:
    """A virtual environment and the locked requirements it must hold, exactly."""

    path: Path
    requirements: Path
    built_here: bool = False
    """Whether packages may come as sources: Spark's Python half comes in no other form."""

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    def is_current(self) -> bool:
        """Whether everything required, and nothing since changed, was installed to the end."""
        return self.python.exists() and self._stamp().holds(self._value())

    def ensure(self) -> None:
        """Install or update the environment when it is not current. Raises StackError with pip's last words."""
        if self.is_current():
            return
        count = sum(1 for line in self.requirements.read_text().splitlines() if "==" in line)
        with timed(f"Installing {count} Python packages into {os.path.relpath(self.path)}"):
            if not self._can_be_updated():
                self._create()
            self._begun().touch()
            self._install()
            self._remove_strangers()
            self._stamp().write(self._value())
            self._begun().unlink()

    def _can_be_updated(self) -> bool:
        was_here = self._place().holds(str(self.path))
        return was_here and self.python.exists() and not self._begun().exists()

    def _create(self) -> None:
        require_venv()
        shutil.rmtree(self.path, ignore_errors=True)
        run_quietly(
            [base_python(), "-m", "venv", self.path],
            log=self._log(),
            failing=f"Python could not make the virtual environment {self.path}.",
        )
        self._place().write(str(self.path))

    def _install(self) -> None:
        command: list[str | Path] = [
            self.python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ]
        exact: list[str | Path] = [
            "--require-hashes",
            "--no-deps",
            *([] if self.built_here else ["--only-binary=:all:"]),
            "--requirement",
            self.requirements,
        ]
        run_quietly(
            [*command, *exact],
            log=self._log(),
            failing=f"pip could not install {self.requirements.relative_to(REPOSITORY)}.",
        )

    def _remove_strangers(self) -> None:
        locked = {_normal(line.split("==")[0]) for line in self.requirements.read_text().splitlines() if "==" in line}
        site = next((self.path / "lib").glob("python3.*/site-packages"))
        installed = {_normal(folder.name.split("-")[0]) for folder in site.glob("*.dist-info")}
        strangers = sorted(installed - locked - KEPT)
        if strangers:
            run_quietly(
                [self.python, "-m", "pip", "uninstall", "--quiet", "--yes", *strangers],
                log=self._log(),
                failing=f"pip could not remove {', '.join(strangers)}.",
            )

    def _value(self) -> str:
        return digest(str(self.path), self.requirements)

    def _place(self) -> Stamp:
        """Where the environment was made: it cannot be moved."""
        return Stamp(self.path / "hdh-place")

    def _stamp(self) -> Stamp:
        return Stamp(self.path / "hdh-installed")

    def _begun(self) -> Path:
        return self.path / "hdh-installing"

    def _log(self) -> Path:
        return SETUP_DIR / f"pip-{self.path.name.lstrip('.')}.log"


PORTAL = Environment(VENV, REPOSITORY / "requirements" / "dev.txt")
SPARK = Environment(REPOSITORY / "var" / "spark", REPOSITORY / "requirements" / "spark.txt", built_here=True)
WORKSPACES = Environment(WORKSPACE_IMAGE, REPOSITORY / "docker" / "workspace" / "requirements.txt")


def base_python() -> str:
    """The interpreter behind this one when we run inside a virtual environment."""
    return str(getattr(sys, "_base_executable", "") or sys.executable)


def require_venv() -> None:
    """Make sure that Python can make virtual environments. Raises StackError with what to type otherwise."""
    if find_spec("ensurepip") is not None:
        return
    debian.install((debian.VENV_PACKAGE,))
    invalidate_caches()
    if find_spec("ensurepip") is None:
        raise StackError(f"{base_python()} cannot make virtual environments: it has no `ensurepip`.")


def _normal(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")
