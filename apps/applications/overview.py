"""Where a dossier stands: its pages, what is missing, whose turn it is, what may be done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from apps.accounts.models import Person
from apps.applications import following, rules, selectors, wording
from apps.applications.authorised import amendments_of, family_of, submissions_held
from apps.applications.form_spec import Contents, Specification
from apps.applications.models import Application, Decision, Obligation, Page, StageOutcome, Submission
from apps.applications.rules import EDITABLE, Facts, Missing
from apps.core.errors import Message

BUTTONS = (
    "application.edit",
    "application.submit",
    "application.withdraw",
    "application.member_add",
    "application.refer",
    "application.revise",
    "application.commit",
)


@dataclass(frozen=True)
class PageState:
    """One page in the menu: how many things it lacks, whether it may be edited, why it was returned."""

    key: str
    title: str
    lacking: int
    is_open: bool
    reason: str


@dataclass(frozen=True)
class MissingLine:
    """One thing that is missing, with the address of its field."""

    page: str
    label: str
    sentence: str
    url: str


@dataclass(frozen=True)
class Standing:
    """Where a dossier stands for a list."""

    badge: str
    turn: Message
    next_step: Message


def standing(application: Application) -> Standing:
    """Status colour, whose turn, next step. No query."""
    state = application.state
    return Standing(wording.BADGES[state], wording.TURNS[rules.whose_turn(state)], wording.NEXT_STEPS[state])


def page_states(
    application: Application, missing: Iterable[Missing], reasons: Mapping[str, str]
) -> tuple[PageState, ...]:
    """The menu of a dossier."""
    lacking = [found.page for found in missing]
    editable = application.state in EDITABLE
    return tuple(
        PageState(
            key=page.key,
            title=wording.said(page.title),
            lacking=lacking.count(page.key),
            is_open=editable and (not reasons or page.key in reasons),
            reason=reasons.get(page.key, ""),
        )
        for page in application.specification.pages
    )


def missing_lines(application: Application, missing: Iterable[Missing]) -> tuple[MissingLine, ...]:
    """Everything that is missing, in sentences, each with a link to its field."""
    return tuple(_missing_line(application, application.specification, found) for found in missing)


def _missing_line(application: Application, spec: Specification, missing: Missing) -> MissingLine:
    page = spec.page(missing.page)
    cell = page.cell(missing.field)
    named = {field.name: field for field in page.fields}
    field = cell[2] if cell else named.get(missing.field, page.fields[0])
    url = reverse("applications:page", args=[application.pk, page.key])
    return MissingLine(
        page=wording.said(page.title),
        label=wording.cell_label(*cell) if cell else wording.said(field.label),
        sentence=wording.missing_sentence(field, missing),
        url=f"{url}?missing=1#id_{missing.field}",
    )


@dataclass(frozen=True)
class Overview:
    """Everything about where a dossier stands for a person."""

    contents: Contents
    facts: Facts
    missing: tuple[Missing, ...]
    states: tuple[PageState, ...]
    actions: frozenset[str]
    reasons: Mapping[str, str]


def overview(application: Application, person: Person, *beside: "QuerySet[Any, Any]") -> Overview:
    """Load all of it, in a fixed number of queries. What is missing matters while the team can add it.

    `beside`: what is read with it, in the same query.
    """
    pages = selectors.page_contents(application)
    selectors.gather(application, pages, *beside)
    contents = selectors.contents_of(application, pages)
    missing = selectors.completeness(application, contents) if application.state in EDITABLE else ()
    reasons = selectors.reopened_pages(application)
    facts = replace(
        selectors.team_facts(application, person), open_pages=frozenset(reasons), page=next(iter(reasons), "")
    )
    actions = rules.allowed_actions(facts, BUTTONS)
    return Overview(contents, facts, missing, page_states(application, missing, reasons), actions, reasons)


@dataclass(frozen=True)
class OutcomeLine:
    """How a stage ended, in words. `key` is the stage for the rules."""

    key: str
    stage: str
    outcome: str
    reference: str
    decided_on: date | None
    comment: str
    at: datetime


def outcomes_of(application: Application) -> list[OutcomeLine]:
    """How each stage ended so far for a project, its amendments included, latest first. One query."""
    return outcome_lines(outcome_rows_of_family(application))


def outcome_rows_of_family(application: Application) -> "QuerySet[StageOutcome]":
    """How each stage ended so far for a project, its amendments included, latest first."""
    return StageOutcome.objects.filter(application__in=family_of(application)).order_by("-id")


def outcome_lines(rows: Iterable[StageOutcome]) -> list[OutcomeLine]:
    """In words."""
    return [_outcome_line(row) for row in rows]


def outcome_rows(application: Application) -> "QuerySet[StageOutcome]":
    """How each stage ended so far, latest first."""
    return StageOutcome.objects.filter(application=application).order_by("-id")


def followed_up(
    application: Application, outcomes: Iterable[StageOutcome], obligations: Iterable[Obligation]
) -> dict[str, Any]:
    """How each stage of this dossier ended so far, and what is followed up of it. No query once it is gathered."""
    return {
        "outcomes": outcome_lines(row for row in outcomes if row.application_id == application.pk),
        "has_authority_document": any(following.is_authority_document(one) for one in application.attachments.all()),
        "obligations": obligations,
    }


def _outcome_line(row: StageOutcome) -> OutcomeLine:
    words = wording.outcome_said(row.outcome, row.express)
    named = str(wording.STAGES.get(row.stage, row.stage))
    return OutcomeLine(row.stage, named, words, row.reference, row.decided_on, row.comment, row.at)


def page_rows(application: Application) -> dict[str, Page]:
    """The pages as rows, by key, with who saved them last."""
    rows = Page.objects.filter(application=application).select_related("updated_by")
    return {row.key: row for row in rows}


class Read:
    """What the page of a dossier shows of what came of it, for one query with all that is gathered (`all`)."""

    def __init__(self, application: Application) -> None:
        self.application = application
        decisions = Decision.objects.filter(application=application).select_related("by")
        self.decisions = decisions.order_by("-round")[:1]
        self.clocks = selectors.clocks_running(application)
        self.outcomes, self.obligations = outcome_rows(application), following.obligations_of(application)
        self.amendments = amendments_of(application)
        self.held = submissions_held(application)
        own = Submission.objects.filter(application=application, round=application.round)
        self.submissions = own if application.amends_id else own.none()
        self.all = (
            self.held,
            self.submissions,
            self.decisions,
            self.clocks,
            self.outcomes,
            self.obligations,
            self.amendments,
        )

    @property
    def submitted(self) -> Mapping[str, Any] | None:
        """What an amendment submitted last; None while its team may still change it."""
        is_open = self.application.state in EDITABLE
        return None if is_open else next((one.content for one in self.submissions), None)


def context_of(application: Application, person: Person, *beside: "QuerySet[Any, Any]") -> dict[str, Any]:
    """What every page of a dossier shows around its own content; `beside` is read with it, in the same query."""
    seen = overview(application, person, *beside)
    return {
        "application": application,
        "standing": standing(application),
        "path_title": wording.said(selectors.path_of(application).title),
        "states": seen.states,
        "missing": missing_lines(application, seen.missing),
        "actions": seen.actions,
        "overview": seen,
    }
