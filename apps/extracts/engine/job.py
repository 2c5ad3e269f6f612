"""What a unit works with, and how the relations of an expression are bound to files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .backends import Backend
from .catalogue import CATALOGUE, Partitioning
from .definition import Definition
from .plan.deliveries import shared
from .plan.events import reduced
from .plan.relations import SHAPES, Query, Shape, compiled
from .problems import SourceError
from .pseudonyms import ProjectKey
from .signature import Signer
from .source import Source, SourceFile
from .units import Unit, UnitKind, partition_read, reads
from .workshop import Result, Workshop

KEPT: Mapping[UnitKind, frozenset[str]] = {
    UnitKind.EVENTS: frozenset({"identities"}),
    UnitKind.MATCHED: frozenset({"reduced"}),
    UnitKind.TABLE: frozenset({"members", "lines", "care", "stays"}),
}
"""What an engine keeps from one unit of a kind to the next; it lets go of all else when units of another kind begin."""
HELD_ROWS = 1_000_000
"""Up to how many rows of it an engine keeps, a few dozen MB, rather than read them again for each partition."""


@dataclass(frozen=True)
class Job:
    """All that a step may use."""

    unit: Unit
    definition: Definition
    source: Source
    key: ProjectKey
    engine: Backend
    workshop: Workshop
    units: tuple[Unit, ...]
    binding: Mapping[str, Any]
    signer: Signer

    @cached_property
    def files(self) -> Mapping[SourceFile, object]:
        """The source files that the unit reads, and when each was last changed when it was checked."""
        found: dict[SourceFile, object] = {}
        for name, partition in reads(self.unit, self.definition):
            checked = self.workshop.result(Unit(UnitKind.SOURCE, name, partition))
            seen = checked.facts if checked else {}
            found |= {file: seen.get(file.name) for file in self.source.files_of(CATALOGUE.tables[name], partition)}
        return found

    def sql(self, query: Query) -> str:
        """The SQL of a query, its relations bound to what this unit reads."""
        with self.source_watched():
            for name, shape in query.relations.items():
                self._bind(name, shape)
        return query.sql(self.engine.dialect)

    def _bind(self, name: str, shape: Shape) -> None:
        if (table := CATALOGUE.table(name)) is not None:
            files = self.source.files_of(table, partition_read(table, self.unit))
            hive = {"FLX_DIS_DTD": "date"} if table.partitioning is Partitioning.FLUX_MONTH else {}
            self.engine.bind(name, shape, [self.source.path(file) for file in files], hive)
        elif name == "partition":
            self.engine.bind_row(name, {"year": int(self.unit.partition)})
        elif (query := self._shared(name)) is not None:
            self._share(name, query)
        else:
            makers = self._makers(name)
            made = [self.workshop.file(unit) for unit in makers]
            kept = name in KEPT.get(self.unit.kind, ())
            self.engine.bind(name, SHAPES[name], made, {}, held=kept and self._is_small(makers))

    def _shared(self, name: str) -> Query | None:
        """The query of what several queries join, computed once for all of them; ``None`` for another relation."""
        if name == "reduced":
            return compiled(reduced, self.definition.filters, *self.unit.bucket)
        return shared(name, self.definition, of_most=self._is_of_most())

    def _is_small(self, makers: Sequence[Unit]) -> bool:
        return self._rows_of(makers) <= HELD_ROWS

    def _rows_of(self, made: Sequence[Unit]) -> int:
        results = (self.workshop.result(unit) for unit in made)
        return sum(result.rows for result in results if result)

    def _share(self, name: str, query: Query) -> None:
        stamp = (self.workshop.folder, self.unit.partition)
        if not self.engine.holds(name, stamp):
            self.engine.materialise(name, self.sql(query), stamp)

    def _is_of_most(self) -> bool:
        """Whether the cohort is more than half of the identities."""
        members, identities = (self._rows_of(self._makers(name)) for name in ("members", "identities"))
        return 2 * members > identities

    def _makers(self, name: str) -> list[Unit]:
        """The units that made an intermediate relation; a bucket of persons is only about the buckets within it."""
        made = [unit for unit in self.units if unit.kind == name]
        if name == UnitKind.IDENTITIES and self.unit.kind is UnitKind.MEMBERS:
            return [unit for unit in made if unit.partition == self.unit.partition]
        if name == UnitKind.MATCHED and self.unit.kind is UnitKind.COHORT:
            number, count = self.unit.bucket
            return [unit for unit in made if unit.bucket[0] % count == number]
        return made

    def rows(self, query: Query) -> list[tuple[Any, ...]]:
        """The rows of a small query."""
        sql = self.sql(query)
        with self.source_watched():
            return self.engine.rows(sql)

    def keep(self, query: Query, facts: Mapping[str, Any] | None = None) -> Result:
        """Write the rows of a query as the file of the unit."""
        sql = self.sql(query)
        with self.workshop.unfinished() as path:
            with self.source_watched():
                rows = self.engine.write(sql, path)
            return self.workshop.keep(self.unit, path, rows, facts or {})

    def source_watched(self) -> "_Watch":
        """Around a reading of the source: raises ``SourceError`` if a file moved meanwhile."""
        return _Watch(self)


class _Watch:
    """Notices that a source file moved while it was read, even when the engine choked on it."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if kind is None or issubclass(kind, self.job.engine.failures):
            for file, seen in self.job.files.items():
                _check_unmoved(self.job.source, file, seen)


def _check_unmoved(source: Source, file: SourceFile, seen: object) -> None:
    if source.check_size(file).st_mtime_ns != seen:
        raise SourceError(str(source.path(file)), "the file was changed while the extract was being made")
