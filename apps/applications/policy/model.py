"""What the rules of a day are made of: paths, stages, delays, documents, checklists, questions. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from apps.applications.form_spec import NO_TEXT, Text


class UnknownRule(LookupError):
    """No such path, delay or version of the rules: a key that no policy file holds."""


class Stage(StrEnum):
    """A step of the procedure between the submission and the opening of the project."""

    COMPLETENESS = "completeness"
    COMMITTEE = "committee"
    CHOICE = "choice"
    COMMITMENT = "commitment"
    CNIL = "cnil"
    DECISION = "decision"
    AGREEMENT = "agreement"


class Committee(StrEnum):
    """Whether the committee's opinion is needed, and whether its silence may stand for one."""

    NONE = "none"
    EXPRESS = "express"
    TACIT_ALLOWED = "tacit_allowed"


class Cnil(StrEnum):
    """The part of the data protection authority."""

    NONE = "none"
    DECISION = "decision"
    COMMITMENT = "commitment"
    DELEGATED = "delegated"


class Unit(StrEnum):
    """What a delay counts. Working days leave out Saturdays, Sundays and French public holidays."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


@dataclass(frozen=True)
class Period:
    """A number of days, weeks or months."""

    amount: int
    unit: Unit


@dataclass(frozen=True)
class Delay:
    """How long a stage may last. `extension` is granted once, with reasons.

    `silence` is the outcome proposed to a steward when it lapses, empty when silence means nothing; with
    `silence_needs_express_opinion` it means nothing either unless the committee's opinion was given expressly.
    """

    period: Period
    legal: Text
    extension: Period | None = None
    silence: str = ""
    silence_needs_express_opinion: bool = False
    reminders: tuple[int, ...] = ()


@dataclass(frozen=True)
class Document:
    """A kind of document of a complete file. `required` False: asked for when the case demands it."""

    kind: str
    title: Text
    required: bool
    when: Mapping[str, str]


@dataclass(frozen=True)
class CheckItem:
    """One thing that a steward verifies before calling a file complete; `page` is the page of the form it bears on."""

    key: str
    text: Text
    page: str


@dataclass(frozen=True)
class ReasonTemplate:
    """A reason that is often given, to be adapted, bound to a page of the form; no page: for refusals."""

    key: str
    page: str
    title: Text
    text: Text


Conditions = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Path:
    """One way through the procedure. Valid from a day to a day, both included; no end means open."""

    key: str
    title: Text
    summary: Text
    legal: Text
    because: Text
    valid_from: date
    valid_to: date | None
    when: Conditions
    stages: tuple[Stage, ...]
    committee: Committee
    cnil: Cnil
    methodology: str
    delays: Mapping[Stage, Delay]
    answer_delay: Delay | None
    documents: tuple[Document, ...]
    checklist: tuple[CheckItem, ...]
    reasons: tuple[ReasonTemplate, ...]
    longest_access_years: int
    public_directory: bool

    def delay(self, stage: Stage) -> Delay | None:
        """How long the stage may last; None where no rule says so."""
        return self.delays.get(stage)

    @property
    def required_documents(self) -> tuple[Document, ...]:
        """The documents without which a file is not complete."""
        return tuple(document for document in self.documents if document.required)

    def in_force(self, day: date) -> bool:
        """Whether a dossier may be started on this path on this day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Option:
    """One possible answer to a question of the assistant."""

    value: str
    label: Text


@dataclass(frozen=True)
class Question:
    """One question of the assistant, asked only when the answers given before fulfil `when`."""

    key: str
    label: Text
    help: Text
    options: tuple[Option, ...]
    when: Conditions


@dataclass(frozen=True)
class Forbidden:
    """A purpose for which nobody gets these data."""

    key: str
    when: Conditions
    article: str
    reason: Text


@dataclass(frozen=True)
class AmendmentRule:
    """A kind of change of what was authorised: whether it is substantial, by which source, what it opens again."""

    key: str
    text: Text
    substantial: bool
    reopens: tuple[Stage, ...]
    legal: Text


@dataclass(frozen=True)
class Limit:
    """For how many years something may last at most, and by which source."""

    longest_years: int
    legal: Text


@dataclass(frozen=True)
class Policy:
    """The rules of a time, by their version. A dossier keeps the version of the day it was first submitted.

    `renewal` bounds one renewal of access, `exclusion` how long a misuse bars from new applications.
    """

    version: str
    valid_from: date
    valid_to: date | None
    source: Text
    paths: tuple[Path, ...]
    questions: tuple[Question, ...]
    forbidden: tuple[Forbidden, ...]
    amendments: tuple[AmendmentRule, ...]
    renewal: Limit
    exclusion: Limit

    def path(self, key: str) -> Path:
        """The path of this key. Raises UnknownRule."""
        for path in self.paths:
            if path.key == key:
                return path
        raise UnknownRule(f"no path {key} in the rules {self.version}")

    def paths_in_force(self, day: date) -> tuple[Path, ...]:
        """The paths on which a dossier may be started on this day, in the order of the file."""
        return tuple(path for path in self.paths if path.in_force(day))

    def amendment(self, key: str) -> AmendmentRule:
        """The rule about this kind of change. Raises UnknownRule."""
        for rule in self.amendments:
            if rule.key == key:
                return rule
        raise UnknownRule(f"no rule about the change {key} in the rules {self.version}")


__all__ = [
    "NO_TEXT",
    "AmendmentRule",
    "CheckItem",
    "Cnil",
    "Committee",
    "Conditions",
    "Delay",
    "Document",
    "Forbidden",
    "Limit",
    "Option",
    "Path",
    "Period",
    "Policy",
    "Question",
    "ReasonTemplate",
    "Stage",
    "Text",
    "Unit",
    "UnknownRule",
]
