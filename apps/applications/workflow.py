"""The machine of the dossier: its states, whose turn each is, the arrows between them, where an outcome leads. Pure.

Which stages a dossier passes through is data of its path (`policy`); the tables here say what each outcome does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from apps.applications.policy.model import Committee, Path, Stage


class Status(StrEnum):
    """Where a dossier stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"  # the completeness review
    RETURNED = "returned"
    COMMITTEE = "committee"
    CHOICE = "choice"
    COMMITMENT = "commitment"
    CNIL = "cnil"
    DECISION = "decision"
    AGREEMENT = "agreement"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DISCONTINUED = "discontinued"


class Turn(StrEnum):
    """Who is awaited."""

    APPLICANT = "applicant"
    STEWARD = "steward"
    COMMITTEE = "committee"
    CNIL = "cnil"
    SIGNATORIES = "signatories"
    NOBODY = "nobody"


class Outcome(StrEnum):
    """How a stage ends."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    REDIRECTED = "redirected"
    FAVOURABLE = "favourable"
    FAVOURABLE_WITH_RECOMMENDATIONS = "favourable_with_recommendations"
    RESERVED = "reserved"
    UNFAVOURABLE = "unfavourable"
    ADJOURNED = "adjourned"
    REFERRED = "referred"
    REVISED = "revised"
    DECLARED = "declared"
    AUTHORISED = "authorised"
    AUTHORISED_WITH_CONDITIONS = "authorised_with_conditions"
    CLOSED = "closed"
    APPROVED = "approved"
    REFUSED = "refused"
    SIGNED = "signed"
    DECLINED = "declined"


EDITABLE = frozenset({Status.DRAFT, Status.RETURNED})
DECIDED = frozenset({Status.AGREEMENT, Status.APPROVED, Status.REFUSED})
ENDED = frozenset({Status.REFUSED, Status.WITHDRAWN, Status.DISCONTINUED})
FINAL = ENDED | {Status.APPROVED}
UNDERWAY = frozenset(Status) - FINAL

WHOSE_TURN: Mapping[Status, Turn] = {
    Status.DRAFT: Turn.APPLICANT,
    Status.SUBMITTED: Turn.STEWARD,
    Status.RETURNED: Turn.APPLICANT,
    Status.COMMITTEE: Turn.COMMITTEE,
    Status.CHOICE: Turn.APPLICANT,
    Status.COMMITMENT: Turn.APPLICANT,
    Status.CNIL: Turn.CNIL,
    Status.DECISION: Turn.STEWARD,
    Status.AGREEMENT: Turn.SIGNATORIES,
    Status.APPROVED: Turn.NOBODY,
    Status.REFUSED: Turn.NOBODY,
    Status.WITHDRAWN: Turn.NOBODY,
    Status.DISCONTINUED: Turn.NOBODY,
}

STATUS_OF: Mapping[Stage, Status] = {
    Stage.COMPLETENESS: Status.SUBMITTED,
    Stage.COMMITTEE: Status.COMMITTEE,
    Stage.CHOICE: Status.CHOICE,
    Stage.COMMITMENT: Status.COMMITMENT,
    Stage.CNIL: Status.CNIL,
    Stage.DECISION: Status.DECISION,
    Stage.AGREEMENT: Status.AGREEMENT,
}
STAGE_OF: Mapping[Status, Stage] = {status: stage for stage, status in STATUS_OF.items()}

OUTCOMES: Mapping[Stage, frozenset[Outcome]] = {
    Stage.COMPLETENESS: frozenset({Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.REDIRECTED, Outcome.REFUSED}),
    Stage.COMMITTEE: frozenset(
        {
            Outcome.FAVOURABLE,
            Outcome.FAVOURABLE_WITH_RECOMMENDATIONS,
            Outcome.RESERVED,
            Outcome.UNFAVOURABLE,
            Outcome.ADJOURNED,
            Outcome.INCOMPLETE,
        }
    ),
    Stage.CHOICE: frozenset({Outcome.REFERRED, Outcome.REVISED}),
    Stage.COMMITMENT: frozenset({Outcome.DECLARED}),
    Stage.CNIL: frozenset(
        {
            Outcome.AUTHORISED,
            Outcome.AUTHORISED_WITH_CONDITIONS,
            Outcome.REFUSED,
            Outcome.CLOSED,
            Outcome.INCOMPLETE,
        }
    ),
    Stage.DECISION: frozenset({Outcome.APPROVED, Outcome.REFUSED, Outcome.INCOMPLETE}),
    Stage.AGREEMENT: frozenset({Outcome.SIGNED, Outcome.DECLINED}),
}
FAVOURABLE = frozenset({Outcome.FAVOURABLE, Outcome.FAVOURABLE_WITH_RECOMMENDATIONS})
AUTHORISED = frozenset({Outcome.AUTHORISED, Outcome.AUTHORISED_WITH_CONDITIONS})
_LEADS_TO: Mapping[Outcome, Status] = {
    Outcome.INCOMPLETE: Status.RETURNED,
    Outcome.REDIRECTED: Status.RETURNED,
    Outcome.REVISED: Status.RETURNED,
    Outcome.ADJOURNED: Status.COMMITTEE,
    Outcome.REFUSED: Status.REFUSED,
    Outcome.CLOSED: Status.DISCONTINUED,
    Outcome.DECLINED: Status.DISCONTINUED,
}


def queue_rank(status: Status) -> int:
    """Where a dossier stands in the stewards' queue: what awaits them, what awaits others, what awaits nobody."""
    turn = WHOSE_TURN[status]
    return 0 if turn is Turn.STEWARD else 2 if turn is Turn.NOBODY else 1


class Impossible(ValueError):
    """An outcome that this stage, or this path, does not know."""


@dataclass(frozen=True)
class Move:
    """Where an outcome leads: the next state, and the stages that stand from then on."""

    status: Status
    done: frozenset[Stage]


def whose_turn(status: Status) -> Turn:
    """Who is awaited for the dossier to go on; nobody once it has ended."""
    return WHOSE_TURN[status]


def move(path: Path, status: Status, outcome: Outcome, done: Iterable[Stage] = (), *, express: bool = True) -> Move:
    """What follows when the stage of `status` ends so. `express` False: by silence.

    Raises Impossible for an outcome that the stage does not know, and for a silence where the path wants an express
    opinion: a tacit opinion never counts as an express one.
    """
    stage = STAGE_OF.get(status)
    if stage is None or outcome not in OUTCOMES[stage]:
        raise Impossible(f"{outcome} does not end {status}")
    if stage is Stage.COMMITTEE and path.committee is Committee.EXPRESS and not express:
        raise Impossible(f"{path.key} needs an express opinion")
    standing = frozenset(done)
    if outcome in _LEADS_TO:
        return Move(_LEADS_TO[outcome], _left_standing(path, outcome, standing))
    if stage is Stage.COMMITTEE and Stage.CHOICE not in path.stages and outcome not in FAVOURABLE:
        return Move(Status.CHOICE, standing)
    return _onward(path, standing | {stage})


def _left_standing(path: Path, outcome: Outcome, done: frozenset[Stage]) -> frozenset[Stage]:
    """What a step back leaves of the stages done: a redirection nothing, a return everything but the completeness."""
    if outcome is Outcome.REDIRECTED:
        return frozenset()
    return done - {Stage.COMPLETENESS} if _LEADS_TO[outcome] is Status.RETURNED else done


def _onward(path: Path, done: frozenset[Stage]) -> Move:
    for stage in path.stages:
        if stage not in done:
            return Move(STATUS_OF[stage], done)
    return Move(Status.APPROVED, done)


def next_status(
    path: Path, status: Status, outcome: Outcome, done: Iterable[Stage] = (), *, express: bool = True
) -> Status:
    """The state after this outcome. Raises Impossible, as `move`."""
    return move(path, status, outcome, done, express=express).status


def may_be_approved(path: Path, status: Status, done: Iterable[Stage] = ()) -> bool:
    """Whether only the decision is left: at the decision itself, or on a complete file that nothing else awaits."""
    if status is Status.DECISION:
        return True
    return status is Status.SUBMITTED and next_status(path, status, Outcome.COMPLETE, done) is Status.DECISION


@dataclass(frozen=True)
class Transition:
    """An action, the states from which it may be taken and those it may lead to."""

    action: str
    sources: frozenset[Status]
    targets: frozenset[Status]

    @property
    def target(self) -> Status:
        """Where it leads. Raises ValueError when that depends on the path."""
        (only,) = self.targets
        return only


def _arrow(action: str, sources: Iterable[Status], *targets: Status) -> Transition:
    return Transition(action, frozenset(sources), frozenset(targets))


_S = Status
_AFTER_AN_OPINION = (_S.COMMITTEE, _S.CHOICE, _S.COMMITMENT, _S.CNIL, _S.DECISION)
# Those named after another room are taken there, under that room's own permission table.
TRANSITIONS: tuple[Transition, ...] = (
    _arrow("application.submit", EDITABLE, _S.SUBMITTED),
    _arrow("application.withdraw", UNDERWAY, _S.WITHDRAWN),
    _arrow("application.return", (_S.SUBMITTED, _S.COMMITTEE, _S.CNIL, _S.DECISION), _S.RETURNED),
    _arrow("application.accept", (_S.SUBMITTED,), _S.COMMITTEE, _S.CHOICE, _S.COMMITMENT, _S.CNIL, _S.DECISION),
    _arrow("application.redirect", (_S.SUBMITTED,), _S.RETURNED),
    _arrow("application.opinion_transcribe", (_S.COMMITTEE,), *_AFTER_AN_OPINION),
    _arrow("application.silence_confirm", (_S.COMMITTEE, _S.CNIL), *_AFTER_AN_OPINION),
    _arrow("committee.opinion", (_S.COMMITTEE,), *_AFTER_AN_OPINION),
    _arrow("application.refer", (_S.CHOICE,), _S.CNIL),
    _arrow("application.revise", (_S.CHOICE,), _S.RETURNED),
    _arrow("application.commit", (_S.COMMITMENT,), _S.DECISION),
    _arrow("application.cnil_record", (_S.CNIL,), _S.DECISION, _S.REFUSED, _S.DISCONTINUED),
    _arrow("application.approve", (_S.SUBMITTED, _S.DECISION), _S.AGREEMENT, _S.APPROVED),
    _arrow("application.refuse", (_S.SUBMITTED, _S.DECISION), _S.REFUSED),
    _arrow("application.discontinue", (_S.RETURNED, _S.CHOICE, _S.COMMITMENT, _S.AGREEMENT), _S.DISCONTINUED),
    _arrow("agreement.signed", (_S.AGREEMENT,), _S.APPROVED),
)


def transition(action: str) -> Transition:
    """The arrow of this action. Raises KeyError when the action changes no state."""
    for arrow in TRANSITIONS:
        if arrow.action == action:
            return arrow
    raise KeyError(action)
