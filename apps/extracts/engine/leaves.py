"""The leaves of a population tree: what one person may have had, or be.

Each leaf is a frozen value that reads itself from JSON, writes itself back and says itself in French and in English as
the end of a sentence that begins with “the people who …”.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from .codes import System
from .geography import REGIONS
from .leaf_parts import (
    MAX_AGE,
    PLACE_WORDS,
    POSITION_WORDS,
    Period,
    Place,
    Position,
    SexValue,
    dates,
    named,
    needs_one_of,
    optional_codes,
    read_at_least,
    read_choices,
    read_codes,
    read_units,
)
from .reading import JSON, Reader
from .timing import Timed, read_timing
from .words import NO_BREAK_SPACE, Language, listing, long_date


@dataclass(frozen=True, slots=True)
class Stay(Timed):
    """A stay in acute care (MCO) with one of these diagnoses, on ``at_least`` distinct dates of entry in the period."""

    TAG: ClassVar[str] = "stay"
    diagnosis: tuple[str, ...]
    period: Period
    positions: tuple[Position, ...] = tuple(Position)
    at_least: int = 1
    medical_units: tuple[str, ...] = ()

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "Stay | None":
        """Read the value of the key ``stay``."""
        found = reader.mapping(value, path, ("diagnosis", "period"), ("positions", "at_least", "medical_units"))
        if found is None:
            return None
        codes = read_codes(found["diagnosis"], f"{path}.diagnosis", reader, System.ICD10)
        period = Period.read(found["period"], f"{path}.period", reader)
        chosen = found.get("positions", [position.value for position in Position])
        positions = read_choices(chosen, f"{path}.positions", reader, Position)
        at_least = read_at_least(found, path, reader)
        units = read_units(found, path, reader)
        if codes is None or period is None or positions is None or at_least is None or units is None:
            return None
        return cls(codes, period, tuple(Position(item) for item in positions), at_least, units)

    def to_json(self) -> JSON:
        """The value of the key ``stay``."""
        units: dict[str, JSON] = {"medical_units": list(self.medical_units)} if self.medical_units else {}
        return {
            "diagnosis": list(self.diagnosis),
            "positions": [position.value for position in self.positions],
            "period": self.period.to_json(),
            "at_least": self.at_least,
            **units,
        }

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        where = listing([POSITION_WORDS[language][position] for position in self.positions], language)
        what = named(System.ICD10, self.diagnosis, language, "code ")
        times, when = dates(self.at_least, language), self.period.phrase(language)
        if language == "fr":
            return (
                f"ont été hospitalisées (MCO){times} {when} avec pour diagnostic {where} {what}{self._units(language)}"
            )
        return f"were in hospital (MCO){times} {when} with as {where} diagnosis {what}{self._units(language)}"

    def _units(self, language: Language) -> str:
        if not self.medical_units:
            return ""
        listed = listing(self.medical_units, language)
        if language == "fr":
            return f", en passant par une unité médicale autorisée {listed}"
        return f", passing through a medical unit authorised {listed}"


@dataclass(frozen=True, slots=True)
class LongTermCondition(Timed):
    """A long-term condition (ALD) under way on at least one day of the period."""

    TAG: ClassVar[str] = "long_term_condition"
    at_least: ClassVar[int] = 1
    diagnosis: tuple[str, ...]
    numbers: tuple[int, ...]
    period: Period

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "LongTermCondition | None":
        """Read the value of the key ``long_term_condition``: diagnoses, numbers of the ALD list, or both (either)."""
        found = reader.mapping(value, path, ("period",), ("diagnosis", "numbers"))
        if found is None or not needs_one_of(found, ("diagnosis", "numbers"), path, reader):
            return None
        codes = optional_codes(found, "diagnosis", path, reader, System.ICD10)
        numbers: tuple[int, ...] | None = ()
        if "numbers" in found:
            numbers = reader.items(
                found["numbers"], f"{path}.numbers", lambda item, place: reader.whole_number(item, place, 1, 99)
            )
        period = Period.read(found["period"], f"{path}.period", reader)
        if codes is None or numbers is None or period is None:
            return None
        return cls(codes, tuple(sorted(set(numbers))), period)

    def to_json(self) -> JSON:
        """The value of the key ``long_term_condition``."""
        lists: dict[str, JSON] = {}
        if self.diagnosis:
            lists["diagnosis"] = list(self.diagnosis)
        if self.numbers:
            lists["numbers"] = list(self.numbers)
        return {**lists, "period": self.period.to_json()}

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        sign = f"n°{NO_BREAK_SPACE}" if language == "fr" else "no. "
        what = [named(System.ICD10, self.diagnosis, language, "code ")] if self.diagnosis else []
        if self.numbers:
            what.append(f"ALD {listing([f'{sign}{number}' for number in self.numbers], language)}")
        text, when = listing(what, language), self.period.phrase(language)
        if language == "fr":
            return f"ont été en affection de longue durée au moins un jour {when} pour {text}"
        return f"had a registered long-term condition on at least one day {when} for {text}"


@dataclass(frozen=True, slots=True)
class Drug(Timed):
    """A drug of these ATC classes or CIP13 codes dispensed in community care on ``at_least`` distinct dates."""

    TAG: ClassVar[str] = "drug"
    atc: tuple[str, ...]
    cip13: tuple[str, ...]
    period: Period
    at_least: int = 1

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "Drug | None":
        """Read the value of the key ``drug``: ATC prefixes, CIP13 codes, or both (either)."""
        found = reader.mapping(value, path, ("period",), ("atc", "cip13", "at_least"))
        if found is None or not needs_one_of(found, ("atc", "cip13"), path, reader):
            return None
        atc = optional_codes(found, "atc", path, reader, System.ATC)
        cip13 = optional_codes(found, "cip13", path, reader, System.CIP13)
        period = Period.read(found["period"], f"{path}.period", reader)
        at_least = read_at_least(found, path, reader)
        if atc is None or cip13 is None or period is None or at_least is None:
            return None
        return cls(atc, cip13, period, at_least)

    def to_json(self) -> JSON:
        """The value of the key ``drug``."""
        lists: dict[str, JSON] = {}
        if self.atc:
            lists["atc"] = list(self.atc)
        if self.cip13:
            lists["cip13"] = list(self.cip13)
        return {**lists, "period": self.period.to_json(), "at_least": self.at_least}

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        classes = named(System.ATC, self.atc, language, "ATC ")
        products = named(System.CIP13, self.cip13, language, "CIP ")
        what = listing([text for text in (classes, products) if text], language)
        times, when = dates(self.at_least, language), self.period.phrase(language)
        if language == "fr":
            return f"se sont fait délivrer en ville{times} {when} un médicament parmi{NO_BREAK_SPACE}: {what}"
        return f"had a drug dispensed in community care{times} {when} among: {what}"


@dataclass(frozen=True, slots=True)
class Act(Timed):
    """A medical act (CCAM) on ``at_least`` distinct dates: the date of care in DCIR, of entry and delay in a stay."""

    TAG: ClassVar[str] = "act"
    ccam: tuple[str, ...]
    period: Period
    places: tuple[Place, ...] = tuple(Place)
    at_least: int = 1

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "Act | None":
        """Read the value of the key ``act``."""
        found = reader.mapping(value, path, ("ccam", "period"), ("places", "at_least"))
        if found is None:
            return None
        codes = read_codes(found["ccam"], f"{path}.ccam", reader, System.CCAM)
        period = Period.read(found["period"], f"{path}.period", reader)
        chosen = found.get("places", [place.value for place in Place])
        places = read_choices(chosen, f"{path}.places", reader, Place)
        at_least = read_at_least(found, path, reader)
        if codes is None or period is None or places is None or at_least is None:
            return None
        return cls(codes, period, tuple(Place(item) for item in places), at_least)

    def to_json(self) -> JSON:
        """The value of the key ``act``."""
        return {
            "ccam": list(self.ccam),
            "places": [place.value for place in self.places],
            "period": self.period.to_json(),
            "at_least": self.at_least,
        }

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        where = listing([PLACE_WORDS[language][place] for place in self.places], language)
        what = named(System.CCAM, self.ccam, language, "CCAM ")
        times, when = dates(self.at_least, language), self.period.phrase(language)
        if language == "fr":
            return f"ont eu{times} {when}, {where}, un acte parmi{NO_BREAK_SPACE}: {what}"
        return f"had{times} {when}, {where}, an act among: {what}"


@dataclass(frozen=True, slots=True)
class Biology(Timed):
    """An analysis of biology (NABM) in community care on ``at_least`` distinct dates."""

    TAG: ClassVar[str] = "biology"
    nabm: tuple[str, ...]
    period: Period
    at_least: int = 1

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "Biology | None":
        """Read the value of the key ``biology``."""
        found = reader.mapping(value, path, ("nabm", "period"), ("at_least",))
        if found is None:
            return None
        codes = read_codes(found["nabm"], f"{path}.nabm", reader, System.NABM)
        period = Period.read(found["period"], f"{path}.period", reader)
        at_least = read_at_least(found, path, reader)
        return None if codes is None or period is None or at_least is None else cls(codes, period, at_least)

    def to_json(self) -> JSON:
        """The value of the key ``biology``."""
        return {"nabm": list(self.nabm), "period": self.period.to_json(), "at_least": self.at_least}

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        what = named(System.NABM, self.nabm, language, "NABM ")
        times, when = dates(self.at_least, language), self.period.phrase(language)
        if language == "fr":
            return f"ont eu en ville{times} {when} une analyse de biologie parmi{NO_BREAK_SPACE}: {what}"
        return f"had in community care{times} {when} an analysis of biology among: {what}"


@dataclass(frozen=True, slots=True)
class Age:
    """An age in completed years on a day. The SNDS has no day of birth: the first of the month stands for it."""

    TAG: ClassVar[str] = "age"
    on: date
    low: int = 0
    high: int = MAX_AGE

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "Age | None":
        """Read the value of the key ``age``: ``on`` a day, ``min`` and/or ``max`` years, both included."""
        found = reader.mapping(value, path, ("on",), ("min", "max"))
        if found is None or not needs_one_of(found, ("min", "max"), path, reader):
            return None
        on = reader.day(found["on"], f"{path}.on")
        low = reader.whole_number(found.get("min", 0), f"{path}.min", 0, MAX_AGE)
        high = reader.whole_number(found.get("max", MAX_AGE), f"{path}.max", 0, MAX_AGE)
        if on is None or low is None or high is None:
            return None
        if high < low:
            reader.note(
                path, "age_reversed", "l’âge maximal est inférieur à l’âge minimal", "the maximum is below the minimum"
            )
            return None
        return cls(on, low, high)

    def to_json(self) -> JSON:
        """The value of the key ``age``."""
        return {"on": self.on.isoformat(), "min": self.low, "max": self.high}

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        when = long_date(self.on, language)
        french = language == "fr"
        if self.low == self.high:
            years = f"{self.low}"
        elif self.high == MAX_AGE:
            years = f"au moins {self.low}" if french else f"at least {self.low}"
        elif self.low == 0:
            years = f"au plus {self.high}" if french else f"at most {self.high}"
        else:
            years = f"de {self.low} à {self.high}" if french else f"{self.low} to {self.high}"
        return f"avaient {years}{NO_BREAK_SPACE}ans le {when}" if french else f"were {years} years old on {when}"


@dataclass(frozen=True, slots=True)
class Sex:
    """The administrative sex recorded in the beneficiary referential."""

    TAG: ClassVar[str] = "sex"
    value: SexValue

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "Sex | None":
        """Read the value of the key ``sex``: ``"female"`` or ``"male"``."""
        chosen = reader.choice(value, path, [member.value for member in SexValue])
        return None if chosen is None else cls(SexValue(chosen))

    def to_json(self) -> JSON:
        """The value of the key ``sex``."""
        return self.value.value

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        words = {
            "fr": {SexValue.FEMALE: "sont de sexe féminin", SexValue.MALE: "sont de sexe masculin"},
            "en": {SexValue.FEMALE: "are female", SexValue.MALE: "are male"},
        }
        return words[language][self.value]


@dataclass(frozen=True, slots=True)
class Residence:
    """A region of residence, from the department in the beneficiary referential (BEN_RES_DPT)."""

    TAG: ClassVar[str] = "region"
    codes: tuple[str, ...]

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "Residence | None":
        """Read the value of the key ``region``: a list of INSEE region codes."""
        codes = reader.items(value, path, lambda item, place: reader.choice(item, place, sorted(REGIONS)))
        return None if codes is None else cls(tuple(sorted(set(codes))))

    def to_json(self) -> JSON:
        """The value of the key ``region``."""
        return list(self.codes)

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        names = listing([REGIONS[code].name(language) for code in self.codes], language)
        return f"résident dans la région {names}" if language == "fr" else f"live in the region {names}"


EventLeaf = Stay | LongTermCondition | Drug | Act | Biology
PersonLeaf = Age | Sex | Residence
Leaf = EventLeaf | PersonLeaf
EVENT_TAGS = frozenset({Stay.TAG, LongTermCondition.TAG, Drug.TAG, Act.TAG, Biology.TAG})

LEAVES: Mapping[str, Callable[[object, str, Reader], Leaf | None]] = {
    Stay.TAG: Stay.read,
    LongTermCondition.TAG: LongTermCondition.read,
    Drug.TAG: Drug.read,
    Act.TAG: Act.read,
    Biology.TAG: Biology.read,
    Age.TAG: Age.read,
    Sex.TAG: Sex.read,
    Residence.TAG: Residence.read,
}


def read_leaf(tag: str, value: object, path: str, reader: Reader) -> Leaf | None:
    """Read a leaf by its tag; one on events may say when its events count (see ``timing``)."""
    read = LEAVES[tag]
    if tag not in EVENT_TAGS:
        return read(value, path, reader)
    rest, index, within = read_timing(value, path, reader)
    leaf = read(rest, path, reader)
    return replace(leaf, index=index, within=within) if isinstance(leaf, Timed) else None
