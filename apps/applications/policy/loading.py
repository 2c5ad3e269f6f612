"""Reading a file of rules: everything is checked, so that a slip in the data stops the portal and no dossier.

A file is TOML: what each table holds is what the classes of `model` hold. Pure but for reading the file.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum
from pathlib import Path as File
from typing import Any, TypeVar

from apps.applications.policy import model
from apps.applications.policy.model import Stage, Text

Row = Mapping[str, Any]
Made = TypeVar("Made")
Word = TypeVar("Word", bound=StrEnum)


class BadPolicy(ValueError):
    """A file of rules says something impossible; the message says where."""


_FROM_MEMORY = "[R]"
_TO_CONFIRM = {"fr": "(à confirmer)", "en": "(to be confirmed)"}
"""How whoever reads a text that was written from memory is told so."""


def policy_read(file: File) -> model.Policy:
    """The rules of a file. Raises BadPolicy."""
    return policy_made(tomllib.loads(file.read_text(encoding="utf-8")), file.name)


def policy_made(row: Row, where: str = "policy") -> model.Policy:
    """The rules that this data stands for. Raises BadPolicy with the place of the first fault."""
    try:
        made = _policy(row)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadPolicy(f"{where}: {error!r}") from error
    for problem in problems(made, row):
        raise BadPolicy(f"{where}: {problem}")
    return made


def _policy(row: Row) -> model.Policy:
    shared = _Shared(row)
    return model.Policy(
        version=row["version"],
        valid_from=_day(row["valid_from"]),
        valid_to=_day_or_none(row, "valid_to"),
        source=_text(row["source"]),
        paths=tuple(_path(path, shared) for path in row["paths"]),
        questions=tuple(_question(question) for question in row["questions"]),
        forbidden=tuple(
            model.Forbidden(one["key"], _conditions(one), one["article"], _text(one["reason"]))
            for one in row["forbidden"]
        ),
        amendments=tuple(
            model.AmendmentRule(
                one["key"], _text(one["text"]), one["substantial"], _stages(one["reopens"]), _text(one["legal"])
            )
            for one in row["amendments"]
        ),
        renewal=_limit(row["renewal"]),
        exclusion=_limit(row["exclusion"]),
    )


def _limit(row: Row) -> model.Limit:
    return model.Limit(int(row["longest_years"]), _text(row["legal"]))


class _Shared:
    """What several paths refer to by its key."""

    def __init__(self, row: Row) -> None:
        self.titles = {one["kind"]: _text(one["title"]) for one in row["documents"]}
        self.checklist = {
            one["key"]: model.CheckItem(one["key"], _text(one["text"]), one["page"]) for one in row["checklist"]
        }
        self.reasons = {
            one["key"]: model.ReasonTemplate(one["key"], one["page"], _text(one["title"]), _text(one["text"]))
            for one in row["reasons"]
        }
        self.delays = {one["key"]: _delay(one) for one in row["delays"]}


def _path(row: Row, shared: _Shared) -> model.Path:
    return model.Path(
        key=row["key"],
        title=_text(row["title"]),
        summary=_text(row["summary"]),
        legal=_text(row["legal"]),
        because=_text(row["because"]),
        valid_from=_day(row["valid_from"]),
        valid_to=_day_or_none(row, "valid_to"),
        when=_conditions(row),
        stages=_stages(row["stages"]),
        committee=_word(model.Committee, row["committee"]),
        cnil=_word(model.Cnil, row["cnil"]),
        methodology=row.get("methodology", ""),
        delays={Stage(stage): shared.delays[key] for stage, key in row["delays"].items()},
        answer_delay=shared.delays[row["answer_delay"]] if "answer_delay" in row else None,
        documents=tuple(_documents(row["documents"], shared)),
        checklist=tuple(shared.checklist[key] for key in row["checklist"]),
        reasons=tuple(shared.reasons[key] for key in row["reasons"]),
        longest_access_years=int(row["longest_access_years"]),
        public_directory=bool(row["public_directory"]),
    )


def _documents(row: Row, shared: _Shared) -> Iterable[model.Document]:
    conditions = row.get("when", {})
    for required, kinds in ((True, row["required"]), (False, row["on_demand"])):
        for kind in kinds:
            yield model.Document(kind, shared.titles[kind], required, dict(conditions.get(kind, {})))


def _delay(row: Row) -> model.Delay:
    extension = row.get("extension")
    return model.Delay(
        period=_period(row),
        legal=_text(row["legal"]),
        extension=_period(extension) if extension else None,
        silence=row.get("silence", ""),
        silence_needs_express_opinion=row.get("silence_needs_express_opinion", False),
        reminders=tuple(row.get("reminders", ())),
    )


def _period(row: Row) -> model.Period:
    return model.Period(int(row["amount"]), _word(model.Unit, row["unit"]))


def _question(row: Row) -> model.Question:
    return model.Question(
        key=row["key"],
        label=_text(row["label"]),
        help=_text(row["help"]) if "help" in row else model.NO_TEXT,
        options=tuple(model.Option(one["value"], _text(one["label"])) for one in row["options"]),
        when=_conditions(row),
    )


def _conditions(row: Row) -> model.Conditions:
    return {key: tuple(values) for key, values in row.get("when", {}).items()}


def _stages(names: Iterable[str]) -> tuple[Stage, ...]:
    return tuple(Stage(name) for name in names)


def _word(words: type[Word], value: str) -> Word:
    return words(value)


def _text(row: Row) -> Text:
    text = Text(*(row[language].strip().replace(_FROM_MEMORY, words) for language, words in _TO_CONFIRM.items()))
    if not text.fr or not text.en:
        raise ValueError(f"a text in one language only: {row}")
    return text


def _day(value: Any) -> date:
    if not isinstance(value, date):
        raise TypeError(f"not a date: {value!r}")
    return value


def _day_or_none(row: Row, key: str) -> date | None:
    return _day(row[key]) if key in row else None


PATH_KEYS = frozenset(field.name for field in fields(model.Path))


def problems(policy: model.Policy, row: Row) -> Iterable[str]:
    """What a well-formed file still says wrongly, each as a sentence."""
    for path_row in row["paths"]:
        for key in sorted(set(path_row) - PATH_KEYS):
            yield f"{path_row['key']}: unknown key {key}"
    for check in CHECKS:
        for path in policy.paths:
            yield from (f"{path.key}: {problem}" for problem in check(path))
    yield from _amendment_problems(policy)
    yield from _question_problems(policy)


def _amendment_problems(policy: model.Policy) -> Iterable[str]:
    for rule in policy.amendments:
        if not {Stage.COMPLETENESS, Stage.DECISION} <= set(rule.reopens):
            yield f"amendment {rule.key}: without a review or a decision"
    for limit in (policy.renewal, policy.exclusion):
        if limit.longest_years < 1:
            yield "a renewal or an exclusion of less than a year"


def _stage_problems(path: model.Path) -> Iterable[str]:
    if tuple(sorted(path.stages, key=list(Stage).index)) != path.stages or len(set(path.stages)) < len(path.stages):
        yield "stages out of order or twice"
    if not {Stage.COMPLETENESS, Stage.DECISION} <= set(path.stages):
        yield "every path has a completeness review and a decision"
    for stage in path.delays:
        if stage not in path.stages:
            yield f"a delay for {stage}, which the path does not have"


def _authority_problems(path: model.Path) -> Iterable[str]:
    if (path.committee is not model.Committee.NONE) != (Stage.COMMITTEE in path.stages):
        yield "the committee and its stage do not go together"
    if (path.cnil is model.Cnil.DECISION) != (Stage.CNIL in path.stages):
        yield "the authority's decision and its stage do not go together"
    if (path.cnil is model.Cnil.COMMITMENT) != (Stage.COMMITMENT in path.stages):
        yield "the commitment and its stage do not go together"
    if Stage.CHOICE in path.stages and not {Stage.COMMITTEE, Stage.CNIL} <= set(path.stages):
        yield "a choice stands between an opinion and a decision of the authority"


def _silence_problems(path: model.Path) -> Iterable[str]:
    for stage, delay in path.delays.items():
        if delay.period.amount <= 0 or (delay.extension and delay.extension.amount <= 0):
            yield f"{stage}: a delay that is none"
        if delay.silence and stage not in (Stage.COMMITTEE, Stage.CNIL):
            yield f"{stage}: silence decides nothing here"
        if stage is Stage.COMMITTEE and delay.silence and path.committee is not model.Committee.TACIT_ALLOWED:
            yield "an express opinion is needed, yet silence would give one"


def _validity_problems(path: model.Path) -> Iterable[str]:
    if path.valid_to and path.valid_to < path.valid_from:
        yield "ends before it begins"
    if path.longest_access_years < 1:
        yield "access of less than a year"


CHECKS: tuple[Callable[[model.Path], Iterable[str]], ...] = (
    _stage_problems,
    _authority_problems,
    _silence_problems,
    _validity_problems,
)


def _question_problems(policy: model.Policy) -> Iterable[str]:
    values = {question.key: {option.value for option in question.options} for question in policy.questions}
    conditions = [(f"path {path.key}", path.when) for path in policy.paths]
    conditions += [(f"forbidden {one.key}", one.when) for one in policy.forbidden]
    conditions += [(f"question {one.key}", one.when) for one in policy.questions]
    for name, when in conditions:
        for key, wanted in when.items():
            for value in set(wanted) - values.get(key, set()):
                yield f"{name}: no question {key} has the answer {value}"
    if not any(not path.when for path in policy.paths):
        yield "no path takes what fits no other"
