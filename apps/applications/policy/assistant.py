"""From a few answers to the path of a dossier, with the reason, the documents and the expected calendar. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from apps.applications.form_spec import Text
from apps.applications.policy.calendar import period_end, working_day_from
from apps.applications.policy.model import Conditions, Delay, Document, Path, Policy, Question, Stage
from apps.applications.policy.registry import policy_on

Answers = Mapping[str, str]


@dataclass(frozen=True)
class CalendarStep:
    """One stage of the expected calendar. `latest` is the last day of its legal delay, None where no rule sets one."""

    stage: Stage
    delay: Delay | None
    latest: date | None


@dataclass(frozen=True)
class Advice:
    """What the assistant says. `path` is None for a forbidden purpose (then `article` is set) or an unfinished round.

    `waiting` holds the questions still to be answered, in order.
    """

    path: Path | None
    forbidden: bool
    article: str
    reason: Text
    documents: tuple[Document, ...]
    calendar: tuple[CalendarStep, ...]
    waiting: tuple[Question, ...]


UNFINISHED = Text("Répondez à toutes les questions.", "Answer all the questions.")


def assist(answers: Answers, day: date) -> Advice:
    """The advice for these answers by the rules of `day`. Answers that no question proposes count as none."""
    policy = policy_on(day)
    known = _known(answers, policy)
    for purpose in policy.forbidden:
        if holds(purpose.when, known):
            return Advice(None, True, purpose.article, purpose.reason, (), (), ())
    waiting = tuple(question for question in asked(known, policy) if question.key not in known)
    if waiting:
        return Advice(None, False, "", UNFINISHED, (), (), waiting)
    path = chosen_path(known, policy, day)
    return Advice(path, False, "", path.because, path.documents, calendar(path, day), ())


def asked(answers: Answers, policy: Policy) -> tuple[Question, ...]:
    """The questions that these answers make relevant, in order."""
    return tuple(question for question in policy.questions if holds(question.when, answers))


def chosen_path(answers: Answers, policy: Policy, day: date) -> Path:
    """The first path in force whose conditions these answers fulfil; the last one takes what fits no other."""
    return next(path for path in policy.paths_in_force(day) if holds(path.when, answers))


def holds(conditions: Conditions, answers: Answers) -> bool:
    """Whether each condition is met by an answer."""
    return all(answers.get(key) in values for key, values in conditions.items())


def calendar(path: Path, day: date) -> tuple[CalendarStep, ...]:
    """The stages of a path with the last day of each legal delay, were the file submitted complete on `day`."""
    return tuple(_steps(path, working_day_from(day)))


def _steps(path: Path, start: date) -> Iterator[CalendarStep]:
    for stage in path.stages:
        delay = path.delay(stage)
        latest = period_end(start, delay.period) if delay else None
        yield CalendarStep(stage, delay, latest)
        start = latest or start


def _known(answers: Answers, policy: Policy) -> dict[str, str]:
    values = {question.key: {option.value for option in question.options} for question in policy.questions}
    return {key: value for key, value in answers.items() if value in values.get(key, set())}
