"""How well a delivery hides people: classes of equal quasi-identifiers, counted in distinct persons.

For each delivered table about people, and for its quasi-identifiers taken a few more at a time: into how small a class
does a value put somebody (k-anonymity), how many persons are alone in a class, and how many different values of what is
sensitive a class holds (l-diversity). Rows would understate the danger: a person alone with a hundred care lines is one
person alone. Every figure comes from the delivered files; for tables that are delivered whole, it is also computed on
the values before they were made coarser.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .catalogue import CATALOGUE, Family, Link, Table
from .definition import Definition
from .words import Language

SMALLEST_COUNT = 11
"""No count of persons under this one is shown (rule of the CASD, applied to the SNDS)."""

STEPS = (
    ("BEN_SEX_COD", "COD_SEX"),
    ("BEN_NAI_ANN", "BEN_NAI_MOI", "BEN_AMA_COD", "AGE_ANN"),
    ("BEN_RES_DPT", "BDI_DEP"),
    ("BEN_RES_COM", "BDI_COD"),
    ("BEN_DCD_DTE", "BEN_DCD_AME", "DCD_DPT_COD", "DCD_COM_COD"),
    ("EXE_SOI_DTD", "EXE_SOI_AMD", "IMB_ALD_DTD", "ENT_DAT"),
)
"""What an intruder may know of somebody, the most common knowledge first."""

DESIGN = "PATIENTS"
"""The file of who is a case, a control, and when their index date is: a table of the delivery, not of the source."""
DESIGN_TITLES: Mapping[Language, str] = {"fr": "Personnes et dates index", "en": "People and index dates"}
PEOPLE = "IR_BEN_R"
"""The table that tells who people are."""

SENSITIVE: Mapping[str, str] = {
    "IR_IMB_R": "MED_MTF_COD",
    "T_MCOaaB": "DGN_PAL",
    "KI_CCI_R": "DCD_CIM_COD",
    "ER_PHA_F": "PHA_PRS_C13",
    "ER_PRS_F": "PRS_NAT_REF",
}
"""What a table tells about the health of people, for l-diversity."""


def shown(persons: int, smallest: int, alone: int, in_small: int, least_diverse: int | None) -> dict[str, Any]:
    """What may be shown of one set: ``k`` and ``l`` are sizes, the others are counts of persons, masked when small."""
    return {
        "persons": masked(persons),
        "k": smallest,
        "l": least_diverse,
        "alone": masked(alone),
        "share_alone": round(alone / persons, 4) if persons else 0.0,
        "in_classes_under_11": masked(in_small),
    }


def masked(count: int) -> int | str:
    """A count of persons that may be shown: nobody, or enough of them."""
    return count if count >= SMALLEST_COUNT else f"<{SMALLEST_COUNT}"


def quasi_identifiers(definition: Definition, table: Table) -> Iterator[tuple[str, ...]]:
    """The sets of delivered columns to be looked at, each holding the one before."""
    asked = definition.scope.tables[table.name]
    known: tuple[str, ...] = ()
    for step in STEPS:
        more = tuple(name for name in step if name in asked)
        if more and table.link is not Link.NOBODY:
            known = (*known, *more)
            yield known


def sensitive(definition: Definition, table: Table) -> str:
    """The delivered column of a table whose diversity is counted; empty when there is none."""
    name = SENSITIVE.get(table.name, "")
    return name if name in definition.scope.tables[table.name] else ""


def design_sets(definition: Definition, index_date: str) -> list[tuple[str, ...]]:
    """The index date, and then what is delivered of who people are: one line each, easily put together."""
    known = quasi_identifiers(definition, CATALOGUE.tables[PEOPLE]) if PEOPLE in definition.scope.tables else ()
    return [(index_date,), *((index_date, *more) for more in known)]


def title_of(name: str, language: Language) -> str:
    """What a measured table holds."""
    table = CATALOGUE.table(name)
    return table.title(language) if table else DESIGN_TITLES[language]


def is_coarser(definition: Definition, table: Table, columns: Sequence[str]) -> bool:
    """Whether some of these columns are delivered coarser than they are in the source."""
    found = (table.column(name) for name in columns)
    return any(column is not None and definition.protection.level(column.family) for column in found)


def potential_identifiers(definition: Definition) -> dict[str, dict[str, Any]]:
    """The families of potential identifiers that are delivered: which columns, how coarse."""
    families: dict[Family, list[str]] = {}
    for name in sorted(definition.scope.tables):
        for column in CATALOGUE.tables[name].columns:
            if column.family is not None and column.name in definition.scope.tables[name]:
                families.setdefault(column.family, []).append(f"{name}.{column.name}")
    coarse = {family.value: level.value for family, level in definition.protection.coarsened}
    return {
        family.value: {"columns": columns, "coarsened_to": coarse.get(family.value)}
        for family, columns in families.items()
    }
