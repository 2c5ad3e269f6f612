"""`make check`: everything that can be judged without running the tests."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hdh_portal.devstack.console import say
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import PYTHON, REPOSITORY, VENV
from hdh_portal.devstack.translations import translation_problems

SETTINGS = "hdh_portal.settings.test"
AT_ONCE = 2


@dataclass(frozen=True)
class Check:
    """A judgement by another program: its name, its command line, and what repairs a failure."""

    name: str
    command: tuple[str, ...]
    cure: str


def _tool(name: str, *words: str) -> tuple[str, ...]:
    return (str(VENV / "bin" / name), *words)


def _manage(*words: str) -> tuple[str, ...]:
    return (str(PYTHON), "manage.py", *words)


CHECKS = (
    Check("types", _tool("mypy", "apps", "hdh_portal", "tests/support", "tests/factories"), "see the messages"),
    Check("formatting", _tool("ruff", "format", "--check", "--output-format=concise", "."), "make fix"),
    Check("lint", _tool("ruff", "check", "--quiet", "--output-format=concise", "."), "make fix, then see the messages"),
    Check("layers", _tool("lint-imports"), "see pyproject.toml, [tool.importlinter]"),
    Check("templates", _tool("djlint", "templates", "--lint", "--quiet"), "see the messages"),
    Check("migrations", _manage("makemigrations", "--check", "--dry-run"), "manage.py makemigrations"),
    Check("documents", _manage("generate_docs", "--check"), "manage.py generate_docs"),
)


def check() -> None:
    """Make every check. Raises StackError that names those which failed, after their messages."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(_made, CHECKS))
    failed = [check.name for check, passed in zip(CHECKS, done, strict=True) if not passed]
    if problems := translation_problems():
        say("translations: failed\n" + "\n".join(f"    {problem}" for problem in problems))
        failed.append("translations")
    else:
        say("translations: ok")
    if failed:
        raise StackError(f"Failed: {', '.join(failed)}.")


def _made(check: Check) -> bool:
    begun = time.monotonic()
    done = run_tool(check.command)
    seconds = time.monotonic() - begun
    if done.returncode == 0:
        say(f"{check.name}: ok ({seconds:.0f} s)")
        return True
    say(f"{check.name}: failed ({check.cure})\n{done.stdout}{done.stderr}".rstrip())
    return False


def run_tool(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program in the repository with the settings of the tests; its output is captured."""
    return subprocess.run(  # noqa: S603  our own tools
        command,
        cwd=REPOSITORY,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": SETTINGS},
        capture_output=True,
        text=True,
        check=False,
    )
