"""What tests of runs do again and again."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from apps.extracts.engine.run import (
    ExtractRun,
    run_unit,
)
from apps.extracts.engine.units import Unit

Open = Callable[..., ExtractRun]


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def do(run: ExtractRun, units: Sequence[Unit]) -> None:
    """Do some units with one engine."""
    run.workshop.prepare()
    with run.backend() as engine:
        for unit in units:
            run_unit(unit, run, engine)
