"""How exposed people would be by what a dossier asks for, told before anything is extracted. Pure.

It says what could be known about one person by whoever held the delivery, not what is: the figures of a delivery
(`extracts.engine.risk`) come once it stands. Potential identifiers and what an intruder commonly knows are those of the
engine.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.extracts.engine.catalogue import CATALOGUE, FAMILY_TITLES, Family, Link, Partitioning
from apps.extracts.engine.risk import STEPS

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
    """A family of potential identifiers and the columns of it that are asked for; none: it is not."""

    family: Family
    columns: tuple[str, ...]


def families_asked(scope: Scope) -> tuple[FamilyAsked, ...]:
    """Each of the five families, in the order of the rules, with the columns asked for as "table.column"."""
    found: dict[Family, list[str]] = {family: [] for family in FAMILY_TITLES}
    for name, columns in scope.items():
        table = CATALOGUE.table(name)
        for column in (table.column(one) for one in columns) if table else ():
            if column and column.family:
                found[column.family].append(f"{name}.{column.name}")
    return tuple(FamilyAsked(family, tuple(columns)) for family, columns in found.items())


def known_of_one(scope: Scope) -> int:
    """Of how many things that are commonly known of somebody (sex, age, place, dates…) the delivery would tell."""
    asked = {
        column
        for name, columns in scope.items()
        if (table := CATALOGUE.table(name)) and table.link is not Link.NOBODY
        for column in columns
    }
    return sum(bool(asked.intersection(step)) for step in STEPS)


def level(scope: Scope, *, linked: bool) -> Level:
    """The level of exposure.

    High: three families of potential identifiers or more, or any beside a linkage. Low: none, no linkage, and less than
    four of the six things commonly known. Moderate: all else.
    """
    families = sum(bool(one.columns) for one in families_asked(scope))
    if families >= MANY_FAMILIES or (families and linked):
        return Level.HIGH
    if families or linked or known_of_one(scope) >= MUCH_KNOWN:
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
