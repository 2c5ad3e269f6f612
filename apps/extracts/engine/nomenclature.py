"""Which codes exist: those of the source's own nomenclature tables, or the small lists that the project knows.

The web process has no access to the source and uses ``builtin_nomenclature``; the extract worker checks again with what
the source holds.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pyarrow.parquet as pq

from .codelists import CODES
from .codes import NOTATIONS, System
from .places import Place
from .problems import SourceError

SOURCE_TABLES: Mapping[System, tuple[str, str]] = {
    System.ICD10: ("IR_CIM_V", "CIM_COD"),
    System.CCAM: ("IR_CCAM_V63", "CAM_PRS_IDE_COD"),
    System.ATC: ("IR_PHA_R", "PHA_ATC_CLA"),
    System.CIP13: ("IR_PHA_R", "PHA_CIP_C13"),
    System.NABM: ("IR_BIO_R", "BIO_PRS_IDE"),
}


@dataclass(frozen=True, slots=True)
class Nomenclature:
    """Known codes per system, sorted."""

    codes: Mapping[System, tuple[str, ...]]

    def matching(self, system: System, code: str) -> tuple[str, ...]:
        """The known codes that ``code`` designates: itself, and those it begins where the system has prefixes."""
        known = self.codes.get(system, ())
        start = bisect_left(known, code)
        if not NOTATIONS[system].prefixes:
            return known[start : start + 1] if known[start : start + 1] == (code,) else ()
        return known[start : bisect_left(known, code + chr(0x10FFFF))]


@cache
def builtin_nomenclature() -> Nomenclature:
    """The codes of the synthetic SNDS, known without any source."""
    return Nomenclature({system: tuple(sorted(codes)) for system, codes in CODES.items()})


def load_nomenclature(source: Place) -> Nomenclature:
    """The codes of a source, from its own tables. Raises ``SourceError`` naming the table that cannot be read."""
    return Nomenclature({system: _column(source, *SOURCE_TABLES[system]) for system in System})


def _column(source: Place, table: str, column: str) -> tuple[str, ...]:
    folder = source / table
    files: list[Place] = sorted(folder.glob("*.parquet"), key=str)
    if not files:
        raise SourceError(str(folder), "the nomenclature table is missing from the source")
    found: set[str] = set()
    for file in files:
        try:
            with file.open("rb") as stream:
                values = pq.read_table(stream, columns=[column]).column(column).to_pylist()
        except (OSError, ValueError, KeyError) as error:
            raise SourceError(str(file), f"the nomenclature cannot be read ({error})") from error
        found.update(str(value) for value in values if value is not None)
    return tuple(sorted(found))
