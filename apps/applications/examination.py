"""What a steward needs to decide, gathered on one screen; and the queue."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, QuerySet, Value, When

from apps.accounts.models import Person
from apps.applications import composition, overview, presentation, rules, selectors, wording
from apps.applications.models import Application, Decision, Submission
from apps.applications.rules import Status
from apps.core.rules import Refused
from apps.extracts.engine.problems import DefinitionError

FILTERS: tuple[str, ...] = tuple(status for status in Status if status is not Status.DRAFT)
ALL = "all"
DECISIONS = (
    "application.return",
    "application.accept",
    "application.redirect",
    "application.opinion_transcribe",
    "application.cnil_record",
    "application.discontinue",
    "application.approve",
    "application.refuse",
)


@dataclass(frozen=True)
class Filter:
    """A choice of the queue, with how many dossiers it shows."""

    value: str
    label: str
    count: int
    is_chosen: bool


def queue(status: str) -> QuerySet[Application]:
    """The dossiers of a status, or all: those that await a steward first, the longest waiting first."""
    awaits = Case(When(status__in=[Status.SUBMITTED, Status.DECISION], then=Value(0)), default=Value(1))
    found = selectors.applications_examined().order_by(awaits, "submitted_at", "id")
    return found.filter(status=status) if status in FILTERS else found


def filters(chosen: str) -> list[Filter]:
    """The choices of the queue with their counts. One query."""
    per_status = selectors.applications_examined().order_by().values_list("status").annotate(Count("pk"))
    counts = Counter(dict(per_status))
    labels = dict(Application.Status.choices)
    known = [Filter(value, str(labels[value]), counts[value], value == chosen) for value in FILTERS]
    return [*known, Filter(ALL, "", counts.total(), chosen == ALL)]


@dataclass(frozen=True)
class Round:
    """One submission and what came of it."""

    submission: Submission
    decision: Decision | None


def rounds_of(application: Application) -> list[Round]:
    """Every submission with its decision and reasons, latest first. Three queries."""
    submissions = Submission.objects.filter(application=application).select_related("by").order_by("-round")
    decisions = Decision.objects.filter(application=application).select_related("by").prefetch_related("reasons")
    by_round = {decision.round: decision for decision in decisions}
    return [Round(submission, by_round.get(submission.round)) for submission in submissions]


def examination(application: Application, steward: Person, language: str) -> dict[str, Any]:
    """Everything the decision screen shows, from the last submission, in a fixed number of queries."""
    rounds = rounds_of(application)
    submitted = rounds[0].submission.content
    contents = submitted_contents(submitted)
    facts = selectors.decision_facts(application, steward, contents, returned=[application.specification.keys[0]])
    spec = application.specification
    documents = selectors.submitted_documents(application, submitted)
    names: dict[str, list[str]] = {}
    for document in documents:
        names.setdefault(document["kind"], []).append(document["name"])
    return {
        "application": application,
        "standing": overview.standing(application),
        "read": presentation.pages_read(spec, contents, names),
        "documents": documents,
        "definition": _definition_facts(contents),
        "scope": presentation.scope_read(contents["variables"], language),
        "missing": overview.missing_lines(application, facts.missing),
        "team": selectors.team_of(application),
        "path": facts.path,
        "path_title": wording.said(selectors.path_of(application).title),
        "outcomes": overview.outcomes_of(application),
        "awaits_decision": application.state in rules.DECIDABLE,
        "rounds": rounds,
        "changes": _changes(application, rounds),
        "actions": rules.allowed_actions(facts, DECISIONS),
        "objections": _objections(facts),
    }


def _changes(application: Application, rounds: list[Round]) -> tuple[presentation.Difference, ...]:
    """What the last submission changed."""
    if not rounds[1:]:
        return ()
    return changes_of(application, rounds[1].submission.content, rounds[0].submission.content)


def changes_of(
    application: Application, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[presentation.Difference, ...]:
    """What differs between two submissions, in words; documents under the names they have now."""
    named = [
        {**content, "attachments": selectors.submitted_documents(application, content)} for content in (before, after)
    ]
    return presentation.changes_between(application.specification, *named)


def submitted_contents(submitted: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The pages of a submission, its documents counted as the content of the page "attachments"."""
    documents = {kind: [document["id"] for document in found] for kind, found in _by_kind(submitted).items()}
    return {**submitted["pages"], "attachments": documents}


def _by_kind(submitted: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for document in submitted["attachments"]:
        found.setdefault(document["kind"], []).append(document)
    return found


def _objections(facts: rules.Facts) -> list[str]:
    """Why this steward may not approve, in sentences; nothing once the dossier awaits no steward."""
    decision = rules.decide("application.approve", facts)
    if facts.status not in rules.DECIDABLE or not isinstance(decision, Refused):
        return []
    return [str(wording.REASONS[reason.code]) for reason in decision.reasons if reason.code != "stages_remain"]


def _definition_facts(contents: Mapping[str, Any]) -> dict[str, str]:
    """The definition in words in both languages, and its hash; nothing for one that cannot be read."""
    try:
        definition = composition.definition(contents)
    except DefinitionError:
        return {}
    return {"fr": definition.sentence("fr"), "en": definition.sentence("en"), "hash": definition.hash}
