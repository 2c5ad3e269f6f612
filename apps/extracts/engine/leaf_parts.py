"""The parts that leaves of a population tree are made of: periods, code lists, numbers of dates, and their words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .codelists import label
from .codes import NOTATIONS, System, well_written
from .reading import JSON, Reader
from .words import NO_BREAK_SPACE, Language, listing, long_date

MAX_CODES = 500
MAX_DATES = 366
MAX_AGE = 130
UNIT_PATTERN = r"^[0-9]{2}[A-Z]?$"


class Position(StrEnum):
    """Where a diagnosis stands in a hospital stay."""

    PRINCIPAL = "principal"
    RELATED = "related"
    ASSOCIATED = "associated"


class Place(StrEnum):
    """Where a medical act took place: in a stay (MCO) or in community care (DCIR)."""

    STAY = "stay"
    COMMUNITY = "community"


class SexValue(StrEnum):
    """Administrative sex."""

    MALE = "male"
    FEMALE = "female"


SEX_CODES: Mapping[SexValue, int] = {SexValue.MALE: 1, SexValue.FEMALE: 2}
"""Values of BEN_SEX_COD."""


POSITION_WORDS: Mapping[Language, Mapping[Position, str]] = {
    "fr": {Position.PRINCIPAL: "principal", Position.RELATED: "relié", Position.ASSOCIATED: "associé"},
    "en": {Position.PRINCIPAL: "principal", Position.RELATED: "related", Position.ASSOCIATED: "associated"},
}
PLACE_WORDS: Mapping[Language, Mapping[Place, str]] = {
    "fr": {Place.STAY: "au cours d’un séjour hospitalier", Place.COMMUNITY: "en ville"},
    "en": {Place.STAY: "during a hospital stay", Place.COMMUNITY: "in community care"},
}


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``start`` to ``end``, both included."""

    start: date
    end: date

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "Period | None":
        """``{"from": "YYYY-MM-DD", "to": "YYYY-MM-DD"}``."""
        found = reader.mapping(value, path, ("from", "to"))
        if found is None:
            return None
        start, end = reader.day(found["from"], f"{path}.from"), reader.day(found["to"], f"{path}.to")
        if start is None or end is None:
            return None
        if end < start:
            reader.note(
                path,
                "period_reversed",
                "la période se termine avant d’avoir commencé",
                "the period ends before it starts",
            )
            return None
        return cls(start, end)

    def to_json(self) -> JSON:
        """The same form as ``read`` takes."""
        return {"from": self.start.isoformat(), "to": self.end.isoformat()}

    def phrase(self, language: Language) -> str:
        """``du … au …``, ``from … to …``."""
        first, last = long_date(self.start, language), long_date(self.end, language)
        return f"du {first} au {last}" if language == "fr" else f"from {first} to {last}"


def read_codes(value: object, path: str, reader: Reader, system: System) -> tuple[str, ...] | None:
    """A list of codes of ``system``, sorted and without repetition."""
    notation = NOTATIONS[system]

    def read(item: object, place: str) -> str | None:
        if isinstance(item, str) and well_written(system, item):
            return item
        reader.note(
            place,
            "bad_code",
            f"«\u00a0{item}\u00a0» n’est pas écrit comme un code {notation.name_fr} "
            f"(exemples\u00a0: {notation.example})",
            f"“{item}” is not written like a code of {notation.name_en} (examples: {notation.example})",
        )
        return None

    codes = reader.items(value, path, read)
    if codes is None:
        return None
    if len(codes) > MAX_CODES:
        reader.note(path, "too_many_codes", f"{MAX_CODES} codes au plus", f"{MAX_CODES} codes at most")
        return None
    return tuple(sorted(set(codes)))


def optional_codes(
    found: Mapping[str, object], key: str, path: str, reader: Reader, system: System
) -> tuple[str, ...] | None:
    return read_codes(found[key], f"{path}.{key}", reader, system) if key in found else ()


def read_choices(value: object, path: str, reader: Reader, among: type[StrEnum]) -> tuple[str, ...] | None:
    """A list of members of ``among``, in the order of the enumeration and without repetition."""
    values = [member.value for member in among]
    chosen = reader.items(value, path, lambda item, place: reader.choice(item, place, values))
    return None if chosen is None else tuple(member for member in values if member in chosen)


def read_units(found: Mapping[str, object], path: str, reader: Reader) -> tuple[str, ...] | None:
    """Types of authorisation of medical units (AUT_TYP1_UM), whole or their beginning; none when absent."""
    if "medical_units" not in found:
        return ()

    def read(item: object, place: str) -> str | None:
        if isinstance(item, str) and re.fullmatch(UNIT_PATTERN, item):
            return item
        reader.note(
            place,
            "bad_code",
            f"«\u00a0{item}\u00a0» n’est pas écrit comme un type d’autorisation d’unité médicale "
            f"(exemples\u00a0: 01A, 13)",
            f"“{item}” is not written like a type of authorisation of a medical unit (examples: 01A, 13)",
        )
        return None

    units = reader.items(found["medical_units"], f"{path}.medical_units", read)
    return None if units is None else tuple(sorted(set(units)))


def read_at_least(found: Mapping[str, object], path: str, reader: Reader) -> int | None:
    return reader.whole_number(found.get("at_least", 1), f"{path}.at_least", 1, MAX_DATES)


def needs_one_of(found: Mapping[str, object], keys: Sequence[str], path: str, reader: Reader) -> bool:
    if any(key in found for key in keys):
        return True
    names = ", ".join(keys)
    reader.note(path, "missing_key", f"il faut au moins une clé parmi {names}", f"at least one of {names} is needed")
    return False


def named(system: System, codes: Sequence[str], language: Language, word: str = "") -> str:
    """Codes with their labels where the project knows them: ``diabète de type 2 (E11) ou I10``."""

    def one(code: str) -> str:
        known = label(system, code, language)
        return f"{known} ({code})" if known else f"{word}{code}"

    return listing([one(code) for code in codes], language)


def dates(count: int, language: Language) -> str:
    """``à au moins 3 dates différentes``; nothing when once is enough."""
    if count == 1:
        return ""
    if language == "fr":
        return f" à au moins {count}{NO_BREAK_SPACE}dates différentes"
    return f" on at least {count} different dates"
