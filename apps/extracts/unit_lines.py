"""The units of an extract, line by line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.extracts.models import ExtractUnit
from apps.extracts.rules import UnitState, state_of_unit
from apps.extracts.sentences import STAGES, UNIT_STATES


@dataclass(frozen=True)
class UnitLine:
    """One unit: its stage and state in words, and how long it took."""

    stage: str
    state: UnitState
    said: str
    unit: ExtractUnit
    seconds: float | None


def unit_lines(units: Iterable[ExtractUnit]) -> list[UnitLine]:
    """What the page shows of each unit."""
    return [_line(unit) for unit in units]


def _line(unit: ExtractUnit) -> UnitLine:
    state = state_of_unit(
        begun=unit.started_at is not None, taken=unit.lane is not None, done=unit.finished_at is not None
    )
    took = (unit.finished_at - unit.started_at).total_seconds() if unit.finished_at and unit.started_at else None
    return UnitLine(str(STAGES[unit.kind]), state, str(UNIT_STATES[state]), unit, took)


def kinds_alike(stage: str) -> list[str]:
    """The kinds of units that read like this one; none for what is no kind: all units are then meant."""
    return [kind for kind, said in STAGES.items() if stage in STAGES and str(said) == str(STAGES[stage])]


def stages_to_choose(chosen: str) -> dict[str, Any]:
    """The stages by the first kind of each, and which of them was chosen."""
    firsts: dict[str, str] = {}
    for kind, said in STAGES.items():
        firsts.setdefault(str(said), kind)
    return {"stages": [(kind, said) for said, kind in firsts.items()], "stage": chosen}
