"""What a definition does to protect people beyond pseudonyms: sampling, coarser values, shifted dates. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .catalogue import FAMILY_TITLES, Family
from .reading import JSON, Reader
from .words import Language, colon, listing

MOST_SPARSE_SAMPLE = 1000
LONGEST_SHIFT = 180
TEXT_DATES = frozenset(
    {"EXE_SOI_AMD", "EXE_SOI_AMF", "PRE_PRE_AMD", "SOR_ANN", "SOR_MOI", "BEN_DCD_AME", "FLX_PER_ANN"}
)
"""Columns that tell a date in other forms than a date: they cannot be shifted."""


class Level(StrEnum):
    """How coarse the values of a family are made."""

    YEAR = "year"
    FIVE_YEARS = "five_years"
    TEN_YEARS = "ten_years"
    MONTH = "month"
    DEPARTMENT = "department"
    DAYS_FROM_INDEX = "days_from_index"


LEVELS: Mapping[Family, tuple[Level, ...]] = {
    Family.BIRTH: (Level.YEAR, Level.FIVE_YEARS, Level.TEN_YEARS),
    Family.COMMUNE: (Level.DEPARTMENT,),
    Family.CARE_DATE: (Level.MONTH, Level.YEAR, Level.DAYS_FROM_INDEX),
    Family.DEATH_DATE: (Level.MONTH, Level.YEAR, Level.DAYS_FROM_INDEX),
    Family.DEATH_COMMUNE: (Level.DEPARTMENT,),
}
LEVEL_WORDS: Mapping[Language, Mapping[Level, str]] = {
    "fr": {
        Level.YEAR: "à l’année",
        Level.FIVE_YEARS: "à la classe de cinq ans",
        Level.TEN_YEARS: "à la classe de dix ans",
        Level.MONTH: "au mois",
        Level.DEPARTMENT: "au département",
        Level.DAYS_FROM_INDEX: "au nombre de jours depuis la date index",
    },
    "en": {
        Level.YEAR: "to the year",
        Level.FIVE_YEARS: "to the five-year class",
        Level.TEN_YEARS: "to the ten-year class",
        Level.MONTH: "to the month",
        Level.DEPARTMENT: "to the department",
        Level.DAYS_FROM_INDEX: "to the number of days since the index date",
    },
}
BIRTH_CLASS: Mapping[Level, int] = {Level.YEAR: 1, Level.FIVE_YEARS: 5, Level.TEN_YEARS: 10}
"""How many years of birth a class holds; it is named by its first year."""


@dataclass(frozen=True, slots=True)
class Protection:
    """One person in ``one_in`` is kept; families in ``coarsened`` lose precision; dates move by ``shift`` days at most.

    The sample and the days of shift depend on the person and on the project's key only: the same person is kept, and
    moves by the same number of days everywhere, in every extract of a project.
    """

    one_in: int = 1
    coarsened: tuple[tuple[Family, Level], ...] = ()
    shift: int = 0

    @classmethod
    def read(cls, value: object, reader: Reader) -> "Protection":
        """Read the key ``protection``; what cannot be read is noted, and is as if it were absent."""
        path, keys = "$.protection", ("sample_one_in", "coarsening", "date_shift_days")
        found = reader.mapping(value, path, (), keys)
        if found is None:
            return cls()
        one_in = reader.whole_number(found.get("sample_one_in", 1), f"{path}.sample_one_in", 1, MOST_SPARSE_SAMPLE)
        shift = reader.whole_number(found.get("date_shift_days", 0), f"{path}.date_shift_days", 0, LONGEST_SHIFT)
        return cls(one_in or 1, _coarsened(found.get("coarsening", {}), f"{path}.coarsening", reader), shift or 0)

    def to_json(self) -> dict[str, JSON]:
        """The value of the key ``protection``, nothing that protects from nothing."""
        found: dict[str, JSON] = {}
        if self.one_in > 1:
            found["sample_one_in"] = self.one_in
        if self.coarsened:
            found["coarsening"] = {family.value: level.value for family, level in self.coarsened}
        if self.shift:
            found["date_shift_days"] = self.shift
        return found

    def level(self, family: Family | None) -> Level | None:
        """How coarse a family is; ``None`` when its values are delivered as they are."""
        return dict(self.coarsened).get(family) if family else None

    @property
    def from_index(self) -> bool:
        """Whether some dates are delivered as days from the index date."""
        return any(level is Level.DAYS_FROM_INDEX for _, level in self.coarsened)

    def sentence(self, language: Language) -> str:
        """What is done, in sentences; empty when nothing is."""
        said = (self._sample(language), self._coarsening(language), self._shift(language))
        return " ".join(text for text in said if text)

    def _sample(self, language: Language) -> str:
        if self.one_in == 1:
            return ""
        if language == "fr":
            return f"Une personne sur {self.one_in} est retenue, tirée par une clé propre au projet."
        return f"One person in {self.one_in} is kept, drawn with a key of the project."

    def _coarsening(self, language: Language) -> str:
        if not self.coarsened:
            return ""
        titles = {"fr": 0, "en": 1}
        named = [
            f"{FAMILY_TITLES[family][titles[language]]} {LEVEL_WORDS[language][level]}"
            for family, level in self.coarsened
        ]
        start = "Sont arrondis" if language == "fr" else "Made coarser are"
        return f"{start}{colon(language)} {listing(named, language, 'and')}."

    def _shift(self, language: Language) -> str:
        if not self.shift:
            return ""
        if language == "fr":
            return f"Les dates de chaque personne sont décalées d’un même nombre de jours, {self.shift} au plus."
        return f"The dates of each person are moved by one number of days, {self.shift} at most."


NO_PROTECTION = Protection()


def _coarsened(value: object, path: str, reader: Reader) -> tuple[tuple[Family, Level], ...]:
    found: Mapping[str, Any] | None = reader.mapping(value, path, (), [family.value for family in Family])
    chosen: dict[Family, Level] = {}
    for name, level in (found or {}).items():
        if name in set(Family):
            family = Family(name)
            read = reader.choice(level, f"{path}.{name}", [known.value for known in LEVELS[family]])
            chosen |= {family: Level(read)} if read else {}
    return tuple((family, chosen[family]) for family in Family if family in chosen)
