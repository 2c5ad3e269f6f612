"""What a unit works with, and how the relations of an expression are bound to files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .backends import Backend
from .catalogue import CATALOGUE, Partitioning, Table
from .definition import Definition
from .plan.deliveries import shared
from .plan.relations import SHAPES, Query
from .problems import SourceError
from .pseudonyms import ProjectKey
from .signature import Signer
from .source import Source, SourceFile
from .units import Unit, UnitKind, partition_read, reads
from .workshop import Result, Workshop

JOINED_EVERYWHERE = frozenset({"identities", "members"})
"""What the units of every partition join."""
HELD_ROWS = 1_000_000
"""Up to how many rows of it an engine keeps, a few dozen MB, rather than read them again for each partition."""


@dataclass(frozen=True, slots=True)
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

    def files(self) -> Iterator[tuple[Table, SourceFile]]:
        """The source files that the unit reads."""
        for name, partition in reads(self.unit, self.definition):
            table = CATALOGUE.tables[name]
            for file in self.source.files_of(table, partition):
                yield table, file

    def sql(self, query: Query) -> str:
        """The SQL of a query, its relations bound to what this unit reads."""
        with self.source_watched():
            for name in query.relations:
                self._bind(name)
        return query.sql(self.engine.dialect)

    def _bind(self, name: str) -> None:
        if (table := CATALOGUE.table(name)) is not None:
            files = self.source.files_of(table, partition_read(table, self.unit))
            hive = {"FLX_DIS_DTD": "date"} if table.partitioning is Partitioning.FLUX_MONTH else {}
            self.engine.bind(name, SHAPES[name], [self.source.path(file) for file in files], hive)
        elif name == "partition":
            self.engine.bind_row(name, {"year": int(self.unit.partition)})
        elif (query := shared(name, self.definition, of_most=self._is_of_most())) is not None:
            self._share(name, query)
        else:
            makers = self._makers(name)
            made = [self.workshop.file(unit) for unit in makers]
            self.engine.bind(name, SHAPES[name], made, {}, held=name in JOINED_EVERYWHERE and self._is_small(makers))

    def _is_small(self, makers: Sequence[Unit]) -> bool:
        results = (self.workshop.result(unit) for unit in makers)
        return sum(result.rows for result in results if result) <= HELD_ROWS

    def _share(self, name: str, query: Query) -> None:
        stamp = (self.workshop.folder, self.unit.partition)
        if not self.engine.holds(name, stamp):
            self.engine.materialise(name, self.sql(query), stamp)

    def _is_of_most(self) -> bool:
        """Whether the cohort is more than half of the identities."""
        members, identities = (self.workshop.result(Unit(kind)) for kind in (UnitKind.MEMBERS, UnitKind.IDENTITIES))
        return members is not None and identities is not None and 2 * members.rows > identities.rows

    def _makers(self, name: str) -> list[Unit]:
        """The units that made an intermediate relation; a bucket of the cohort is only about the buckets within it."""
        made = [unit for unit in self.units if unit.kind == name]
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
            for table, file in self.job.files():
                _check_unmoved(self.job, table, file)


def _check_unmoved(job: Job, table: Table, file: SourceFile) -> None:
    found = job.source.check_size(file)
    checked = job.workshop.result(Unit(UnitKind.SOURCE, table.name, partition_read(table, job.unit)))
    seen = checked.facts.get(file.name) if checked else None
    if seen != found.st_mtime_ns:
        raise SourceError(str(job.source.path(file)), "the file was changed while the extract was being made")
