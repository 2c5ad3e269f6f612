"""What may become of an extract request, and what a worker may run."""

import itertools

import pytest

from apps.core.rules import Allowed, Reason, Refused
from apps.extracts.rules import (
    TRANSITIONS,
    Beyond,
    ReleaseFacts,
    ReleasePolicy,
    RunFacts,
    Stage,
    Status,
    UnitState,
    beyond,
    decide_release,
    decide_run,
    may_move,
    seconds_left,
    state_of_unit,
)

ALLOWED_MOVES = {
    (Status.REQUESTED, Status.RUNNING),
    (Status.REQUESTED, Status.NEEDS_HUMAN),
    (Status.RUNNING, Status.DELIVERED),
    (Status.RUNNING, Status.NEEDS_HUMAN),
    (Status.NEEDS_HUMAN, Status.RUNNING),
    (Status.REQUESTED, Status.CANCELLING),
    (Status.RUNNING, Status.CANCELLING),
    (Status.NEEDS_HUMAN, Status.CANCELLING),
    (Status.CANCELLING, Status.CANCELLED),
    (Status.CANCELLED, Status.REQUESTED),
    (Status.REQUESTED, Status.SUPERSEDED),
    (Status.RUNNING, Status.SUPERSEDED),
    (Status.NEEDS_HUMAN, Status.SUPERSEDED),
    (Status.RUNNING, Status.TO_RELEASE),
    (Status.TO_RELEASE, Status.DELIVERED),
    (Status.TO_RELEASE, Status.CANCELLING),
    (Status.TO_RELEASE, Status.SUPERSEDED),
}


@pytest.mark.parametrize(("seen", "to"), list(itertools.product(Status, Status)))
def test_only_these_moves_exist(seen, to):
    assert may_move(seen, to) is ((seen, to) in ALLOWED_MOVES)


def test_every_status_can_be_reached_and_only_the_delivery_or_an_amendment_is_an_end():
    assert {to for targets in TRANSITIONS.values() for to in targets} == set(Status)
    assert [status for status, targets in TRANSITIONS.items() if not targets] == [Status.DELIVERED, Status.SUPERSEDED]


@pytest.mark.parametrize(
    ("facts", "decision"),
    [
        (RunFacts("a", "a", entitled=True), Allowed()),
        (RunFacts("a", "b", entitled=True), Refused((Reason("definition_changed"),))),
        (RunFacts("a", "a", entitled=False), Refused((Reason("not_entitled"),))),
        (RunFacts("a", "b", entitled=False), Refused((Reason("definition_changed"), Reason("not_entitled")))),
    ],
)
def test_only_what_was_approved_runs_and_only_while_entitled(facts, decision):
    assert decide_run(facts) == decision


@pytest.mark.parametrize(
    ("stages", "lanes", "left"),
    [
        ([], 1, None),
        ([Stage(0, 10, 0.0)], 1, None),
        ([Stage(10, 10, 20.0)], 1, 0),
        ([Stage(5, 10, 10.0)], 1, 10),
        ([Stage(5, 10, 10.0)], 2, 5),
        ([Stage(4, 4, 4.0), Stage(1, 3, 11.0), Stage(0, 2, 0.0)], 1, 28),
    ],
)
def test_what_is_left_takes_what_units_of_its_kind_took(stages, lanes, left):
    assert seconds_left(stages, lanes) == left


@pytest.mark.parametrize(
    ("k", "share_alone", "waits"), [(11, 0.05, False), (10, 0.0, True), (11, 0.0501, True), (0, 0.0, False)]
)
def test_an_extract_waits_when_a_group_is_too_small_or_too_many_are_alone(k, share_alone, waits):
    measured = {"sets": [{"quasi_identifiers": ["BEN_SEX_COD"], "after": {"k": k, "share_alone": share_alone}}]}
    found = beyond({"IR_BEN_R": measured}, ReleasePolicy(smallest_group=11, most_alone=0.05))
    assert found == ((Beyond("IR_BEN_R", ("BEN_SEX_COD",)),) if waits else ())


@pytest.mark.parametrize(
    ("facts", "releases", "decision"),
    [
        (ReleaseFacts(entitled=True, takes_part=False), True, Allowed()),
        (ReleaseFacts(entitled=False, takes_part=False), False, Allowed()),
        (ReleaseFacts(entitled=False, takes_part=False), True, Refused((Reason("not_entitled"),))),
        (ReleaseFacts(entitled=True, takes_part=True), False, Refused((Reason("own_project"),))),
    ],
)
def test_nobody_decides_on_their_own_extract_and_what_lost_its_rights_is_only_refused(facts, releases, decision):
    assert decide_release(facts, releases=releases) == decision


@pytest.mark.parametrize(
    ("begun", "taken", "done", "state"),
    [
        (False, False, False, UnitState.WAITING),
        (False, True, False, UnitState.WAITING),
        (True, True, False, UnitState.UNDER_WAY),
        (True, False, False, UnitState.TO_RESUME),
        (True, False, True, UnitState.DONE),
    ],
)
def test_a_unit_waits_is_under_way_is_to_be_resumed_or_is_done(
    begun: bool, taken: bool, done: bool, state: UnitState
) -> None:
    assert state_of_unit(begun=begun, taken=taken, done=done) is state
