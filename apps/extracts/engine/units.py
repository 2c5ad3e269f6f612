"""The units of work of an extract: small, idempotent, in an order where each only needs those before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .catalogue import CATALOGUE, Link, Partitioning, Table
from .criteria import EventLeaf, Period, event_leaves
from .definition import Definition
from .plan.events import event_tables, events
from .plan.relations import Query, compiled
from .problems import SourceError
from .source import WHOLE, Source


class UnitKind(StrEnum):
    """What a unit does."""

    SOURCE = "source"
    IDENTITIES = "identities"
    PEOPLE = "people"
    EVENTS = "events"
    MATCHED = "matched"
    COHORT = "cohort"
    PATIENTS = "patients"
    MEMBERS = "members"
    CLAIMS = "claims"
    STAYS = "stays"
    TABLE = "table"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. ``leaf`` numbers the event leaf it serves; ``table`` and ``partition``, what it reads or delivers."""

    kind: UnitKind
    table: str = ""
    partition: str = ""
    leaf: int = -1

    @property
    def name(self) -> str:
        """A stable name, unique in a plan: ``events/0/ER_PHA_F/2021-01``, ``table/IR_BEN_R/all``."""
        parts = (self.kind.value, str(self.leaf) if self.leaf >= 0 else "", self.table, self.partition)
        return "/".join(part for part in parts if part)

    def __str__(self) -> str:
        return self.name


def plan_of(definition: Definition, source: Source) -> tuple[Unit, ...]:
    """Every unit, in order. Raises ``SourceError`` when the source lacks a table that the definition needs."""
    work = tuple(_work(definition, source))
    needed = dict.fromkeys(read for unit in work for read in reads(unit, definition))
    checks = tuple(Unit(UnitKind.SOURCE, table, partition) for table, partition in needed)
    return (*checks, *work, Unit(UnitKind.PUBLISH))


def _work(definition: Definition, source: Source) -> Iterator[Unit]:
    yield Unit(UnitKind.IDENTITIES)
    yield Unit(UnitKind.PEOPLE)
    for index, leaf in enumerate(event_leaves(definition.population)):
        yield from _events(index, leaf, source)
        yield Unit(UnitKind.MATCHED, leaf=index)
    yield Unit(UnitKind.COHORT)
    yield Unit(UnitKind.PATIENTS)
    yield Unit(UnitKind.MEMBERS)
    yield from _links(definition, source)
    for name in sorted(definition.scope.tables):
        for partition in _partitions(name, definition.scope.period, source):
            yield Unit(UnitKind.TABLE, name, partition)


def _events(index: int, leaf: EventLeaf, source: Source) -> Iterator[Unit]:
    for table in event_tables(leaf):
        for partition in _partitions(table, leaf.period, source):
            yield Unit(UnitKind.EVENTS, table, partition, index)


def _links(definition: Definition, source: Source) -> Iterator[Unit]:
    """The units that give claims and stays their pseudonyms, for the partitions whose tables need them."""
    for kind, link in ((UnitKind.CLAIMS, Link.CLAIM), (UnitKind.STAYS, Link.STAY)):
        tables = [name for name in definition.scope.tables if CATALOGUE.tables[name].link is link]
        found = {partition for name in tables for partition in _partitions(name, definition.scope.period, source)}
        for partition in sorted(found):
            yield Unit(kind, partition=partition)


def _partitions(name: str, period: Period, source: Source) -> tuple[str, ...]:
    """The partitions that may hold care of a period.

    Care reaches the flux, and a stay ends, in its own month or year or later, without a limit: nothing is left out
    after the period, everything is before it.
    """
    table = CATALOGUE.tables[name]
    found = source.partitions(table)
    if not found:
        raise SourceError(str(source.folder / name), f"the source copy does not hold the table {name}")
    starts = {
        Partitioning.WHOLE: WHOLE,
        Partitioning.YEAR: str(period.start.year),
        Partitioning.FLUX_MONTH: period.start.isoformat()[:7],
    }
    return tuple(partition for partition in found if partition >= starts[table.partitioning])


def partition_read(table: Table, unit: Unit) -> str:
    """Which partition of ``table`` a unit reads: its own, or the whole of a table that is not partitioned."""
    return WHOLE if table.partitioning is Partitioning.WHOLE else unit.partition


_ALWAYS_READ: dict[UnitKind, tuple[str, ...]] = {
    UnitKind.IDENTITIES: ("IR_BEN_R",),
    UnitKind.PEOPLE: ("IR_BEN_R",),
    UnitKind.CLAIMS: ("ER_PRS_F",),
    UnitKind.STAYS: ("T_MCOaaB", "T_MCOaaC"),
}


def reads(unit: Unit, definition: Definition) -> tuple[tuple[str, str], ...]:
    """The (table, partition) pairs of the source that a unit reads."""
    names = _ALWAYS_READ.get(unit.kind, ())
    if unit.kind is UnitKind.TABLE:
        names = (unit.table,)
    elif unit.kind is UnitKind.EVENTS:
        names = tuple(name for name in events_of(unit, definition).relations if name in CATALOGUE.tables)
    return tuple((name, partition_read(CATALOGUE.tables[name], unit)) for name in names)


def events_of(unit: Unit, definition: Definition) -> Query:
    """The query of an EVENTS unit."""
    leaf = event_leaves(definition.population)[unit.leaf]
    return compiled(events, leaf, unit.table, definition.filters)
