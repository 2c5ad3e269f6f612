"""What may happen to a workspace, by which steps, and when it needs an operation. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role, decide_by_table


class Status(StrEnum):
    """Where a workspace stands."""

    REQUESTED = "requested"
    PROVISIONING = "provisioning"
    STARTING = "starting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    FAILED = "failed"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"


class Desired(StrEnum):
    """What a workspace should be; workers make it so."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    DESTROYED = "destroyed"


class Kind(StrEnum):
    """What an operation does to a workspace."""

    PROVISION = "provision"
    START = "start"
    SUSPEND = "suspend"
    RESUME = "resume"
    DESTROY = "destroy"


class Seen(StrEnum):
    """What the provider sees, as far as reconciling cares."""

    RUNNING = "running"
    NOT_RUNNING = "not_running"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.REQUESTED: frozenset({Status.PROVISIONING, Status.SUSPENDED, Status.FAILED, Status.DESTROYING}),
    Status.PROVISIONING: frozenset({Status.RUNNING, Status.SUSPENDED, Status.FAILED, Status.DESTROYING}),
    Status.STARTING: frozenset({Status.RUNNING, Status.SUSPENDED, Status.FAILED, Status.DESTROYING}),
    Status.RUNNING: frozenset({Status.STARTING, Status.SUSPENDED, Status.FAILED, Status.DESTROYING}),
    Status.SUSPENDED: frozenset({Status.STARTING, Status.FAILED, Status.DESTROYING}),
    Status.FAILED: frozenset({Status.PROVISIONING, Status.STARTING, Status.SUSPENDED, Status.DESTROYING}),
    Status.DESTROYING: frozenset({Status.DESTROYED, Status.FAILED}),
    Status.DESTROYED: frozenset(),
}

_START = ("check_host", "home", "wait_for_extract", "sandbox_start", "answers", "self_test", "open_route")

STEPS: dict[Kind, tuple[str, ...]] = {
    Kind.PROVISION: _START,
    Kind.RESUME: _START,
    Kind.START: _START,
    Kind.SUSPEND: ("revoke_sessions", "close_route", "sandbox_stop"),
    Kind.DESTROY: ("revoke_sessions", "close_route", "sandbox_stop", "remove"),
}
"""The steps of each operation, in order. A start repeats those of a provision: each finds what already stands and keeps
it."""

DURING: dict[Kind, Status] = {
    Kind.PROVISION: Status.PROVISIONING,
    Kind.START: Status.STARTING,
    Kind.RESUME: Status.STARTING,
    Kind.SUSPEND: Status.SUSPENDED,
    Kind.DESTROY: Status.DESTROYING,
}
"""The workspace's status while an operation is under way."""

AFTER: dict[Kind, Status] = {
    Kind.PROVISION: Status.RUNNING,
    Kind.START: Status.RUNNING,
    Kind.RESUME: Status.RUNNING,
    Kind.SUSPEND: Status.SUSPENDED,
    Kind.DESTROY: Status.DESTROYED,
}
"""The workspace's status once an operation is complete."""

MEMBERS = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR})
_STEWARDS = frozenset({Role.STEWARD})
_SUSPENDABLE = frozenset({Status.REQUESTED, Status.PROVISIONING, Status.STARTING, Status.RUNNING, Status.FAILED})

ACTIONS: tuple[Action, ...] = (
    Action("workspace.open", MEMBERS, frozenset({Status.RUNNING}), methods=("POST",), second_factor=True),
    Action("workspace.suspend", _STEWARDS, _SUSPENDABLE, methods=("GET", "POST")),
    Action("workspace.resume", _STEWARDS, frozenset({Status.SUSPENDED}), methods=("GET", "POST")),
)

RESTARTS_ALLOWED = 5
"""Starts by the reconciler in ten minutes, beyond which the workspace is left alone and a person is called."""


@dataclass(frozen=True)
class Facts:
    """What a decision about a workspace needs to know."""

    status: Status
    entitled: bool


def decide(action: str, roles: Iterable[Role], facts: Facts) -> Decision:
    """Whether somebody with these roles may do this now; every reason why not, at once."""
    by_table = decide_by_table(ACTIONS, action, roles, facts.status)
    reasons = [_in_words(reason, facts) for reason in by_table.reasons] if isinstance(by_table, Refused) else []
    if action != "workspace.suspend" and not facts.entitled:
        reasons.append(Reason("not_entitled"))
    return Refused(tuple(reasons)) if reasons else Allowed()


def _in_words(reason: Reason, facts: Facts) -> Reason:
    return Reason(f"status_{facts.status}") if reason.code == "state" else reason


def may_move(seen: Status, to: Status) -> bool:
    """Whether a workspace in the state `seen` may go to `to`."""
    return to in TRANSITIONS[seen]


@dataclass(frozen=True)
class Situation:
    """A workspace with no operation under way, and what the provider sees of it."""

    desired: Desired
    status: Status
    seen: Seen
    recent_starts: int


class Call(StrEnum):
    """What a reconciler may find beyond an operation to begin."""

    NOTHING = "nothing"
    PERSON = "person"


def needed(situation: Situation) -> Kind | Call:
    """The operation that would bring a workspace to its desired state, if any."""
    if situation.status is Status.FAILED:
        return Call.NOTHING
    if situation.desired is Desired.RUNNING:
        return _needed_to_run(situation)
    if situation.desired is Desired.SUSPENDED:
        return Kind.SUSPEND if situation.seen is Seen.RUNNING else Call.NOTHING
    return Call.NOTHING if situation.status is Status.DESTROYED else Kind.DESTROY


def _needed_to_run(situation: Situation) -> Kind | Call:
    if situation.seen is Seen.RUNNING:
        return Call.NOTHING
    return Call.PERSON if situation.recent_starts >= RESTARTS_ALLOWED else Kind.START
