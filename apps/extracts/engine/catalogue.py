"""The tables of the SNDS that the engine knows: real names, keys and types, titles in our own words.

Names, types and keys are facts of the SNDS schema; a test compares them with the reference copy when it is beside the
project. In table names, ``aa`` stands for the two digits of the year, as in the SNDS itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from .catalogue_text import DATASET_TITLES, TABLE_TEXTS


class Type(StrEnum):
    """How a column is held, whatever the engine."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"


class Family(StrEnum):
    """The families of potential identifiers of the SNDS (decree 2016-1871): delivered only when justified."""

    BIRTH = "birth"
    COMMUNE = "commune"
    CARE_DATE = "care_date"
    DEATH_DATE = "death_date"
    DEATH_COMMUNE = "death_commune"


class Partitioning(StrEnum):
    """How a table is cut in the source and in the delivery."""

    WHOLE = "whole"
    FLUX_MONTH = "flux_month"
    YEAR = "year"


class Link(StrEnum):
    """How a row of a table is tied to a person."""

    BENEFICIARY = "beneficiary"
    CLAIM = "claim"
    STAY = "stay"
    DEATH = "death"
    NOBODY = "nobody"


class Kind(StrEnum):
    """What a pseudonym stands for; two kinds never share a value, even for the same source identifier."""

    PERSON = "person"
    CLAIM = "claim"
    STAY = "stay"
    PROFESSIONAL = "professional"
    FACILITY = "facility"
    SAMPLE = "sample"
    SHIFT = "shift"
    CONTROL = "control"


CLAIM_KEYS = (
    "DCT_ORD_NUM",
    "FLX_DIS_DTD",
    "FLX_TRT_DTD",
    "FLX_EMT_TYP",
    "FLX_EMT_NUM",
    "FLX_EMT_ORD",
    "ORG_CLE_NUM",
    "PRS_ORD_NUM",
    "REM_TYP_AFF",
)
BENEFICIARY_KEYS = ("BEN_NIR_PSA", "BEN_RNG_GEM")
STAY_KEYS = ("ETA_NUM", "RSA_NUM")

FAMILY_TITLES: Mapping[Family, tuple[str, str]] = {
    Family.BIRTH: ("mois et année de naissance", "month and year of birth"),
    Family.COMMUNE: ("commune de résidence", "commune of residence"),
    Family.CARE_DATE: ("dates exactes des soins", "exact dates of care"),
    Family.DEATH_DATE: ("date exacte du décès", "exact date of death"),
    Family.DEATH_COMMUNE: ("commune du décès", "commune of death"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``identifying``: never delivered. ``surrogate_of``: a pseudonym, of ``kind``, of that column."""

    name: str
    type: Type
    title_fr: str
    title_en: str
    identifying: bool = False
    family: Family | None = None
    surrogate_of: str = ""
    kind: Kind | None = None

    def title(self, language: str) -> str:
        """The title in ``"fr"`` or ``"en"``."""
        return self.title_fr if language == "fr" else self.title_en


@dataclass(frozen=True)
class Table:
    """A table: how it is cut, how its rows are tied to people, its columns."""

    name: str
    dataset: str
    title_fr: str
    title_en: str
    partitioning: Partitioning
    link: Link
    columns: tuple[Column, ...]

    def title(self, language: str) -> str:
        """The title in ``"fr"`` or ``"en"``."""
        return self.title_fr if language == "fr" else self.title_en

    def column(self, name: str) -> Column | None:
        """The column of that name, or ``None``."""
        return self._named.get(name)

    @cached_property
    def _named(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def source_columns(self) -> tuple[Column, ...]:
        """The columns that exist in the source (pseudonyms do not)."""
        return tuple(column for column in self.columns if not column.surrogate_of)

    @cached_property
    def deliverable(self) -> tuple[Column, ...]:
        """The columns that a definition may ask for."""
        return tuple(column for column in self.columns if not column.identifying)

    @property
    def surrogates(self) -> tuple[str, ...]:
        """The pseudonyms that every delivery of this table holds, whatever columns are asked for."""
        return SURROGATES[self.link]

    def folder(self, partition: str) -> str:
        """The folder of a partition in the source: ``T_MCO21B``, ``ER_PRS_F/FLX_DIS_DTD=2021-01-01``, ``IR_BEN_R``."""
        if self.partitioning is Partitioning.YEAR:
            return self.name.replace("aa", partition[2:])
        return f"{self.name}/FLX_DIS_DTD={partition}-01" if self.partitioning is Partitioning.FLUX_MONTH else self.name


SURROGATES: Mapping[Link, tuple[str, ...]] = {
    Link.BENEFICIARY: ("PATIENT_ID",),
    Link.CLAIM: ("PATIENT_ID", "CLAIM_ID"),
    Link.STAY: ("PATIENT_ID", "STAY_ID"),
    Link.DEATH: ("PATIENT_ID",),
    Link.NOBODY: (),
}
SURROGATE_TITLES: Mapping[str, tuple[str, str]] = {
    "PATIENT_ID": (
        "pseudonyme de la personne, propre au projet, le même dans toutes les tables",
        "pseudonym of the person, specific to the project, the same in every table",
    ),
    "CLAIM_ID": (
        "pseudonyme de la ligne de soins\u00a0: joint ER_PRS_F à ses tables affinées",
        "pseudonym of the care line: joins ER_PRS_F to its detail tables",
    ),
    "STAY_ID": (
        "pseudonyme du séjour\u00a0: joint entre elles les tables T_MCOaa",
        "pseudonym of the stay: joins the T_MCOaa tables to each other",
    ),
}


@dataclass(frozen=True)
class Catalogue:
    """All the tables, by name."""

    tables: Mapping[str, Table]

    def table(self, name: str) -> Table | None:
        """The table of that name, or ``None``."""
        return self.tables.get(name)

    def datasets(self) -> Mapping[str, tuple[Table, ...]]:
        """The tables of each dataset, in the order of presentation."""
        return {
            dataset: tuple(table for table in self.tables.values() if table.dataset == dataset)
            for dataset in DATASET_TITLES
        }


_TYPES = {"str": Type.STRING, "int": Type.INTEGER, "num": Type.NUMBER, "date": Type.DATE}


def _column(line: str) -> Column:
    facts, title_fr, title_en = (part.strip() for part in line.split("|"))
    name, type_name, *flags = facts.split()
    flag = flags[0] if flags else ""
    surrogate_of, _, kind = flag.partition(":")
    return Column(
        name,
        _TYPES[type_name],
        title_fr,
        title_en,
        identifying=flag == "id",
        family=Family(flag) if flag in set(Family) else None,
        surrogate_of=surrogate_of if kind else "",
        kind=Kind(kind) if kind else None,
    )


def _table(text: str) -> Table:
    head, *lines = text.strip().splitlines()
    facts, title_fr, title_en = (part.strip() for part in head.split("|"))
    name, dataset, partitioning, link = facts.split()
    columns = tuple(_column(line) for line in lines)
    return Table(name, dataset, title_fr, title_en, Partitioning(partitioning), Link(link), columns)


CATALOGUE = Catalogue({table.name: table for table in map(_table, TABLE_TEXTS)})
