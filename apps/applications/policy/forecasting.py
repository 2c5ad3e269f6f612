"""What a dossier still has before it, by when at the latest, and when most likely. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from apps.applications.policy.calendar import period_end, working_day_from
from apps.applications.policy.model import Path, Stage, Text


@dataclass(frozen=True)
class Usual:
    """How long a stage usually took, in days from its beginning to its end: the median of so many cases."""

    days: int
    cases: int


@dataclass(frozen=True)
class Foreseen:
    """One stage of a dossier's way. `latest` is the last day the rules leave for it, None where none sets one, or where
    an earlier stage has none either; `legal` the source of the delay. `likely` is the day by what was usual, `cases`
    out of how many; None where too little was seen of the stage, or of one before it.
    """

    stage: Stage
    is_done: bool
    is_present: bool
    latest: date | None
    legal: Text | None
    likely: date | None = None
    cases: int = 0


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


def with_likely_days(
    found: Iterable[Foreseen], usual: Mapping[Stage, Usual], today: date, since: date | None
) -> tuple[Foreseen, ...]:
    """The same with the likely day of each stage to come. `since`: when the present one began; a stage that has taken
    longer than usual is expected today.
    """
    return tuple(_likely(found, usual, today, since))


def _likely(
    found: Iterable[Foreseen], usual: Mapping[Stage, Usual], today: date, since: date | None
) -> Iterator[Foreseen]:
    start: date | None = today
    for one in found:
        if one.is_done:
            yield one
            continue
        seen, begun = usual.get(one.stage), (since or today) if one.is_present else start
        start = max(today, begun + timedelta(days=seen.days)) if seen and begun else None
        yield replace(one, likely=start, cases=seen.cases) if start and seen else one
