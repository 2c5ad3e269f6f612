"""`make lock`: renew the locked, hashed requirements from what pyproject.toml and the workspace image ask for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from hdh_portal.devstack.console import say, timed
from hdh_portal.devstack.environments import Environment
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import REPOSITORY, SETUP_DIR

TOOL = Environment(SETUP_DIR / "lock-tool", REPOSITORY / "requirements" / "lock.txt")
EXPORT = ("export", "--frozen", "--no-emit-project", "--no-annotate", "--quiet")
COMPILED = ("docker/workspace/requirements", "requirements/spark")
COMPILE = ("pip", "compile", "--generate-hashes", "--no-annotate", "--python-version", "3.11", "--quiet")


def lock(*, upgrade: bool) -> None:
    """Resolve anew (to the newest versions allowed with `upgrade`). Raises StackError with the resolver's words."""
    TOOL.ensure()
    newest = ("--upgrade",) if upgrade else ()
    with timed("Locking the requirements"):
        _uv("lock", "--quiet", *newest)
        _uv(*EXPORT, "--no-dev", "-o", "requirements/base.txt")
        _uv(*EXPORT, "--group", "dev", "-o", "requirements/dev.txt")
        for name in COMPILED:
            _uv(*COMPILE, *newest, f"{name}.in", "-o", f"{name}.txt")
    say("Read the differences (`git diff --stat`), run `make test`, then commit.")


def _uv(*words: str) -> None:
    # What a machine adds of its own (indexes, folders of wheels) must not enter the locks.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    program: Path = TOOL.path / "bin" / "uv"
    done = subprocess.run(  # noqa: S603
        [program, "--no-config", *words],
        cwd=REPOSITORY,
        env={**kept, "UV_CUSTOM_COMPILE_COMMAND": "make lock"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"`uv {words[0]}` failed: {done.stderr.strip()}")
