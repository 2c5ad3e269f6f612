"""What the person at the terminal reads: one short line for each piece of work, details in a log."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from hdh_portal.devstack.errors import StackError

LAST_LINES = 12


def say(text: str) -> None:
    """Print a line at once. A terminal that went away is no reason to stop half-way."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Announce a piece of work, and say how long it took once it is done."""
    say(f"{what}…")
    begun = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - begun:.0f} s.")


def run_quietly(
    command: Sequence[str | Path],
    *,
    log: Path,
    failing: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Run a command with its output in a log. Raises StackError, with `failing` and the log's end, when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        begin = output.tell()
        done = subprocess.run(  # noqa: S603  commands are our own
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            check=False,
        )
    if done.returncode:
        raise StackError(f"{failing}\n{last_lines(log, begin)}\n(the whole log: {log})")


def last_lines(log: Path, begin: int = 0) -> str:
    """The end of what was written to a log since a position, indented."""
    with log.open("rb") as content:
        content.seek(begin)
        lines = content.read().decode(errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-LAST_LINES:])
