"""The units of work of an extract: small, idempotent, in an order where each only needs those before it.

    source      read the files of a partition whole, compare them with the release
    identities  which identity is whose             people     how each person is described
    events      what a partition of a part of the source says about the criteria
    matched     which persons of a bucket satisfy which leaf, from the events of all partitions
    cohort      which persons of a bucket satisfy the population
    controls    who is a control of whom, in a bucket of regions
    patients    the pseudonym of each case and control      members    their identities
    table       one partition of one table, as it is delivered
    risk        how exposed people are in one delivered table
    upload      one delivered file has its place, where deliveries stand in an object store
    publish     manifest, verification, and the delivery has its place

Units of one kind that differ by their partition do not need each other: they may be done in any order, by any worker.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .catalogue import CATALOGUE, Partitioning, Table
from .criteria import Period
from .definition import Definition
from .geography import REGIONS
from .plan.deliveries import INDEX_DATE, designed_columns, source_tables
from .plan.events import PART_TABLE, Leaves, Part, events, parts_of
from .plan.relations import Query, compiled
from .problems import SourceError
from .risk import DESIGN, PEOPLE, quasi_identifiers
from .source import WHOLE, Source

BUCKET = 5_000_000
"""About how many identities one cohort unit decides upon."""
IDENTITIES = 300_000
"""Up to how many rows of IR_BEN_R one unit reduces to identities or people."""
LINES = 5_000_000
"""From about how many lines of the source come the events that one matched unit holds in memory."""


class UnitKind(StrEnum):
    """What a unit does."""

    SOURCE = "source"
    IDENTITIES = "identities"
    PEOPLE = "people"
    EVENTS = "events"
    MATCHED = "matched"
    COHORT = "cohort"
    CONTROLS = "controls"
    PATIENTS = "patients"
    MEMBERS = "members"
    TABLE = "table"
    RISK = "risk"
    UPLOAD = "upload"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. ``table`` is a table, or the part of the source that events are in; ``partition``, one of its own.

    From ``identities`` to ``members``, the partition is a bucket of persons, ``2-of-14``; for ``controls``, of regions.
    """

    kind: UnitKind
    table: str = ""
    partition: str = ""

    @property
    def name(self) -> str:
        """A stable name, unique in a plan: ``events/care/2021-01``, ``table/IR_BEN_R/all``."""
        return "/".join(part for part in (self.kind.value, self.table, self.partition) if part)

    @property
    def batch(self) -> str:
        """Units of one batch are best done one after the other by one worker: they share what their partition joins."""
        if self.kind is not UnitKind.TABLE:
            return self.name
        return f"{self.kind.value}/{CATALOGUE.tables[self.table].link.value}/{self.partition}"

    @property
    def bucket(self) -> tuple[int, int]:
        """The number of the bucket, from 0, and how many there are."""
        number, _, count = self.partition.partition("-of-")
        return int(number) - 1, int(count)

    def __str__(self) -> str:
        return self.name


def plan_of(definition: Definition, source: Source, *, to_objects: bool = False) -> tuple[Unit, ...]:
    """Every unit, in order; ``to_objects``: a delivery to an object store, which takes no folder at once.

    Raises ``SourceError`` when the source lacks a table that the definition needs.
    """
    work = tuple(_work(definition, source))
    needed = dict.fromkeys(read for unit in work for read in reads(unit, definition))
    checks = tuple(Unit(UnitKind.SOURCE, table, partition) for table, partition in needed)
    uploads = [Unit(UnitKind.UPLOAD, unit.table, unit.partition) for unit in work if unit.kind is UnitKind.TABLE]
    return (*checks, *work, *(uploads if to_objects else ()), Unit(UnitKind.PUBLISH))


def _work(definition: Definition, source: Source) -> Iterator[Unit]:
    identities = _rows(source, "IR_BEN_R", WHOLE)
    parts = _buckets(-(-identities // IDENTITIES) or 1)
    yield from (Unit(kind, partition=part) for kind in (UnitKind.IDENTITIES, UnitKind.PEOPLE) for part in parts)
    searched = [(part, partition) for part in Part for partition in _event_partitions(part, definition, source)]
    yield from (Unit(UnitKind.EVENTS, part.value, partition) for part, partition in searched)
    count = -(-identities // BUCKET) or 1
    if definition.leaves:
        lines = sum(_rows(source, PART_TABLE[part], partition) for part, partition in searched)
        within_each = -(-lines // (count * LINES)) or 1
        yield from (Unit(UnitKind.MATCHED, partition=bucket) for bucket in _buckets(count * within_each))
    yield from (Unit(UnitKind.COHORT, partition=bucket) for bucket in _buckets(count))
    if definition.design.controls:
        yield from (Unit(UnitKind.CONTROLS, partition=bucket) for bucket in _buckets(min(count, len(REGIONS))))
    yield Unit(UnitKind.PATIENTS)
    yield from (Unit(UnitKind.MEMBERS, partition=part) for part in parts)
    yield from _deliveries(definition, source)
    for name in sorted(definition.scope.tables):
        if any(quasi_identifiers(definition, CATALOGUE.tables[name])):
            yield Unit(UnitKind.RISK, name)
    if INDEX_DATE in designed_columns(definition):
        yield Unit(UnitKind.RISK, DESIGN)


def _rows(source: Source, table: str, partition: str) -> int:
    return sum(file.rows for file in source.files_of(CATALOGUE.tables[table], partition))


def _buckets(count: int) -> list[str]:
    return [f"{number}-of-{count}" for number in range(1, count + 1)]


def _event_partitions(part: Part, definition: Definition, source: Source) -> tuple[str, ...]:
    periods = [leaf.period for leaf in definition.leaves if part in parts_of(leaf)]
    return partitions_from(PART_TABLE[part], periods, source) if periods else ()


def _deliveries(definition: Definition, source: Source) -> Iterator[Unit]:
    """Partition by partition, so that tables of one partition follow each other and share what they join."""
    found = [
        Unit(UnitKind.TABLE, name, partition)
        for name in sorted(definition.scope.tables)
        for partition in partitions_from(name, [definition.scope.period], source)
    ]
    yield from sorted(found, key=lambda unit: (CATALOGUE.tables[unit.table].link.value, unit.partition, unit.table))


def partitions_from(name: str, periods: Sequence[Period], source: Source) -> tuple[str, ...]:
    """The partitions that may hold care of some periods.

    Care reaches the flux, and a stay ends, in its own month or year or later, without a limit: nothing is left out
    after the periods, everything is before them.
    """
    table = CATALOGUE.tables[name]
    found = source.partitions(table)
    if not found:
        raise SourceError(str(source.folder / name), f"the source copy does not hold the table {name}")
    start = min(period.start for period in periods)
    starts = {
        Partitioning.WHOLE: WHOLE,
        Partitioning.YEAR: str(start.year),
        Partitioning.FLUX_MONTH: start.isoformat()[:7],
    }
    return tuple(partition for partition in found if partition >= starts[table.partitioning])


def partition_read(table: Table, unit: Unit) -> str:
    """Which partition of ``table`` a unit reads: its own, or the whole of a table that is not partitioned."""
    return WHOLE if table.partitioning is Partitioning.WHOLE else unit.partition


def reads(unit: Unit, definition: Definition) -> tuple[tuple[str, str], ...]:
    """The (table, partition) pairs of the source that a unit reads."""
    names: Sequence[str] = ()
    match unit.kind:
        case UnitKind.IDENTITIES | UnitKind.PEOPLE:
            names = ("IR_BEN_R",)
        case UnitKind.EVENTS:
            names = tuple(events_of(unit, definition).relations)
        case UnitKind.TABLE:
            names = source_tables(definition, CATALOGUE.tables[unit.table])
        case UnitKind.RISK if unit.table == DESIGN:
            names = source_tables(definition, CATALOGUE.tables[PEOPLE]) if PEOPLE in definition.scope.tables else ()
        case UnitKind.RISK if CATALOGUE.tables[unit.table].partitioning is Partitioning.WHOLE:
            names = source_tables(definition, CATALOGUE.tables[unit.table])
    known = (CATALOGUE.table(name) for name in names)
    return tuple((table.name, partition_read(table, unit)) for table in known if table is not None)


def events_of(unit: Unit, definition: Definition, buckets: int = 1) -> Query:
    """The query of an EVENTS unit, whose events so many buckets of persons will be looked for in."""
    part = Part(unit.table)
    leaves: Leaves = tuple((number, leaf) for number, leaf in enumerate(definition.leaves) if part in parts_of(leaf))
    return compiled(events, part, leaves, definition.filters, buckets)
