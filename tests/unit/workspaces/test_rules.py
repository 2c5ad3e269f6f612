"""The rules of workspaces, table by table."""

from itertools import product

import pytest

from apps.core.rules import Allowed, Reason, Refused, Role
from apps.workspaces.rules import (
    ACTIONS,
    AFTER,
    DURING,
    RESTARTS_ALLOWED,
    STEPS,
    TRANSITIONS,
    Call,
    Desired,
    Facts,
    Kind,
    Seen,
    Situation,
    Status,
    decide,
    may_move,
    needed,
)

MAY = {
    "workspace.open": ({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR}, {"running"}),
    "workspace.suspend": ({Role.STEWARD}, {"requested", "provisioning", "starting", "running", "failed"}),
    "workspace.resume": ({Role.STEWARD}, {"suspended"}),
}


@pytest.mark.parametrize(("action", "role", "status"), list(product(MAY, Role, Status)))
def test_every_action_role_and_state(action: str, role: Role, status: Status) -> None:
    roles, states = MAY[action]

    decision = decide(action, {role}, Facts(status=status, entitled=True))

    assert isinstance(decision, Allowed) == (role in roles and status in states)


def test_every_action_of_the_table_is_expected() -> None:
    assert {action.name for action in ACTIONS} == set(MAY)


def test_without_entitlement_only_suspending_remains() -> None:
    at = {"workspace.open": Status.RUNNING, "workspace.suspend": Status.RUNNING, "workspace.resume": Status.SUSPENDED}
    allowed = {
        action
        for action, status in at.items()
        if isinstance(decide(action, set(Role), Facts(status=status, entitled=False)), Allowed)
    }

    assert allowed == {"workspace.suspend"}


def test_a_refusal_gives_every_reason_at_once() -> None:
    decision = decide("workspace.open", {Role.STEWARD}, Facts(status=Status.SUSPENDED, entitled=False))

    assert decision == Refused((Reason("role"), Reason("status_suspended"), Reason("not_entitled")))


@pytest.mark.parametrize(("seen", "to"), list(product(Status, Status)))
def test_moves(seen: Status, to: Status) -> None:
    assert may_move(seen, to) == (to in TRANSITIONS[seen])


def test_every_operation_leads_where_the_transitions_allow() -> None:
    assert set(STEPS) == set(DURING) == set(AFTER) == set(Kind)
    for kind in Kind:
        assert DURING[kind] is AFTER[kind] or may_move(DURING[kind], AFTER[kind])
        assert len(set(STEPS[kind])) == len(STEPS[kind])


def test_nothing_leaves_destroyed_and_suspension_is_always_possible_while_data_is_kept() -> None:
    assert TRANSITIONS[Status.DESTROYED] == frozenset()
    living = {Status.REQUESTED, Status.PROVISIONING, Status.STARTING, Status.RUNNING, Status.FAILED}
    assert all(may_move(status, Status.SUSPENDED) for status in living)


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
        (situation(Desired.DESTROYED, Status.DESTROYING, Seen.NOT_RUNNING), Kind.DESTROY),
        (situation(Desired.DESTROYED, Status.DESTROYED, Seen.NOT_RUNNING), Call.NOTHING),
    ],
)
def test_what_a_workspace_at_rest_needs(given: Situation, expected: Kind | Call) -> None:
    assert needed(given) is expected
