"""Where an extract is made: a hidden folder beside the delivery, one result a unit, gone when the delivery stands.

A result is written under a temporary name, renamed, and only then declared by a small JSON beside it. The folder's name
holds the binding (definition, key, source release, versions), so that work done for anything else is never taken up.
Two workers doing the same unit at once write the same bytes: whoever renames last changes nothing.
"""

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .places import Place
from .problems import DeliveryError
from .units import Unit, UnitKind

TABLES = "delivery"
PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Result:
    """What a unit left: the rows and bytes of its file (0 when it has none) and facts for the manifest."""

    rows: int
    bytes: int
    facts: Mapping[str, Any]


def home_of(out: Place, work: Path | None) -> Path:
    """Where the work on a delivery is done: in ``work``, or else beside it.

    Raises ``DeliveryError`` for a delivery to an object store without a work folder: nothing can be renamed there.
    """
    if work is not None:
        return work
    if isinstance(out, Path):
        return out.parent
    raise DeliveryError(f"{out}: a delivery to an object store is made in a work folder: none was given")


@dataclass(frozen=True, slots=True)
class Workshop:
    """The work folder of one delivery for one binding."""

    out: Place
    binding: str
    home: Path
    """The folder beside or inside which the work is done (``home_of``)."""

    @property
    def root(self) -> Path:
        """The folder that holds everything, whatever the binding."""
        if isinstance(self.out, Path):
            return self.home / f".{self.out.name}.work"
        return self.home / f".{self.out.name}-{hashlib.sha256(str(self.out).encode()).hexdigest()[:12]}.work"

    @property
    def folder(self) -> Path:
        """The folder of this binding."""
        return self.root / self.binding[:32]

    @property
    def delivery(self) -> Path:
        """The future delivery."""
        return self.folder / TABLES

    @property
    def temporary(self) -> Path:
        """Where unfinished files stand and where the engine may spill."""
        return self.folder / "unfinished"

    def prepare(self) -> None:
        """Make the folders; only this account can read them, for they hold source identifiers."""
        self.root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        self.temporary.mkdir(parents=True, exist_ok=True)

    def file(self, unit: Unit) -> Path:
        """The Parquet file of a unit."""
        if unit.kind is UnitKind.TABLE:
            return self.delivery / unit.table / f"{unit.partition}.parquet"
        return self.folder / f"{unit.name}.parquet"

    def result(self, unit: Unit) -> Result | None:
        """What a finished unit left; ``None`` when it is still to be done."""
        try:
            declared = json.loads(self._declaration(unit).read_bytes())
            result = Result(declared["rows"], declared["bytes"], declared["facts"])
            stands = not result.bytes or self.file(unit).stat().st_size == result.bytes
        except (OSError, ValueError, KeyError):
            return None
        return result if stands else None

    @contextmanager
    def unfinished(self) -> Iterator[Path]:
        """A temporary name, removed if it is left behind."""
        path = self.temporary / secrets.token_hex(16)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def keep(self, unit: Unit, path: Path | None, rows: int, facts: Mapping[str, Any]) -> Result:
        """Put a finished file in its place (if the unit makes one), then declare the unit done."""
        size = 0
        if path is not None:
            size = path.stat().st_size
            self.file(unit).parent.mkdir(parents=True, exist_ok=True)
            path.replace(self.file(unit))
        declared = json.dumps({"rows": rows, "bytes": size, "facts": dict(facts)}, sort_keys=True)
        with self.unfinished() as draft:
            draft.write_text(declared)
            self._declaration(unit).parent.mkdir(parents=True, exist_ok=True)
            draft.replace(self._declaration(unit))
        return Result(rows, size, facts)

    def discard(self) -> None:
        """Remove the work of this delivery, whatever its binding."""
        shutil.rmtree(self.root, ignore_errors=True)

    def take_back(self, delivery: Path) -> None:
        """Remove a delivery that stands in a folder: at once it is none any more, whatever happens next."""
        self.root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        delivery.replace(self.root / secrets.token_hex(16))
        self.discard()

    def _declaration(self, unit: Unit) -> Path:
        return self.folder / "done" / f"{unit.name}.json"
