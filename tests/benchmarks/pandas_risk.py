"""How exposed people are in an extract, as a pandas script counts it: the second opinion on the engine's risk report.

A class is made of the persons who have a row with the same values; a person in several classes is as exposed as in the
smallest. What is absent is a value like another, but for what is sensitive, where it is none.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

SMALL = 11
RISK: Mapping[str, tuple[tuple[str, ...], str]] = {
    "ER_PRS_F": (("BEN_AMA_COD", "BEN_RES_DPT", "EXE_SOI_DTD"), "PRS_NAT_REF"),
    "IR_BEN_R": (("BEN_SEX_COD",), ""),
}
"""By table, what an intruder may know of somebody, the most common knowledge first; and what is sensitive."""


class PandasRisk:
    """The counts of one delivered table, whose rows come file by file with the number of their person (``who``)."""

    def __init__(self, known: Sequence[str], sensitive: str) -> None:
        self.known, self.sensitive = list(known), sensitive
        self.people: list[Any] = []
        self.values: list[Any] = []
        self.seconds = 0.0

    def add(self, rows: Any) -> None:
        """Take in the rows of one file."""
        began = time.process_time()
        self.people.append(rows[[*self.known, "who"]].drop_duplicates())
        if self.sensitive:
            self.values.append(rows[[*self.known, self.sensitive]].drop_duplicates())
        self.seconds += time.process_time() - began

    def found(self) -> list[dict[str, Any]]:
        """For each set of columns, each holding the one before, what the engine's report tells of it."""
        import pandas as pd

        began = time.process_time()
        people = pd.concat(self.people)
        self.people.clear()
        values = pd.concat(self.values) if self.sensitive else None
        self.values.clear()
        found = [self._counted(people, values, self.known[:end]) for end in range(1, len(self.known) + 1)]
        self.seconds += time.process_time() - began
        return found

    def _counted(self, people: Any, values: Any, columns: list[str]) -> dict[str, Any]:
        members = people[[*columns, "who"]].drop_duplicates()
        sizes = members.groupby(columns, dropna=False).who.transform("size")
        persons, alone = int(members.who.nunique()), int(members.who[sizes == 1].nunique())
        told = None if values is None else values.groupby(columns, dropna=False)[self.sensitive].nunique()
        return {
            "persons": _masked(persons),
            "k": int(sizes.min()),
            "l": None if told is None else int(told.min()),
            "alone": _masked(alone),
            "share_alone": round(alone / persons, 4),
            "in_classes_under_11": _masked(int(members.who[sizes < SMALL].nunique())),
        }


def _masked(count: int) -> int | str:
    return count if count >= SMALL else f"<{SMALL}"
