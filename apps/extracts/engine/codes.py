"""Code systems a criterion may use, and how a code of each is written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class System(StrEnum):
    """A code system."""

    ICD10 = "icd10"
    ATC = "atc"
    CIP13 = "cip13"
    CCAM = "ccam"
    NABM = "nabm"


@dataclass(frozen=True, slots=True)
class Notation:
    """How codes of a system are written; ``prefixes`` says whether the beginning of a code stands for all below it."""

    name_fr: str
    name_en: str
    pattern: str
    prefixes: bool
    example: str


NOTATIONS: Mapping[System, Notation] = {
    System.ICD10: Notation("CIM-10", "ICD-10", r"^[A-Z]([0-9]([0-9]([0-9A-Z+]{1,3})?)?)?$", True, "E11, E119"),
    System.ATC: Notation("ATC", "ATC", r"^[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?$", True, "A10, A10BA02"),
    System.CIP13: Notation("CIP13", "CIP13", r"^[0-9]{13}$", False, "3400930000007"),
    System.CCAM: Notation("CCAM", "CCAM", r"^[A-Z]{1,4}([0-9]{3})?$", True, "DEQP003, NEKA"),
    System.NABM: Notation("NABM", "NABM", r"^[0-9]{1,4}$", False, "1577, 552"),
}


def well_written(system: System, code: str) -> bool:
    """Whether ``code`` could be a code (or a prefix, where the system has them) of ``system``."""
    return re.fullmatch(NOTATIONS[system].pattern, code) is not None
