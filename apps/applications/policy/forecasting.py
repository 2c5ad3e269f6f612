"""What a dossier still has before it, and by when at the latest. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from apps.applications.policy.calendar import period_end, working_day_from
from apps.applications.policy.model import Path, Stage, Text


@dataclass(frozen=True)
class Foreseen:
    """One stage of a dossier's way. `latest` is the last day the rules leave for it, None where none sets one, or where
    an earlier stage has none either; `legal` the source of the delay.
    """

    stage: Stage
    is_done: bool
    is_present: bool
    latest: date | None
    legal: Text | None


def forecast(
    path: Path, done: Iterable[Stage], present: Stage | None, today: date, due_on: date | None
) -> tuple[Foreseen, ...]:
    """The stages of a path as they stand: what is done, what runs until `due_on`, what follows and by when.

    `present` None: the dossier is in its team's hands, and what follows is counted as if it were submitted today. Each
    legal delay is counted once, without extension or suspension.
    """
    return tuple(_steps(path, frozenset(done), present, today, due_on))


def _steps(
    path: Path, done: frozenset[Stage], present: Stage | None, today: date, due_on: date | None
) -> Iterator[Foreseen]:
    start = working_day_from(today)
    for stage in path.stages:
        delay, is_present = path.delay(stage), stage is present
        if stage in done and not is_present:
            yield Foreseen(stage, True, False, None, None)
            continue
        latest = period_end(start, delay.period) if delay else None
        if is_present and due_on:
            latest = max(due_on, today)
        yield Foreseen(stage, False, is_present, latest, delay.legal if delay else None)
        start = latest or start
