"""What the pages about an extract show."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.utils import timezone
from django.utils.translation import get_language, gettext

from apps.accounts.models import Person
from apps.extracts.engine.catalogue import FAMILY_TITLES, Family
from apps.extracts.engine.protection import LEVEL_WORDS, Level
from apps.extracts.engine.risk import title_of
from apps.extracts.models import ExtractRequest
from apps.extracts.releasing import policy_for
from apps.extracts.removal import kept_until
from apps.extracts.rules import FINISHED, Status, beyond
from apps.extracts.selectors import StageLine, actions_of, progress_of
from apps.extracts.sentences import STAGES

ROW, BAR = 24, 8
"""The height of a set of quasi-identifiers in a chart, and of one of its two bars."""


@dataclass(frozen=True)
class Bar:
    """A share of the persons as a bar: where it is in the chart, how long in per cent, and in words."""

    y: int
    percent: float

    @property
    def end(self) -> int:
        """Where the figure beside the bar begins."""
        return round(self.percent) + 4

    @property
    def middle(self) -> int:
        """The height of that figure."""
        return self.y + BAR // 2

    @property
    def said(self) -> str:
        """The share, in per cent."""
        return f"{self.percent:.1f}"


@dataclass(frozen=True)
class RiskLine:
    """One set of quasi-identifiers: what was measured as delivered, and on exact values where they differ."""

    columns: str
    after: Mapping[str, Any]
    before: Mapping[str, Any] | None
    label_y: int
    bar: Bar
    bar_before: Bar | None


@dataclass(frozen=True)
class RiskOfTable:
    """A delivered table about people."""

    name: str
    title: str
    sensitive: str
    lines: Sequence[RiskLine]

    @property
    def height(self) -> int:
        """Of the chart, in its own units."""
        return ROW * len(self.lines)

    @property
    def is_coarser(self) -> bool:
        """Whether something was also measured before values were made coarser."""
        return any(line.before for line in self.lines)


def report_page(request: ExtractRequest, person: Person) -> dict[str, Any]:
    """The page of one extract."""
    language = _language()
    return {
        "extract": request,
        "project": request.project,
        "actions": actions_of(request, person),
        "moving": Status(request.status) not in FINISHED,
        "kept_until": _kept_until(request),
        **progress_in_words(request),
        "flow": [(step["criterion"][language], step["persons"]) for step in request.report.get("population_flow", [])],
        "filters": [_filter(chosen, language) for chosen in request.report.get("filters", [])],
        "identifiers": list(_identifiers(request.report.get("potential_identifiers", {}))),
        "beyond": list(_beyond(request)),
        "risk": [_of_table(name, found) for name, found in sorted(request.report.get("risk", {}).items())],
    }


def _kept_until(request: ExtractRequest) -> date | None:
    """Until when what was delivered is kept, once the rights to it ended and nobody asked for its removal yet."""
    if request.status != Status.DELIVERED or request.removal_asked_at:
        return None
    project = request.project
    over = project.ended_on is not None or project.entitlement.ends_on < timezone.localdate()
    return kept_until(project) if over else None


def _beyond(request: ExtractRequest) -> Iterator[tuple[str, str]]:
    """What exposes more than the policy lets through: each table, and its columns."""
    if request.report:
        for found in beyond(request.report["risk"], policy_for(request.report)):
            yield found.table, ", ".join(found.columns)


def progress_in_words(request: ExtractRequest) -> dict[str, Any]:
    """The stages of an extract under way with their names, and the minutes that are left. Nothing once it is finished.

    One query while the extract runs, none otherwise.
    """
    if request.status != Status.RUNNING:
        return {"stages": [], "minutes_left": None}
    progress = progress_of(request)
    minutes = None if progress.left is None else max(1, round(progress.left.total_seconds() / 60))
    return {"stages": list(_stages(progress.stages)), "minutes_left": minutes}


def _stages(lines: Sequence[StageLine]) -> Iterator[tuple[str, StageLine]]:
    """Kinds that read alike are one stage to people."""
    merged: dict[str, StageLine] = {}
    for line in lines:
        label = str(STAGES[line.kind])
        known = merged.get(label, StageLine(line.kind, 0, 0, 0, 0))
        merged[label] = StageLine(
            line.kind,
            known.done + line.done,
            known.total + line.total,
            known.rows + line.rows,
            known.bytes + line.bytes,
        )
    yield from merged.items()


def _filter(chosen: Mapping[str, Any], language: str) -> tuple[str, bool, int]:
    return chosen["removes"][language], chosen["applied"], chosen["rows_removed_from_delivery"]


def _identifiers(found: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Each family of potential identifiers, its columns, and how coarse it is delivered."""
    language = _language()
    place = 0 if language == "fr" else 1
    for family, facts in found.items():
        level = facts["coarsened_to"]
        coarse = LEVEL_WORDS[language][Level(level)] if level else gettext("exact values")
        yield FAMILY_TITLES[Family(family)][place], ", ".join(facts["columns"]), coarse


def _of_table(name: str, found: Mapping[str, Any]) -> RiskOfTable:
    lines = [_line(place, one) for place, one in enumerate(found["sets"])]
    return RiskOfTable(name, title_of(name, _language()), found["sensitive"], lines)


def _line(place: int, one: Mapping[str, Any]) -> RiskLine:
    top, before = place * ROW, one.get("before")
    return RiskLine(
        columns=", ".join(one["quasi_identifiers"]),
        after=one["after"],
        before=before,
        label_y=top + ROW // 2,
        bar=Bar(top + 3, 100 * one["after"]["share_alone"]),
        bar_before=Bar(top + 3 + BAR + 1, 100 * before["share_alone"]) if before else None,
    )


def _language() -> Literal["fr", "en"]:
    return "en" if get_language() == "en" else "fr"
