"""The public page in the reader's language."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.directory import rules, selectors
from apps.directory.models import Entry
from apps.directory.rules import Stage
from apps.projects.models import Project

STAGES = {
    Stage.TO_COME: _("to come"),
    Stage.UNDER_WAY: _("under way"),
    Stage.ENDED: _("access ended"),
    Stage.REVOKED: _("access withdrawn"),
    Stage.RESULTS: _("results published"),
}
ENDINGS = dict(Project.Ending.choices)
BADGES = {
    Stage.TO_COME: "new",
    Stage.UNDER_WAY: "info",
    Stage.ENDED: "",
    Stage.REVOKED: "error",
    Stage.RESULTS: "success",
}


@dataclass(frozen=True)
class Line:
    """A project in the list. `title_language` is that of the title."""

    entry: Entry
    title: str
    title_language: str
    stage: Any
    badge: str
    path: str


@dataclass(frozen=True)
class Publication:
    """A reference, and the address its identifier stands for, if it has one."""

    text: str
    link: str


def lines(entries: Iterable[Entry], language: str) -> list[Line]:
    """Projects for a list. No query."""
    paths = selectors.paths_published()
    return [line(entry, language, paths.get(entry.path, entry.path)) for entry in entries]


def line(entry: Entry, language: str, path: str) -> Line:
    """One project for a list."""
    stage = selectors.stage_of(entry)
    in_english = language == "en" and bool(entry.title_en)
    title = entry.title_en if in_english else entry.title
    return Line(entry, title, "en" if in_english else "fr", STAGES[stage], BADGES[stage], path)


def outcome_of(entry: Entry, language: str) -> dict[str, Any]:
    """Method, results and publications as a reader of this language sees them, each text with its own language."""
    in_english = language == "en"
    return {
        "method": _translated(entry.method, entry.method_en, in_english),
        "results": _translated(entry.results, entry.results_en, in_english),
        "publications": list(_publications(entry.publications)),
    }


def _translated(french: str, english: str, in_english: bool) -> dict[str, str]:
    chosen = in_english and english
    return {"text": english if chosen else french, "language": "en" if chosen else "fr"}


def _publications(references: Iterable[str]) -> Iterator[Publication]:
    for reference in references:
        doi = rules.doi_of(reference)
        yield Publication(reference, f"https://doi.org/{doi}" if doi else "")
