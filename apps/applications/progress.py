"""Where is my file? The stages of a dossier in words: done, under way, to come, when most likely and at the latest."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from apps.applications import selectors, wording, workflow
from apps.applications.durations import usual_durations
from apps.applications.models import Application
from apps.applications.policy import Stage
from apps.applications.policy.forecasting import Foreseen, forecast, with_likely_days
from apps.applications.procedure_models import StageClock
from apps.core.errors import Message


@dataclass(frozen=True)
class StageLine:
    """One stage for a reader; `turn` is who is awaited in it, `cases` out of how many the likely day was told."""

    title: Message
    turn: Message
    is_done: bool
    is_present: bool
    latest: date | None
    legal: str
    likely: date | None
    cases: int


@dataclass(frozen=True)
class Progress:
    """All stages, and the day by which everything is decided at the latest, if the rules say one."""

    lines: tuple[StageLine, ...]
    decided_by: date | None


def progress_of(application: Application, clock: StageClock | None) -> Progress | None:
    """The way of a dossier that goes on; None once nobody is awaited. No query but the first of a day."""
    if application.state in workflow.FINAL:
        return None
    done = (Stage(stage) for stage in application.stages_done)
    present = workflow.STAGE_OF.get(application.state)
    due_on, today = clock.due_on if clock else None, timezone.localdate()
    found = forecast(selectors.path_of(application), done, present, today, due_on)
    found = with_likely_days(found, usual_durations(today), today, clock.started_on if clock else None)
    days = [one.latest for one in found if not one.is_done]
    return Progress(tuple(map(_line, found)), days[-1] if days and all(days) else None)


def _line(one: Foreseen) -> StageLine:
    turn = wording.TURNS[workflow.WHOSE_TURN[workflow.STATUS_OF[one.stage]]]
    legal = wording.said(one.legal) if one.legal else ""
    return StageLine(
        wording.STAGES[one.stage], turn, one.is_done, one.is_present, one.latest, legal, one.likely, one.cases
    )
