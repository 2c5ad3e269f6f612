"""What may happen to a workspace, by which steps, and when it needs an operation. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role, decide_by_table


class Status(StrEnum):
    """Where a workspace stands."""

    REQUESTED = "requested"
    PROVISIONING = "provisioning"
    WAITING_CAPACITY = "waiting_capacity"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    EXPIRING = "expiring"
    FAILED = "failed"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"


class Desired(StrEnum):
    """What a workspace should be; workers make it so."""

    RUNNING = "running"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    DESTROYED = "destroyed"


class Kind(StrEnum):
    """What an operation does to a workspace."""

    PROVISION = "provision"
    START = "start"
    STOP = "stop"
    SUSPEND = "suspend"
    RESUME = "resume"
    RESIZE = "resize"
    ROTATE_KEYS = "rotate_keys"
    EXPIRE = "expire"
    RECONCILE = "reconcile"
    RENEW_DATA = "renew_data"
    DESTROY = "destroy"


class Seen(StrEnum):
    """What the provider sees, as far as reconciling cares."""

    RUNNING = "running"
    NOT_RUNNING = "not_running"


_ENDS = frozenset({Status.SUSPENDED, Status.EXPIRING, Status.FAILED, Status.DESTROYING})
"""Where every living workspace may go at any moment: cancelling is never refused."""

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.REQUESTED: _ENDS | {Status.PROVISIONING},
    Status.PROVISIONING: _ENDS | {Status.RUNNING, Status.WAITING_CAPACITY, Status.STARTING},
    Status.WAITING_CAPACITY: _ENDS | {Status.PROVISIONING, Status.STARTING, Status.STOPPING},
    Status.STARTING: _ENDS | {Status.RUNNING, Status.WAITING_CAPACITY, Status.STOPPING},
    Status.RUNNING: _ENDS | {Status.STARTING, Status.STOPPING},
    Status.STOPPING: _ENDS | {Status.STOPPED, Status.STARTING},
    Status.STOPPED: _ENDS | {Status.STARTING},
    Status.SUSPENDED: frozenset({Status.STARTING, Status.EXPIRING, Status.FAILED, Status.DESTROYING}),
    Status.EXPIRING: frozenset({Status.STARTING, Status.SUSPENDED, Status.FAILED, Status.DESTROYING}),
    Status.FAILED: frozenset(
        {Status.PROVISIONING, Status.STARTING, Status.STOPPING, Status.SUSPENDED, Status.EXPIRING, Status.DESTROYING}
    ),
    Status.DESTROYING: frozenset({Status.DESTROYED, Status.FAILED}),
    Status.DESTROYED: frozenset(),
}

DURING: dict[Kind, Status] = {
    Kind.PROVISION: Status.PROVISIONING,
    Kind.START: Status.STARTING,
    Kind.STOP: Status.STOPPING,
    Kind.SUSPEND: Status.SUSPENDED,
    Kind.RESUME: Status.STARTING,
    Kind.RESIZE: Status.STARTING,
    Kind.ROTATE_KEYS: Status.STARTING,
    Kind.EXPIRE: Status.EXPIRING,
    Kind.RECONCILE: Status.STARTING,
    Kind.RENEW_DATA: Status.STARTING,
    Kind.DESTROY: Status.DESTROYING,
}
"""The workspace's status while an operation is under way."""

AFTER: dict[Kind, Status] = {
    **dict.fromkeys(Kind, Status.RUNNING),
    Kind.STOP: Status.STOPPED,
    Kind.SUSPEND: Status.SUSPENDED,
    Kind.EXPIRE: Status.EXPIRING,
    Kind.DESTROY: Status.DESTROYED,
}
"""The workspace's status once an operation is complete."""

MEMBERS = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR})
_STEWARDS = frozenset({Role.STEWARD})
_OPERATORS = frozenset({Role.OPERATOR})
_TEAM = frozenset({Role.STEWARD, Role.OPERATOR})
_SUSPENDABLE = frozenset(Status) - {Status.SUSPENDED, Status.DESTROYING, Status.DESTROYED}
_RESUMABLE = frozenset({Status.SUSPENDED, Status.EXPIRING})
_DESTRUCTIBLE = frozenset({Status.STOPPED, Status.SUSPENDED, Status.EXPIRING, Status.FAILED})
_CANCELLABLE = frozenset({Status.REQUESTED, Status.PROVISIONING, Status.WAITING_CAPACITY})
_BOTH = ("GET", "POST")

ACTIONS: tuple[Action, ...] = (
    Action("workspace.open", MEMBERS, frozenset({Status.RUNNING}), methods=("POST",), second_factor=True),
    Action("workspace.start", MEMBERS, frozenset({Status.STOPPED}), methods=("POST",)),
    Action("workspace.stop", MEMBERS, frozenset({Status.RUNNING}), methods=("POST",)),
    Action("workspace.suspend", _STEWARDS, _SUSPENDABLE, methods=_BOTH),
    Action("workspace.resume", _STEWARDS, _RESUMABLE, methods=_BOTH),
    Action("workspace.destroy", _STEWARDS, _DESTRUCTIBLE, methods=_BOTH),
    Action("workspace.certificate", _TEAM | MEMBERS, frozenset({Status.DESTROYED})),
    Action("workspace.operate", _OPERATORS),
    Action("workspace.cancel", _OPERATORS, _CANCELLABLE, methods=_BOTH),
    Action("workspace.resize", _OPERATORS, frozenset({Status.RUNNING, Status.STOPPED}), methods=_BOTH),
    Action("workspace.budgets", _OPERATORS),
    Action(
        "workspace.set_budget", _OPERATORS, frozenset(Status) - {Status.DESTROYING, Status.DESTROYED}, methods=_BOTH
    ),
    Action("workspace.rotate_keys", _OPERATORS, frozenset({Status.RUNNING}), methods=_BOTH),
    Action("workspace.reconcile", _OPERATORS, frozenset({Status.RUNNING}), methods=_BOTH),
    Action("workspace.retry_step", _OPERATORS, frozenset({Status.FAILED}), methods=("POST",)),
    Action("workspace.skip_step", _OPERATORS, frozenset({Status.FAILED}), methods=_BOTH),
    Action("workspace.hand_over", _OPERATORS, frozenset({Status.FAILED}), methods=_BOTH),
    Action("workspace.see_cloud", _OPERATORS),
    Action("workspace.fake_fault", _OPERATORS, methods=("POST",)),
)

_ENTITLED = frozenset({"workspace.open", "workspace.start", "workspace.resume", "workspace.resize"})
"""What only a project whose entitlement holds today may have."""

RESTARTS_ALLOWED = 5
"""Starts by the reconciler in ten minutes, beyond which the workspace is left alone and a person is called."""


@dataclass(frozen=True)
class Facts:
    """What a decision about a workspace needs to know. `unmet`: what to do about each unmet condition of access."""

    status: Status
    entitled: bool
    unmet: tuple[str, ...] = ()


def decide(action: str, roles: Iterable[Role], facts: Facts) -> Decision:
    """Whether somebody with these roles may do this now; every reason why not, at once."""
    by_table = decide_by_table(ACTIONS, action, roles, facts.status)
    reasons = [_in_words(reason, facts) for reason in by_table.reasons] if isinstance(by_table, Refused) else []
    if action in _ENTITLED and not facts.entitled:
        reasons.append(Reason("not_entitled"))
    reasons += [Reason(advice) for advice in facts.unmet if advice not in _SAID_OTHERWISE]
    return Refused(tuple(reasons)) if reasons else Allowed()


# "Your role" and "not entitled" say these already.
_SAID_OTHERWISE = frozenset({"project_ended", "entitlement_not_yet", "entitlement_ended", "membership_missing"})


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
    if situation.desired is Desired.DESTROYED:
        return Call.NOTHING if situation.status is Status.DESTROYED else Kind.DESTROY
    return _TO_REST[situation.desired] if situation.seen is Seen.RUNNING else Call.NOTHING


_TO_REST = {Desired.STOPPED: Kind.STOP, Desired.SUSPENDED: Kind.SUSPEND, Desired.EXPIRED: Kind.EXPIRE}


def _needed_to_run(situation: Situation) -> Kind | Call:
    if situation.seen is Seen.RUNNING:
        return Call.NOTHING
    return Call.PERSON if situation.recent_starts >= RESTARTS_ALLOWED else Kind.START


WARNINGS = (30, 7, 1)
"""Days before the end of the entitlement on which the team is told, each once (workspaces.md)."""


def warning_due(days_left: int, last_warned: int | None) -> int | None:
    """Which of the three warnings is to be given today, None when none is."""
    due = [mark for mark in WARNINGS if days_left <= mark]
    if days_left < 0 or not due:
        return None
    nearest = min(due)
    return nearest if last_warned is None or nearest < last_warned else None


USES_DATA = frozenset({Status.PROVISIONING, Status.WAITING_CAPACITY, Status.STARTING, Status.RUNNING})
"""Where a workspace holds its extract, or may: another extract takes its place by an operation. Elsewhere the next
start takes what is there."""


BUDGET_MARKS = (80, 100)
"""Shares of the budget, in percent, at which the team is told, each once; at the last one the workspace stops."""


def budget_alert_due(spent: Decimal, budget: Decimal, last_told: int | None) -> int | None:
    """Which of the alerts is to be given now, None when none is. Amounts in euros without tax."""
    due = [mark for mark in BUDGET_MARKS if spent * 100 >= budget * mark]
    if not due or (last_told is not None and max(due) <= last_told):
        return None
    return max(due)


@dataclass(frozen=True)
class IdlePolicy:
    """For how long a workspace may run with nobody inside and nothing computing; how long before, its team is told."""

    stop_after: timedelta
    warning: timedelta

    @property
    def quiet_enough(self) -> timedelta:
        """As of when the team is told."""
        return max(timedelta(0), self.stop_after - self.warning)


class Rest(StrEnum):
    """What is done about a workspace that may be idle."""

    NOTHING = "nothing"
    WARN = "warn"
    STOP = "stop"
    AWAKE = "awake"


def rest_due(idle: timedelta | None, warned_for: timedelta | None, policy: IdlePolicy) -> Rest:
    """Whether the team is told now, or the workspace stops: never while something computes, nor sooner after the
    warning than it promised, however late that one came. `idle` None: nobody can say, so nothing is done."""
    if idle is None:
        return Rest.NOTHING
    if idle < policy.quiet_enough:
        return Rest.NOTHING if warned_for is None else Rest.AWAKE
    if warned_for is None:
        return Rest.WARN
    return Rest.STOP if idle >= policy.stop_after and warned_for >= policy.warning else Rest.NOTHING
