"""What the public sees of a project, and when. Pure.

Source: French public health code, article L. 1461-3 and R. 1461-9 (transparency of the projects), and the list of the
project's domain notes. Which paths are published is policy data (`public_directory`), which fields is the form's.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from apps.core.rules import Action, Role

# The address of a publication, from its identifier: ISO 26324, and the pattern that Crossref gives for modern ones.
DOI = re.compile(r"\b10\.\d{4,9}/[-._;()/:a-zA-Z0-9]+")
LONGEST = 8000
MOST_PUBLICATIONS = 50
PUBLISHED = frozenset({"approved"})
LEAD = frozenset({Role.PRINCIPAL_INVESTIGATOR})

ACTIONS: tuple[Action, ...] = (
    Action("directory.list", frozenset({Role.ANYONE})),
    Action("directory.feed", frozenset({Role.ANYONE})),
    Action("directory.download", frozenset({Role.ANYONE})),
    Action("directory.view", frozenset({Role.ANYONE}), PUBLISHED),
    Action(
        "directory.results",
        LEAD,
        PUBLISHED,
        ("GET", "POST"),
        readers=frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR}),
    ),
)


class Stage(StrEnum):
    """Where a published project stands."""

    TO_COME = "to_come"
    UNDER_WAY = "under_way"
    ENDED = "ended"
    REVOKED = "revoked"
    RESULTS = "results"


def stage(starts_on: date, ends_on: date, has_results: bool, today: date, *, ending: str = "") -> Stage:
    """Where a project stands on a day; both bounds of its access are included. `ending`: how it ended before them."""
    if ending == Stage.REVOKED:
        return Stage.REVOKED
    if has_results:
        return Stage.RESULTS
    if ending:
        return Stage.ENDED
    if today < starts_on:
        return Stage.TO_COME
    return Stage.UNDER_WAY if today <= ends_on else Stage.ENDED


def doi_of(reference: str) -> str:
    """The digital object identifier that a reference holds, without what ends a sentence; blank when it holds none."""
    found = DOI.search(reference)
    return found.group().rstrip(".,;:)") if found else ""


@dataclass(frozen=True)
class Results:
    """What a team tells of its project once it has results; each in French, and in English if they can."""

    method: str
    method_en: str
    results: str
    results_en: str
    publications: tuple[str, ...]
