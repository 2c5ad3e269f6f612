"""How an extract request goes from the approval to the delivery. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role


class Status(StrEnum):
    """Where an extract request stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    DELIVERED = "delivered"
    NEEDS_HUMAN = "needs_human"
    SUPERSEDED = "superseded"  # an amendment asked for other data before this stood


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.REQUESTED: frozenset({Status.RUNNING, Status.NEEDS_HUMAN, Status.SUPERSEDED}),
    Status.RUNNING: frozenset({Status.DELIVERED, Status.NEEDS_HUMAN, Status.SUPERSEDED}),
    Status.NEEDS_HUMAN: frozenset({Status.RUNNING, Status.SUPERSEDED}),
    Status.DELIVERED: frozenset(),
    Status.SUPERSEDED: frozenset(),
}

FINISHED = frozenset({Status.DELIVERED, Status.NEEDS_HUMAN, Status.SUPERSEDED})

ACTIONS: tuple[Action, ...] = (
    Action("extract.view", frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR, Role.STEWARD})),
)


def may_move(seen: Status, to: Status) -> bool:
    """Whether a request in the state `seen` may go to `to`."""
    return to in TRANSITIONS[seen]


@dataclass(frozen=True)
class RunFacts:
    """What a worker knows before it runs a request."""

    approved_hash: str
    definition_hash: str
    entitled: bool


def decide_run(facts: RunFacts) -> Decision:
    """What is approved is what runs: the same bytes by their hash, under an entitlement that holds today."""
    reasons = []
    if facts.approved_hash != facts.definition_hash:
        reasons.append(Reason("definition_changed"))
    if not facts.entitled:
        reasons.append(Reason("not_entitled"))
    return Refused(tuple(reasons)) if reasons else Allowed()
