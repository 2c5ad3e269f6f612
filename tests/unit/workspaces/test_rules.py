"""The rules of workspaces, table by table."""

from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from apps.core.rules import Allowed, Reason, Refused, Role
from apps.workspaces.plans import PLANS, SKIPPABLE, THINGS, plan_of
from apps.workspaces.rules import (
    ACTIONS,
    AFTER,
    DURING,
    RESTARTS_ALLOWED,
    TRANSITIONS,
    Call,
    Desired,
    Facts,
    IdlePolicy,
    Kind,
    Rest,
    Seen,
    Situation,
    Status,
    budget_alert_due,
    decide,
    may_move,
    needed,
    rest_due,
    warning_due,
)

LIVING = {one for one in Status if one not in {Status.DESTROYING, Status.DESTROYED}}
MEMBERS, STEWARD, OPERATOR = {Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR}, {Role.STEWARD}, {Role.OPERATOR}
MAY: dict[str, tuple[set[Role], set[Any]]] = {
    "workspace.open": (MEMBERS, {"running"}),
    "workspace.start": (MEMBERS, {"stopped"}),
    "workspace.stop": (MEMBERS, {"running"}),
    "workspace.suspend": (STEWARD, LIVING - {Status.SUSPENDED}),
    "workspace.resume": (STEWARD, {"suspended", "expiring"}),
    "workspace.destroy": (STEWARD, {"stopped", "suspended", "expiring", "failed"}),
    "workspace.certificate": (MEMBERS | STEWARD | OPERATOR, {"destroyed"}),
    "workspace.operate": (OPERATOR, set(Status)),
    "workspace.see_cloud": (OPERATOR, set(Status)),
    "workspace.fake_fault": (OPERATOR, set(Status)),
    "workspace.cancel": (OPERATOR, {"requested", "provisioning", "waiting_capacity"}),
    "workspace.resize": (OPERATOR, {"running", "stopped"}),
    "workspace.rotate_keys": (OPERATOR, {"running"}),
    "workspace.reconcile": (OPERATOR, {"running"}),
    "workspace.retry_step": (OPERATOR, {"failed"}),
    "workspace.skip_step": (OPERATOR, {"failed"}),
    "workspace.hand_over": (OPERATOR, {"failed"}),
    "workspace.budgets": (OPERATOR, set(Status)),
    "workspace.set_budget": (OPERATOR, LIVING),
}
NEEDS_ENTITLEMENT = {"workspace.open", "workspace.start", "workspace.resume", "workspace.resize"}


@pytest.mark.parametrize("action", MAY)
def test_every_action_role_and_state(action: str) -> None:
    roles, states = MAY[action]
    cells = set(product(Role, Status))

    allowed = {
        (role, status)
        for role, status in cells
        if isinstance(decide(action, {role}, Facts(status=status, entitled=True)), Allowed)
    }

    assert allowed == {(role, status) for role, status in cells if role in roles and status in states}


def test_every_action_of_the_table_is_expected() -> None:
    assert {action.name for action in ACTIONS} == set(MAY)


def test_without_entitlement_nothing_starts_and_everything_can_still_be_closed() -> None:
    allowed = {
        action
        for action, (_, states) in MAY.items()
        if isinstance(decide(action, set(Role), Facts(status=Status(next(iter(states))), entitled=False)), Allowed)
    }

    assert allowed == set(MAY) - NEEDS_ENTITLEMENT


def test_a_refusal_gives_every_reason_at_once() -> None:
    decision = decide("workspace.open", {Role.STEWARD}, Facts(status=Status.SUSPENDED, entitled=False))

    assert decision == Refused((Reason("role"), Reason("status_suspended"), Reason("not_entitled")))


@pytest.mark.parametrize(("seen", "to"), list(product(Status, Status)))
def test_moves(seen: Status, to: Status) -> None:
    assert may_move(seen, to) == (to in TRANSITIONS[seen])


def test_every_operation_leads_where_the_transitions_allow() -> None:
    assert set(DURING) == set(AFTER) == set(Kind)
    for kind in Kind:
        assert DURING[kind] is AFTER[kind] or may_move(DURING[kind], AFTER[kind])


@pytest.mark.parametrize(("provider", "kind"), list(product(PLANS, Kind)))
def test_every_provider_has_a_plan_for_every_operation_with_each_step_once(provider: str, kind: Kind) -> None:
    steps = plan_of(provider, kind)

    assert len(set(steps)) == len(steps)
    assert steps or (provider, kind) == ("local", Kind.ROTATE_KEYS)


def test_what_is_made_is_removed_in_reverse() -> None:
    made = [step for step in plan_of("scaleway", Kind.PROVISION) if step in THINGS]
    removed = [step for step in plan_of("scaleway", Kind.DESTROY) if step.startswith("remove_") and step[7:] in THINGS]

    assert [step[7:] for step in removed] == made[::-1] == list(THINGS)[::-1]


def test_no_step_that_isolates_tests_or_removes_may_be_skipped() -> None:
    kept = {
        "acl",
        "bucket_policies",
        "bucket_canaries",
        "cloud_self_test",
        "security_group",
        "shred_key",
        "certificate",
        "verify_delivery",
    }

    assert not SKIPPABLE & kept
    assert not any(step.startswith("remove") for step in SKIPPABLE)


@pytest.mark.parametrize(
    ("days_left", "last_warned", "expected"),
    [
        (31, None, None),
        (30, None, 30),
        (12, 30, None),
        (7, 30, 7),
        (1, 7, 1),
        (0, 7, 1),
        (0, 1, None),
        (-1, 7, None),
        (3, None, 7),
    ],
)
def test_the_end_is_announced_three_times(days_left: int, last_warned: int | None, expected: int | None) -> None:
    assert warning_due(days_left, last_warned) == expected


def test_nothing_leaves_destroyed_and_suspension_is_always_possible_while_data_is_kept() -> None:
    assert TRANSITIONS[Status.DESTROYED] == frozenset()
    assert all(may_move(status, Status.SUSPENDED) for status in LIVING - {Status.SUSPENDED})
    assert all(may_move(status, Status.DESTROYING) for status in LIVING)


def situation(desired: Desired, status: Status, seen: Seen, starts: int = 0) -> Situation:
    return Situation(desired=desired, status=status, seen=seen, recent_starts=starts)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (situation(Desired.RUNNING, Status.RUNNING, Seen.RUNNING), Call.NOTHING),
        (situation(Desired.RUNNING, Status.RUNNING, Seen.NOT_RUNNING), Kind.START),
        (situation(Desired.RUNNING, Status.RUNNING, Seen.NOT_RUNNING, RESTARTS_ALLOWED), Call.PERSON),
        (situation(Desired.RUNNING, Status.FAILED, Seen.NOT_RUNNING), Call.NOTHING),
        (situation(Desired.SUSPENDED, Status.SUSPENDED, Seen.NOT_RUNNING), Call.NOTHING),
        (situation(Desired.SUSPENDED, Status.SUSPENDED, Seen.RUNNING), Kind.SUSPEND),
        (situation(Desired.STOPPED, Status.STOPPED, Seen.NOT_RUNNING), Call.NOTHING),
        (situation(Desired.STOPPED, Status.STOPPED, Seen.RUNNING), Kind.STOP),
        (situation(Desired.EXPIRED, Status.EXPIRING, Seen.RUNNING), Kind.EXPIRE),
        (situation(Desired.DESTROYED, Status.DESTROYING, Seen.NOT_RUNNING), Kind.DESTROY),
        (situation(Desired.DESTROYED, Status.DESTROYED, Seen.NOT_RUNNING), Call.NOTHING),
    ],
)
def test_what_a_workspace_at_rest_needs(given: Situation, expected: Kind | Call) -> None:
    assert needed(given) is expected


@pytest.mark.parametrize(
    ("spent", "told", "due"),
    [
        ("79.99", None, None),
        ("80", None, 80),
        ("95", 80, None),
        ("100", 80, 100),
        ("100", None, 100),
        ("130", 100, None),
    ],
)
def test_a_team_is_told_once_at_each_mark_of_its_budget(spent: str, told: int | None, due: int | None) -> None:
    assert budget_alert_due(Decimal(spent), Decimal(100), told) == due


HOUR = timedelta(hours=1)
POLICY = IdlePolicy(stop_after=24 * HOUR, warning=2 * HOUR)


@pytest.mark.parametrize(
    ("idle", "warned_for", "expected"),
    [
        (None, None, Rest.NOTHING),
        (None, 3 * HOUR, Rest.NOTHING),
        (0 * HOUR, None, Rest.NOTHING),
        (21 * HOUR, None, Rest.NOTHING),
        (22 * HOUR, None, Rest.WARN),
        (99 * HOUR, None, Rest.WARN),
        (23 * HOUR, 1 * HOUR, Rest.NOTHING),
        (24 * HOUR, 1 * HOUR, Rest.NOTHING),
        (24 * HOUR, 2 * HOUR, Rest.STOP),
        (23 * HOUR, 3 * HOUR, Rest.NOTHING),
        (0 * HOUR, 2 * HOUR, Rest.AWAKE),
    ],
)
def test_a_workspace_rests_only_when_nobody_needs_it_and_its_team_was_told_in_time(
    idle: timedelta | None, warned_for: timedelta | None, expected: Rest
) -> None:
    assert rest_due(idle, warned_for, POLICY) is expected


def test_a_warning_longer_than_the_wait_is_given_at_once() -> None:
    assert IdlePolicy(stop_after=HOUR, warning=2 * HOUR).quiet_enough == timedelta(0)
