"""How an extract request goes from the approval to the delivery. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role


class Status(StrEnum):
    """Where an extract request stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    TO_RELEASE = "to_release"  # verified; a steward reads the report first
    DELIVERED = "delivered"
    NEEDS_HUMAN = "needs_human"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"  # an amendment asked for other data before this stood


_GIVEN_UP = (Status.CANCELLING, Status.SUPERSEDED)

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.REQUESTED: frozenset({Status.RUNNING, Status.NEEDS_HUMAN, *_GIVEN_UP}),
    Status.RUNNING: frozenset({Status.DELIVERED, Status.TO_RELEASE, Status.NEEDS_HUMAN, *_GIVEN_UP}),
    Status.TO_RELEASE: frozenset({Status.DELIVERED, *_GIVEN_UP}),
    Status.NEEDS_HUMAN: frozenset({Status.RUNNING, *_GIVEN_UP}),
    Status.CANCELLING: frozenset({Status.CANCELLED}),
    Status.CANCELLED: frozenset({Status.REQUESTED}),
    Status.DELIVERED: frozenset(),
    Status.SUPERSEDED: frozenset(),
}

FINISHED = frozenset({Status.DELIVERED, Status.TO_RELEASE, Status.NEEDS_HUMAN, Status.CANCELLED, Status.SUPERSEDED})

_STEWARDS = frozenset({Role.STEWARD})

ACTIONS: tuple[Action, ...] = (
    Action("extract.view", frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR, Role.STEWARD})),
    # To cancel protects: any steward may, also one who takes part. To ask again hands data to the project.
    Action(
        "extract.cancel",
        _STEWARDS,
        frozenset({Status.REQUESTED, Status.RUNNING, Status.NEEDS_HUMAN}),
        methods=("GET", "POST"),
    ),
    Action(
        "extract.release",
        _STEWARDS,
        frozenset({Status.TO_RELEASE}),
        methods=("GET", "POST"),
        second_factor=True,
        independent=True,
    ),
    Action("extract.awaiting", _STEWARDS),
    Action("extract.restart", _STEWARDS, frozenset({Status.CANCELLED}), methods=("POST",), independent=True),
)


def may_move(seen: Status, to: Status) -> bool:
    """Whether a request in the state `seen` may go to `to`."""
    return to in TRANSITIONS[seen]


class UnitState(StrEnum):
    """How far one unit of an extract is."""

    WAITING = "waiting"
    UNDER_WAY = "under_way"
    TO_RESUME = "to_resume"  # begun by a lane that stopped; another one will take it
    DONE = "done"


def state_of_unit(*, begun: bool, taken: bool, done: bool) -> UnitState:
    """How far a unit is, from whether a lane began it, has it now, and did it."""
    if done:
        return UnitState.DONE
    if begun:
        return UnitState.UNDER_WAY if taken else UnitState.TO_RESUME
    return UnitState.WAITING


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


@dataclass(frozen=True)
class ReleasePolicy:
    """What an extract may expose and still reach its workspace without a person deciding.

    ``smallest_group``: persons alike in what others may know of them, at least so many; ``most_alone``: the share of
    persons alone with such values, at most.
    """

    smallest_group: int
    most_alone: float


@dataclass(frozen=True)
class Beyond:
    """A set of quasi-identifiers of a delivered table that exposes more than the policy lets through."""

    table: str
    columns: tuple[str, ...]


def beyond(risk: Mapping[str, Any], policy: ReleasePolicy) -> tuple[Beyond, ...]:
    """What of the measured risk goes beyond the policy; a table without anybody exposes nobody."""
    return tuple(
        Beyond(table, tuple(one["quasi_identifiers"]))
        for table, found in sorted(risk.items())
        for one in found["sets"]
        if _is_beyond(one["after"], policy)
    )


def _is_beyond(measured: Mapping[str, Any], policy: ReleasePolicy) -> bool:
    too_few: bool = 0 < measured["k"] < policy.smallest_group
    too_many: bool = measured["share_alone"] > policy.most_alone
    return too_few or too_many


@dataclass(frozen=True)
class ReleaseFacts:
    """What a steward's decision on an extract depends on."""

    entitled: bool
    takes_part: bool


def decide_release(facts: ReleaseFacts, *, releases: bool) -> Decision:
    """Nobody decides for a project of their own; without rights that hold today an extract is only refused."""
    reasons = [Reason("own_project")] if facts.takes_part else []
    if releases and not facts.entitled:
        reasons.append(Reason("not_entitled"))
    return Refused(tuple(reasons)) if reasons else Allowed()
