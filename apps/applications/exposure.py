"""How exposed people would be by what a dossier asks for, told before anything is extracted. Pure.

It says what could be known about one person by whoever held the delivery, not what is: the figures of a delivery
(`extracts.engine.risk`) come once it stands. Potential identifiers and what an intruder commonly knows are those of the
engine. What a definition delivers coarser than the source holds it (`coarser`, a level by family) is not known exactly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.extracts.engine.catalogue import CATALOGUE, FAMILY_TITLES, Family, Link, Partitioning
from apps.extracts.engine.protection import Level as Precision
from apps.extracts.engine.risk import STEPS

Coarser = Mapping[Family, Precision]
Scope = Mapping[str, Sequence[str]]  # table -> its columns

MANY_FAMILIES = 3
MUCH_KNOWN = 4
LATE_MONTHS = 6
"""Care of a month is read in its own flux and in those of the six months that follow (domain notes)."""


class Level(StrEnum):
    """How exposed people would be."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


@dataclass(frozen=True)
class FamilyAsked:
    """A family of potential identifiers and the columns of it that are asked for; none: it is not.

    `coarser` is the precision they are brought to, None where they come as they are.
    """

    family: Family
    columns: tuple[str, ...]
    coarser: Precision | None = None

    @property
    def is_exact(self) -> bool:
        """Whether it is asked for as the source holds it."""
        return bool(self.columns) and self.coarser is None


def families_asked(scope: Scope, coarser: Coarser) -> tuple[FamilyAsked, ...]:
    """Each of the five families, in the order of the rules, with the columns asked for as "table.column"."""
    found: dict[Family, list[str]] = {family: [] for family in FAMILY_TITLES}
    for name, columns in scope.items():
        table = CATALOGUE.table(name)
        for column in (table.column(one) for one in columns) if table else ():
            if column and column.family:
                found[column.family].append(f"{name}.{column.name}")
    return tuple(FamilyAsked(family, tuple(columns), coarser.get(family)) for family, columns in found.items())


def known_of_one(scope: Scope) -> int:
    """Of how many things that are commonly known of somebody (sex, age, place, dates…) the delivery would tell.

    However coarse: what is told to the month still sets people apart.
    """
    asked = {
        column
        for name, columns in scope.items()
        if (table := CATALOGUE.table(name)) and table.link is not Link.NOBODY
        for column in columns
    }
    return sum(bool(asked.intersection(step)) for step in STEPS)


def level(scope: Scope, *, linked: bool, coarser: Coarser) -> Level:
    """The level of exposure.

    High: three families of potential identifiers or more in their exact values, or any beside a linkage. Low: none, be
    it coarser, no linkage, and less than four of the six things commonly known. Moderate: all else.
    """
    families = families_asked(scope, coarser)
    exact = sum(one.is_exact for one in families)
    if exact >= MANY_FAMILIES or (exact and linked):
        return Level.HIGH
    if any(one.columns for one in families) or linked or known_of_one(scope) >= MUCH_KNOWN:
        return Level.MODERATE
    return Level.LOW


@dataclass(frozen=True)
class Share:
    """How much of the catalogue a scope asks for. `columns_offered` are those of the tables asked for."""

    tables: int
    tables_offered: int
    columns: int
    columns_offered: int
    datasets: tuple[str, ...]


def share(scope: Scope) -> Share:
    """The scope against the catalogue; tables that it knows no more count as asked for and not as offered."""
    tables = [table for table in map(CATALOGUE.table, scope) if table]
    return Share(
        tables=len(scope),
        tables_offered=len(CATALOGUE.tables),
        columns=sum(map(len, scope.values())),
        columns_offered=sum(len(table.deliverable) for table in tables),
        datasets=tuple(dict.fromkeys(table.dataset for table in tables)),
    )


def parts_read(scope: Iterable[str], months: int) -> int:
    """How many parts of the source (a table, a year or a month of one) the extraction reads for so many months."""
    years = -(-months // 12)
    cost = {
        Partitioning.WHOLE: 1,
        Partitioning.YEAR: years,
        Partitioning.FLUX_MONTH: months + LATE_MONTHS if months else 0,
    }
    return sum(cost[table.partitioning] for table in map(CATALOGUE.table, scope) if table)
