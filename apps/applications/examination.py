"""What a steward needs to decide, gathered on one screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.accounts.models import Person
from apps.applications import composition, following, overview, presentation, rules, selectors, wording
from apps.applications.amendment_page import amendment_read
from apps.applications.five_safes import Ground, ended_last, five_safes
from apps.applications.form_spec import Contents
from apps.applications.models import Application, ChecklistMark, Decision, ReturnReason, Submission
from apps.applications.policy import Path
from apps.applications.queue import deadline_said
from apps.core.rules import Refused
from apps.extracts.engine.problems import DefinitionError

DECISIONS = (
    "application.check",
    "application.judge",
    "application.extend",
    "application.silence_confirm",
    "application.obligation_fulfil",
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
class Round:
    """One submission and what came of it."""

    submission: Submission
    decision: Decision | None
    reasons: list[ReturnReason]


class Read:
    """What is read of a dossier for the decision screen, all in one query."""

    def __init__(self, application: Application, steward: Person) -> None:
        submissions = Submission.objects.filter(application=application).select_related("by").order_by("-round")
        decisions = Decision.objects.filter(application=application).select_related("by")
        reasons = ReturnReason.objects.filter(decision__application=application).order_by("id")
        self.outcomes = overview.outcome_rows_of_family(application)
        self.obligations = following.obligations_of(application)
        self.stewards = following.stewards()
        read = (submissions, decisions, reasons, self.outcomes, self.obligations, self.stewards)
        self.beside = selectors.Around(application, steward, *read)
        by_round = {
            decision.round: (decision, [reason for reason in reasons if reason.decision_id == decision.pk])
            for decision in decisions
        }
        self.rounds = [Round(submission, *by_round.get(submission.round, (None, []))) for submission in submissions]


def examination(application: Application, steward: Person, language: str) -> dict[str, Any]:
    """Everything the decision screen shows, from the last submission, in a fixed number of queries."""
    read = Read(application, steward)
    rounds, beside = read.rounds, read.beside
    submitted = rounds[0].submission.content
    contents = submitted_contents(submitted)
    first_page = application.specification.keys[0]
    facts = selectors.decision_facts(application, steward, contents, returned=[first_page], beside=beside)
    spec = application.specification
    documents = selectors.submitted_documents(application, submitted)
    names: dict[str, list[str]] = {}
    for document in documents:
        names.setdefault(document["kind"], []).append(document["name"])
    followed = overview.followed_up(application, read.outcomes, read.obligations)
    ground = _ground(application, contents, facts, read, names, followed)
    return {
        "application": application,
        "standing": overview.standing(application),
        "safes": five_safes(ground),
        "access": (ground.day("access_from"), ground.day("access_to")),
        "read": presentation.pages_read(spec, contents, names),
        "documents": documents,
        "definition": _definition_facts(contents),
        "scope": presentation.scope_read(contents["variables"], language),
        "missing": overview.missing_lines(application, facts.missing),
        "team": application.members.all(),
        **procedure(application, facts, beside),
        "stewards": read.stewards,
        **followed,
        "rounds": rounds,
        "changes": _changes(application, rounds),
        "definition_changes": _definition_changes(rounds),
        "amendment": amendment_read(application, submitted, read.beside.held),
        "actions": rules.allowed_actions(facts, DECISIONS),
        "objections": _objections(facts),
    }


def _ground(
    application: Application,
    contents: Contents,
    facts: rules.Facts,
    read: Read,
    documents: Mapping[str, list[str]],
    followed: Mapping[str, Any],
) -> Ground:
    """What the five safes are told from; of an amendment, how the stages of the whole project ended."""
    ended = overview.outcome_lines(read.outcomes) if application.amends_id else followed["outcomes"]
    return Ground(
        specification=application.specification,
        contents=contents,
        path=selectors.path_of(application),
        facts=facts,
        ended=ended_last(ended),
        documents=documents,
        marks=read.beside.marks,
        obligations=followed["obligations"],
    )


@dataclass(frozen=True)
class CheckLine:
    """One item of the checklist and what was found."""

    key: str
    text: str
    page: str
    mark: str


def procedure(application: Application, facts: rules.Facts, beside: selectors.Around) -> dict[str, Any]:
    """Where the dossier stands on its path, for the steward."""
    path = selectors.path_of(application)
    return {
        "path": path,
        "path_title": wording.said(path.title),
        "marks": ChecklistMark.Mark.choices,
        "silence_said": wording.OUTCOMES[rules.Outcome(facts.silence)] if facts.silence else "",
        "checklist": checklist_lines(application, path, beside.marks),
        "clock": beside.clock,
        "deadline": deadline_said(application, facts.today),
        "awaits_decision": application.state in rules.DECIDABLE,
    }


def checklist_lines(application: Application, path: Path, marks: Mapping[str, str]) -> list[CheckLine]:
    """The checklist of the dossier's path with what was found in this round."""
    titles = {page.key: wording.said(page.title) for page in application.specification.pages}
    return [
        CheckLine(item.key, wording.said(item.text), titles[item.page], marks.get(item.key, ""))
        for item in path.checklist
    ]


def _changes(application: Application, rounds: list[Round]) -> tuple[presentation.Difference, ...]:
    """What the last submission changed."""
    if not rounds[1:]:
        return ()
    return changes_of(application, rounds[1].submission.content, rounds[0].submission.content)


def _definition_changes(rounds: list[Round]) -> list[str]:
    """What the last submission changed in the definition of the extract."""
    if not rounds[1:]:
        return []
    return presentation.definition_changes(rounds[1].submission.content, rounds[0].submission.content)


def changes_of(
    application: Application, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[presentation.Difference, ...]:
    """What differs between two submissions, in words; documents under the names they have now."""
    named = [
        {**content, "attachments": selectors.submitted_documents(application, content)} for content in (before, after)
    ]
    return presentation.changes_between(application.specification, *named)


@dataclass(frozen=True)
class Since:
    """What differs from a submission: field by field, and in the definition of the extract."""

    fields: tuple[presentation.Difference, ...]
    definition_changes: list[str]


def since_return(application: Application) -> Since | None:
    """What the team changed since the submission that was returned to it; None while there is none to compare with."""
    if application.state is not rules.Status.RETURNED:
        return None
    before = Submission.objects.get(application=application, round=application.round).content
    after = selectors.snapshot_of(application)
    return Since(changes_of(application, before, after), presentation.definition_changes(before, after))


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
