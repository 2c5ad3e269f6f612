"""What may happen to a file before the committee, by whom, when; and how votes are counted. Pure.

Source: the domain notes of the project (stage 2, committee opinion; nobody decides on a file of their own organisation
or one in which they declared an interest). Numbers such as the quorum are policy data (policies/), not constants.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role, decide_by_table


class Stage(StrEnum):
    """Where a file stands before the committee."""

    WAITING = "waiting"  # on the agenda of no session yet
    SCHEDULED = "scheduled"
    VOTING = "voting"
    COUNTED = "counted"  # the vote is closed, the opinion not recorded yet
    DECIDED = "decided"  # by an express opinion
    ENDED = "ended"  # left the committee without one: changed, withdrawn, or tacit


class SessionStatus(StrEnum):
    """Where a session of the committee stands."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What the committee may say of a file."""

    FAVOURABLE = "favourable"
    WITH_RECOMMENDATIONS = "favourable_with_recommendations"
    RESERVED = "reserved"
    UNFAVOURABLE = "unfavourable"
    ADJOURNED = "adjourned"


class BallotKind(StrEnum):
    """A rapporteur's written report before the session, or a member's vote in it."""

    REPORT = "report"
    VOTE = "vote"


class Conflict(StrEnum):
    """Why a file does not exist for somebody."""

    TEAM = "team"
    ORGANISATION = "organisation"
    DECLARED = "declared"


OPEN_STAGES = frozenset({Stage.WAITING, Stage.SCHEDULED, Stage.VOTING, Stage.COUNTED})
# Outcomes that the team must be given something to act upon with.
NEEDS_RECOMMENDATIONS = frozenset({Outcome.WITH_RECOMMENDATIONS, Outcome.RESERVED})


@dataclass(frozen=True)
class Said:
    """What an opinion says. `recommendations` hold "topic" and "text"; the English text may be blank."""

    outcome: Outcome
    text_fr: str
    text_en: str = ""
    recommendations: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class Transition:
    """One arrow of the workflow of a file or of a session."""

    action: str
    sources: frozenset[str]
    target: str


def _arrow(action: str, target: str, *sources: str) -> Transition:
    return Transition(action, frozenset(str(source) for source in sources), str(target))


TRANSITIONS: tuple[Transition, ...] = (
    _arrow("committee.schedule", Stage.SCHEDULED, Stage.WAITING),
    _arrow("committee.unschedule", Stage.WAITING, Stage.SCHEDULED),
    _arrow("committee.vote_open", Stage.VOTING, Stage.SCHEDULED),
    _arrow("committee.vote_close", Stage.COUNTED, Stage.VOTING),
    # Without a vote only an adjournment can be recorded (see `_outcome_is_of_the_vote`).
    _arrow("committee.opinion_record", Stage.DECIDED, Stage.SCHEDULED, Stage.COUNTED),
)
SESSION_TRANSITIONS: tuple[Transition, ...] = (
    _arrow("committee.session_open", SessionStatus.OPEN, SessionStatus.PLANNED),
    _arrow("committee.session_close", SessionStatus.CLOSED, SessionStatus.OPEN),
    _arrow("committee.session_cancel", SessionStatus.CANCELLED, SessionStatus.PLANNED),
)


def transition(action: str) -> Transition:
    """The arrow of this action. Raises KeyError when the action changes no state."""
    for arrow in (*TRANSITIONS, *SESSION_TRANSITIONS):
        if arrow.action == action:
            return arrow
    raise KeyError(action)


MEMBER = frozenset({Role.COMMITTEE_MEMBER})
SECRETARY = frozenset({Role.COMMITTEE_SECRETARY})
COMMITTEE = MEMBER | SECRETARY
TEAM = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR})
_OPEN = frozenset(str(stage) for stage in OPEN_STAGES)
_SESSION_LIVE = frozenset({str(SessionStatus.PLANNED), str(SessionStatus.OPEN)})


def _file(name: str, roles: frozenset[Role], states: frozenset[str] = frozenset(), **more: Any) -> Action:
    """An action about a file: whoever must not examine it never learns that it is there."""
    return Action(name, roles, states, more.pop("methods", ("POST",)), recusal=True, **more)


def _moves(name: str, roles: frozenset[Role], **more: Any) -> Action:
    return _file(name, roles, transition(name).sources, **more)


ACTIONS: tuple[Action, ...] = (
    Action("committee.home", COMMITTEE),
    Action("committee.members", SECRETARY),
    Action("committee.sessions", COMMITTEE),
    Action("committee.session_create", SECRETARY, methods=("GET", "POST")),
    Action("committee.session_view", COMMITTEE),
    Action("committee.session_print", COMMITTEE),
    Action("committee.session_prepare", SECRETARY, _SESSION_LIVE, ("POST",)),
    Action("committee.session_open", SECRETARY, transition("committee.session_open").sources, ("POST",)),
    Action("committee.session_close", SECRETARY, transition("committee.session_close").sources, ("POST",)),
    Action("committee.session_cancel", SECRETARY, transition("committee.session_cancel").sources, ("POST",)),
    Action("committee.interests", COMMITTEE, methods=("GET", "POST")),
    Action("committee.interest_end", COMMITTEE, methods=("POST",)),
    _file("committee.file_view", COMMITTEE, methods=("GET",)),
    _file("committee.file_attachment", COMMITTEE, methods=("GET",)),
    _file("committee.disclose", COMMITTEE, _OPEN),
    _file("committee.answer", MEMBER, _OPEN),
    _file("committee.rapporteur_ask", SECRETARY, frozenset({str(Stage.WAITING), str(Stage.SCHEDULED)})),
    _file("committee.rapporteur_release", SECRETARY, frozenset({str(Stage.WAITING), str(Stage.SCHEDULED)})),
    _moves("committee.schedule", SECRETARY),
    _moves("committee.unschedule", SECRETARY),
    _moves("committee.vote_open", SECRETARY),
    _moves("committee.vote_close", SECRETARY),
    _moves("committee.opinion_record", SECRETARY, second_factor=True, methods=("GET", "POST")),
    _file("committee.opinion_print", COMMITTEE, frozenset({str(Stage.DECIDED)}), methods=("GET",)),
    Action("committee.opinion_read", TEAM | {Role.STEWARD}, frozenset({str(Stage.DECIDED)})),
)


@dataclass(frozen=True)
class Facts:
    """All that a decision about a file before the committee depends on.

    `conflicts` are those of the person who acts; `asked` whether an unanswered ballot of theirs is open, `disclosed`
    whether they declared to have no interest in this file; `unchanged` whether the file is still the one the ballots
    are bound to; `reports_asked` and `reports_in` count the rapporteurs' reports, of which `reports_needed` must be in;
    `present` counts the members in the session who may vote on this file, `quorum` how many must be.
    """

    stage: str
    roles: frozenset[Role]
    conflicts: frozenset[Conflict] = frozenset()
    asked: bool = False
    disclosed: bool = False
    unchanged: bool = True
    candidate_conflicts: frozenset[Conflict] = frozenset()
    candidate_is_member: bool = True
    session: SessionStatus | None = None
    session_to_come: bool = True
    reports_asked: int = 0
    reports_in: int = 0
    reports_needed: int = 0
    present: int = 0
    quorum: int = 0
    outcome: Outcome | None = None
    recordable: frozenset[Outcome] = frozenset()
    recommendations: int = 0


def _is_independent(facts: Facts) -> Iterator[Reason]:
    if facts.conflicts:
        yield Reason("recused")


def _is_unchanged(facts: Facts) -> Iterator[Reason]:
    if not facts.unchanged:
        yield Reason("content_changed")


def _is_asked(facts: Facts) -> Iterator[Reason]:
    if not facts.asked:
        yield Reason("not_asked")
    if not facts.disclosed:
        yield Reason("not_disclosed")


def _rapporteur_is_independent(facts: Facts) -> Iterator[Reason]:
    if facts.candidate_conflicts:
        yield Reason("rapporteur_recused")
    if not facts.candidate_is_member:
        yield Reason("rapporteur_not_member")


def _session_takes_files(facts: Facts) -> Iterator[Reason]:
    if facts.session not in (SessionStatus.PLANNED, SessionStatus.OPEN):
        yield Reason("session_over")


def _session_is_open(facts: Facts) -> Iterator[Reason]:
    if facts.session is not SessionStatus.OPEN:
        yield Reason("session_not_open")


def _reports_are_in(facts: Facts) -> Iterator[Reason]:
    if facts.reports_in < max(facts.reports_asked, facts.reports_needed):
        yield Reason("reports_missing", {"needed": str(max(facts.reports_asked, facts.reports_needed))})


def _quorum_is_met(facts: Facts) -> Iterator[Reason]:
    if facts.present < facts.quorum:
        yield Reason("no_quorum", {"present": str(facts.present), "quorum": str(facts.quorum)})


def _outcome_is_of_the_vote(facts: Facts) -> Iterator[Reason]:
    if facts.outcome not in facts.recordable:
        yield Reason("outcome_not_voted")


def _recommendations_are_given(facts: Facts) -> Iterator[Reason]:
    if facts.outcome in NEEDS_RECOMMENDATIONS and not facts.recommendations:
        yield Reason("no_recommendation")


Guard = Callable[[Facts], Iterator[Reason]]

GUARDS: Mapping[str, tuple[Guard, ...]] = {
    "committee.disclose": (_is_independent,),
    "committee.answer": (_is_independent, _is_unchanged, _is_asked),
    "committee.rapporteur_ask": (_is_independent, _is_unchanged, _rapporteur_is_independent),
    "committee.rapporteur_release": (_is_independent,),
    "committee.schedule": (_is_independent, _is_unchanged, _session_takes_files),
    "committee.unschedule": (_is_independent,),
    "committee.vote_open": (_is_independent, _is_unchanged, _session_is_open, _reports_are_in, _quorum_is_met),
    "committee.vote_close": (_is_independent, _is_unchanged, _session_is_open),
    "committee.opinion_record": (
        _is_independent,
        _is_unchanged,
        _session_is_open,
        _outcome_is_of_the_vote,
        _recommendations_are_given,
    ),
}


def decide(action: str, facts: Facts) -> Decision:
    """Whether the action may go ahead. The table speaks first; where it agrees, every guard that objects is heard."""
    by_table = decide_by_table(ACTIONS, action, facts.roles, facts.stage)
    if isinstance(by_table, Refused):
        return by_table
    reasons = tuple(reason for guard in GUARDS.get(action, ()) for reason in guard(facts))
    return Refused(reasons) if reasons else Allowed()


def quorum(entitled: int, percent: int) -> int:
    """How many members must be present among those entitled to vote on a file: the share, rounded up, at least one."""
    return max(1, -(-entitled * percent // 100))


def counts_until(ends_on: date | None, years: int) -> date | None:
    """The last day on which an interest keeps its holder away; None while it lasts (CSP, article L. 1451-1)."""
    if ends_on is None:
        return None
    try:
        return ends_on.replace(year=ends_on.year + years)
    except ValueError:
        return ends_on.replace(year=ends_on.year + years, day=28)


def tally(votes: Iterable[Outcome]) -> dict[Outcome, int]:
    """How many votes each outcome has, in the order of the outcomes, those without any left out."""
    counted = Counter(votes)
    return {outcome: counted[outcome] for outcome in Outcome if counted[outcome]}


def recordable(votes: Mapping[str, Outcome], *, chair: str, quorum: int) -> frozenset[Outcome]:
    """The outcomes that the opinion may have after this vote, by person: the one with most votes.

    Among equals the chair's vote decides; when the chair voted for none of them, or fewer than the quorum voted, the
    file can only be adjourned.
    """
    counted = tally(votes.values())
    if len(votes) < quorum or not counted:
        return frozenset({Outcome.ADJOURNED})
    most = max(counted.values())
    leading = frozenset(outcome for outcome, count in counted.items() if count == most)
    if len(leading) == 1:
        return leading
    return leading & {votes[chair]} if votes.get(chair) in leading else frozenset({Outcome.ADJOURNED})


@dataclass(frozen=True)
class BallotFacts:
    """What of a ballot decides who sees it."""

    person: str
    answered: bool
    voided: bool = False


def is_revealed(ballots: Iterable[BallotFacts], *, closed: bool) -> bool:
    """Whether the answers to one question may be seen: once everybody asked has answered, or the question is closed."""
    live = [ballot for ballot in ballots if not ballot.voided]
    return closed or (bool(live) and all(ballot.answered for ballot in live))


def may_see(ballot: BallotFacts, *, reader: str, revealed: bool) -> bool:
    """Whether a reader, who is not recused, sees what a ballot says: their own always, the others once revealed."""
    return ballot.answered and not ballot.voided and (revealed or ballot.person == reader)


def names_are_shown(reader_is_committee: bool, shown_to_applicants: bool) -> bool:
    """Whether a reader learns who reported and who voted."""
    return reader_is_committee or shown_to_applicants


def is_held(present: str, bound: str) -> bool:
    """Whether what a ballot was bound to is still what lies before the committee."""
    return bool(bound) and present == bound
