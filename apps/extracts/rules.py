"""How an extract request goes from the approval to the delivery. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role


class Status(StrEnum):
    """Where an extract request stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    DELIVERED = "delivered"
    NEEDS_HUMAN = "needs_human"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"  # an amendment asked for other data before this stood


_GIVEN_UP = (Status.CANCELLING, Status.SUPERSEDED)

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.REQUESTED: frozenset({Status.RUNNING, Status.NEEDS_HUMAN, *_GIVEN_UP}),
    Status.RUNNING: frozenset({Status.DELIVERED, Status.NEEDS_HUMAN, *_GIVEN_UP}),
    Status.NEEDS_HUMAN: frozenset({Status.RUNNING, *_GIVEN_UP}),
    Status.CANCELLING: frozenset({Status.CANCELLED}),
    Status.CANCELLED: frozenset({Status.REQUESTED}),
    Status.DELIVERED: frozenset(),
    Status.SUPERSEDED: frozenset(),
}

FINISHED = frozenset({Status.DELIVERED, Status.NEEDS_HUMAN, Status.CANCELLED, Status.SUPERSEDED})

_STEWARDS = frozenset({Role.STEWARD})

ACTIONS: tuple[Action, ...] = (
    Action("extract.view", frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR, Role.STEWARD})),
    Action(
        "extract.cancel",
        _STEWARDS,
        frozenset({Status.REQUESTED, Status.RUNNING, Status.NEEDS_HUMAN}),
        methods=("GET", "POST"),
    ),
    Action("extract.restart", _STEWARDS, frozenset({Status.CANCELLED}), methods=("POST",)),
)


def may_move(seen: Status, to: Status) -> bool:
    """Whether a request in the state `seen` may go to `to`."""
    return to in TRANSITIONS[seen]


@dataclass(frozen=True)
class Stage:
    """How far the units of one kind are: how many there are and are done, and the seconds that those took."""

    done: int
    total: int
    seconds: float


def seconds_left(stages: Sequence[Stage], lanes: int) -> int | None:
    """About how long the remaining units will take when so many are worked on at once; ``None`` before the first is
    done.

    A unit is expected to take as long as those of its kind took; of a kind not begun yet, as long as all did.
    """
    done = sum(stage.done for stage in stages)
    if not done:
        return None
    usual = sum(stage.seconds for stage in stages) / done
    waited = ((stage.total - stage.done, stage.seconds / stage.done if stage.done else usual) for stage in stages)
    return round(sum(units * seconds for units, seconds in waited) / lanes)


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
