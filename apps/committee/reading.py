"""What the committee's pages and prints hold of a file, for one reader, in a fixed number of queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications import presentation
from apps.applications.examination import submitted_contents
from apps.applications.models import Attachment, Submission
from apps.applications.selectors import attachments_of, submitted_documents
from apps.committee import rules, selectors
from apps.committee.forms import AnswerForm, DisclosureForm, PrepareForm, RapporteurForm, ScheduleForm
from apps.committee.models import Ballot, File, Opinion, OutcomeName, Session
from apps.committee.rules import BallotKind
from apps.committee.wording import REASONS
from apps.core.errors import reason_sentence
from apps.core.rules import Allowed, Role

COMMANDS = (
    "committee.rapporteur_ask",
    "committee.rapporteur_release",
    "committee.unschedule",
    "committee.vote_open",
    "committee.vote_close",
)


@dataclass(frozen=True)
class Count:
    """How many votes an outcome has."""

    label: str
    votes: int


def file_page(file: File, reader: Person, language: str) -> dict[str, Any]:
    """The page of a file. The dossier itself is shown to a member once they declared to have no interest in it."""
    submissions, opinions = _submissions(file), opinions_on(file)
    read = selectors.Read(file, reader, submissions, opinions)
    ballots, facts = read.ballots, read.facts
    is_secretary = Role.COMMITTEE_SECRETARY in facts.roles
    opened = may_read(facts)
    awaited = _awaited(ballots, reader)
    return {
        "file": file,
        "application": file.application,
        "team": file.application.members.all(),
        "facts": facts,
        "is_secretary": is_secretary,
        "opened": opened,
        "content": dossier_read(file, submissions[0], language) if opened else {},
        "reports": selectors.ballots_seen_by(reader, ballots, file, BallotKind.REPORT) if opened else [],
        "asked": _asked(ballots) if is_secretary else [],
        "votes": _counts(file, ballots),
        "votes_in": sum(vote.answered_at is not None for vote in selectors.live(ballots, BallotKind.VOTE)),
        "votes_asked": len(selectors.live(ballots, BallotKind.VOTE)),
        "own_vote": _own(ballots, reader, BallotKind.VOTE),
        "void": [ballot for ballot in ballots if ballot.person_id == reader.pk and ballot.voided_at],
        "awaited": awaited,
        "opinion": next(iter(opinions), None),
        "proposed": proposed_recommendations(ballots),
        "actions": _actions(facts),
        "obstacles": _obstacles(facts) if is_secretary else [],
        "disclosure_form": DisclosureForm(),
        "answer_form": AnswerForm(is_report=awaited.kind == BallotKind.REPORT) if awaited else None,
        **(_secretary_forms(file, read) if is_secretary else {}),
    }


def may_read(facts: rules.Facts) -> bool:
    """Whether the dossier may be read: the secretary prepares it, a member declares first to have no interest in it."""
    return Role.COMMITTEE_SECRETARY in facts.roles or facts.disclosed


def _submissions(file: File) -> QuerySet[Submission]:
    return Submission.objects.filter(application=file.application, round=file.round)


def dossier_read(file: File, submission: Submission, language: str) -> dict[str, Any]:
    """The dossier as it was submitted in this round, in words."""
    contents = submitted_contents(submission.content)
    spec = file.application.specification
    documents, names = submitted_documents(file.application, submission.content), dict[str, list[str]]()
    for document in documents:
        names.setdefault(document["kind"], []).append(document["name"])
    return {
        "pages": presentation.pages_read(spec, contents, names),
        "scope": presentation.scope_read(contents["variables"], language),
        "documents": documents,
    }


def documents_for(file: File, reader: Person) -> QuerySet[Attachment]:
    """The documents of a file for a reader: none until they may read the dossier."""
    may = may_read(selectors.file_facts(file, reader))
    return attachments_of(file.application) if may else Attachment.objects.none()


def owes_a_report(file: File, person: Person) -> bool:
    """Whether what awaits the person is a report, not a vote."""
    awaited = _awaited(selectors.ballots_of(file), person)
    return awaited is not None and awaited.kind == BallotKind.REPORT


def opinions_on(file: File) -> QuerySet[Opinion]:
    """The express opinion on a file, if it has one, with its recommendations."""
    return Opinion.objects.filter(file=file).prefetch_related("recommendations")


def _awaited(ballots: Iterable[Ballot], reader: Person) -> Ballot | None:
    mine = (ballot for ballot in ballots if ballot.person_id == reader.pk)
    return next((ballot for ballot in mine if ballot.voided_at is None and ballot.answered_at is None), None)


def _own(ballots: Iterable[Ballot], reader: Person, kind: BallotKind) -> Ballot | None:
    mine = (ballot for ballot in selectors.live(ballots, kind) if ballot.person_id == reader.pk)
    return next((ballot for ballot in mine if ballot.answered_at), None)


def _asked(ballots: Iterable[Ballot]) -> list[Ballot]:
    """Who was asked for a report, and whether it is in: not what it says."""
    return selectors.live(ballots, BallotKind.REPORT)


def _counts(file: File, ballots: list[Ballot]) -> list[Count]:
    """The result of the vote, nothing before it may be seen."""
    if not selectors.is_revealed(ballots, file, BallotKind.VOTE):
        return []
    return counts_in_words({str(key): n for key, n in rules.tally(selectors.votes_of(ballots).values()).items()})


def counts_in_words(tally: Mapping[str, int]) -> list[Count]:
    """A result with its outcomes in words, in the order of the outcomes."""
    return [Count(str(outcome.label), tally[outcome.value]) for outcome in OutcomeName if outcome.value in tally]


def _actions(facts: rules.Facts) -> frozenset[str]:
    allowed = {action for action in COMMANDS if isinstance(rules.decide(action, facts), Allowed)}
    is_secretary = Role.COMMITTEE_SECRETARY in facts.roles
    if is_secretary and facts.stage == rules.Stage.WAITING and not facts.conflicts:
        allowed.add("committee.schedule")
    if is_secretary and facts.stage in rules.transition("committee.opinion_record").sources:
        allowed.add("committee.opinion_record")
    return frozenset(allowed)


def _obstacles(facts: rules.Facts) -> list[str]:
    """Why the vote cannot be opened yet, in sentences; nothing unless the file is on an agenda."""
    decision = rules.decide("committee.vote_open", facts)
    if facts.stage != rules.Stage.SCHEDULED or isinstance(decision, Allowed):
        return []
    return [str(reason_sentence(reason, REASONS)) for reason in decision.reasons]


def _secretary_forms(file: File, read: selectors.Read) -> dict[str, Any]:
    asked = {ballot.person_id for ballot in selectors.live(read.ballots, BallotKind.REPORT)}
    members = [one for one in read.entitled if one.pk not in asked]
    return {
        "rapporteur_form": RapporteurForm(members),
        "schedule_form": ScheduleForm(file, selectors.sessions_taking_files()),
    }


def proposed_recommendations(ballots: Iterable[Ballot]) -> list[dict[str, str]]:
    """What the rapporteurs recommended: the secretary starts from it."""
    reports = selectors.live(ballots, BallotKind.REPORT)
    return [one for report in reports for one in report.recommendations]


def agenda_lines(session: Session, reader: Person) -> list[tuple[File, Opinion | None, list[Count]]]:
    """The files of a session that exist for the reader, each with its opinion and its count of votes."""
    files = list(selectors.agenda_seen_by(reader, session))
    found = Opinion.objects.filter(file__in=files).prefetch_related("recommendations")
    opinions = {opinion.file_id: opinion for opinion in found}
    lines = [(file, opinions.get(file.pk)) for file in files]
    return [(file, opinion, counts_in_words(opinion.tally) if opinion else []) for file, opinion in lines]


def prepare_form(session: Session, data: Any = None) -> PrepareForm:
    """The form of a session's attendance, chair and notes."""
    return PrepareForm(session, selectors.members_on(timezone.localdate()), selectors.present_in(session), data)


def session_page(session: Session, reader: Person) -> dict[str, Any]:
    """A session with the files that exist for the reader: the others leave no trace, not even in a number."""
    is_secretary = Role.COMMITTEE_SECRETARY in reader.staff_roles
    live = session.status in (rules.SessionStatus.PLANNED, rules.SessionStatus.OPEN)
    present = selectors.people_present(session)
    return {
        "session": session,
        "lines": agenda_lines(session, reader),
        "present": present,
        "is_secretary": is_secretary,
        "form": prepare_form(session) if is_secretary and live else None,
    }
